"""What the station can see: one frozen reading per device, units in the field names.

A field that is `None` is *unknown*: never measured, from a unit that is silent, or older than its unit allows.
Unknown is never "ok": every consumer must handle it, and none may start a motion on it.
`at_s` is the monotonic time in seconds of the oldest measurement that the reading is made of.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from hal.commands import DriverText, Lamp


class LockState(StrEnum):
    """What the tightening controller reports of one lock point. `FREE` and `LOCKED` are both seen states."""

    LOCKED = "locked"
    FREE = "free"
    TURNING = "turning"
    FAILED = "failed"


class SelfCheck(StrEnum):
    """Progress of the car's own check after a swap (step 17)."""

    IDLE = "idle"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"


class InsulationState(StrEnum):
    """What an insulation monitor says of the insulation: `WARNING` and `ALARM` are its own two thresholds."""

    NONE = "none"
    PREWARNING = "prewarning"
    DEVICE_ERROR = "device_error"
    WARNING = "warning"
    ALARM = "alarm"


class InsulationBound(StrEnum):
    """Whether the real insulation is the value, or lower or higher than the unit can measure."""

    EXACT = "exact"
    LOWER = "lower"
    HIGHER = "higher"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class LiftReading:
    """Pack lift (swap head). Heights in mm above home, up positive; speed in mm/s, up positive; load in kg."""

    position_mm: float | None = None
    speed_mm_s: float | None = None
    enabled: bool | None = None
    moving: bool | None = None
    brake_released: bool | None = None
    fault_word: int | None = None
    load_kg: float | None = None
    at_home: bool | None = None
    at_transfer: bool | None = None
    at_seat: bool | None = None
    dock_pins: tuple[bool, ...] | None = None
    pack_seated: tuple[bool, ...] | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LockSetReading:
    """Lock points between car and pack, index 0 = point 1. Torque in N·m, angle in degrees, both tightening positive.

    `proof_locked` is the second channel: a switch per point that sees the bolt itself, not the tool.
    """

    state: tuple[LockState, ...] | None = None
    torque_nm: tuple[float, ...] | None = None
    angle_deg: tuple[float, ...] | None = None
    fault_word: int | None = None
    proof_locked: tuple[bool, ...] | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ShuttleReading:
    """Two slots on one rail. Positions in mm along the rail: buffer -, under the car 0, store +.

    `out` carries the old pack (under <-> store), `in` the new one (buffer <-> under).
    """

    out_mm: float | None = None
    out_moving: bool | None = None
    out_at_under: bool | None = None
    out_at_store: bool | None = None
    out_present: bool | None = None
    in_mm: float | None = None
    in_moving: bool | None = None
    in_at_buffer: bool | None = None
    in_at_under: bool | None = None
    in_present: bool | None = None
    fault_word: int | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StackerReading:
    """Stacker crane. Level in mm above its lowest place, fork in mm from home (either side: + right, - left)."""

    level_mm: float | None = None
    moving: bool | None = None
    at_level: bool | None = None
    fork_mm: float | None = None
    fork_home: bool | None = None
    present: bool | None = None
    fault_word: int | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PlatformReading:
    """Platform inputs: switches of the lane, the car clamps and the rack. `True` = the named thing is so."""

    lane_clear: bool | None = None
    grooves: tuple[bool, ...] | None = None
    rods_home: bool | None = None
    rods_centred: bool | None = None
    pins_retracted: bool | None = None
    pins_engaged: bool | None = None
    pins_raised: bool | None = None
    wheels_on_floor: bool | None = None
    shutter_open: bool | None = None
    shutter_closed: bool | None = None
    lane_gate_open: bool | None = None
    lane_gate_closed: bool | None = None
    buffer_present: bool | None = None
    store_present: bool | None = None
    bay_present: tuple[bool, ...] | None = None
    isolation_present: bool | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SafetyReading:
    """Hard-wired safety chain, read only. All fields before `drives_enabled` are permissives: `True` = good.

    `chain_ok` is the latched chain: it comes back only by the safety PLC's own reset button, never by us.
    `drives_enabled` = chain ok and our run-enable set and our heartbeat alive, as the safety PLC sees it.
    `maintenance_key`: the physical key of the mode selector is turned to maintenance.
    """

    estop_ok: bool | None = None
    gate_closed: bool | None = None
    curtain_clear: bool | None = None
    cell_clear: bool | None = None
    smoke_clear: bool | None = None
    chain_ok: bool | None = None
    drives_enabled: bool | None = None
    reset_pressed: bool | None = None
    maintenance_key: bool | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CarReading:
    """What the car says of itself on its own bus. DC-link voltage in V.

    `insulation_ok` is its own monitor's judgement; `trouble_codes` counts the fault codes that stand in its units.
    """

    vin: str | None = None
    in_park: bool | None = None
    brake_held: bool | None = None
    standing: bool | None = None
    doors_closed: bool | None = None
    hv_off: bool | None = None
    dc_link_v: float | None = None
    swap_mode: bool | None = None
    pack_serial: str | None = None
    pack_latched: bool | None = None
    hvil_closed: bool | None = None
    self_check: SelfCheck | None = None
    insulation_ok: bool | None = None
    trouble_codes: int | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PackReading:
    """One pack's BMS. Current in A, positive = charging. SOC and SOH in %, insulation not included (not on CAN).

    `temp_degc` is the one temperature of a pack that tells neither its hottest nor its coldest cell. The limits and
    permissions are what the pack asks of a charger now. `maker`: who made it, in its own words.
    """

    serial: str | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    voltage_v: float | None = None
    current_a: float | None = None
    cell_max_v: float | None = None
    cell_min_v: float | None = None
    temp_max_degc: float | None = None
    temp_min_degc: float | None = None
    contactors_open: bool | None = None
    hvil_closed: bool | None = None
    fault_bits: int | None = None
    temp_degc: float | None = None
    charge_limit_v: float | None = None
    charge_limit_a: float | None = None
    discharge_limit_v: float | None = None
    discharge_limit_a: float | None = None
    charge_allowed: bool | None = None
    discharge_allowed: bool | None = None
    maker: str | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RollerReading:
    """A speed-driven axis without a position of its own (roller conveyor, hoist). mm/s, + = away from home."""

    speed_mm_s: float | None = None
    enabled: bool | None = None
    drive_fault: bool | None = None
    fault_word: int | None = None

    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NutrunnerReading:
    """Last result of one tightening tool. Torque in N·m and angle in degrees, both tightening positive.

    `tightening_ok` is the tool's own judgement by its program, `result_code` is in the maker's numbers.
    A result is new when `ok_count` (of `target_count`) or the values moved: no flag that a read clears is needed.
    """

    tightening_ok: bool | None = None
    torque_nm: float | None = None
    peak_torque_nm: float | None = None
    angle_deg: float | None = None
    result_code: int | None = None
    result_program: int | None = None
    ok_count: int | None = None
    target_count: int | None = None

    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class InsulationReading:
    """Insulation monitor. Resistance between DC link and earth in ohm, DC-link voltage in V.

    Above the measuring range `insulation_bound` is `HIGHER` and the resistance is that of the range's end: no error.
    """

    insulation_ohm: float | None = None
    insulation_bound: InsulationBound | None = None
    insulation_state: InsulationState | None = None
    link_v: float | None = None

    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MeterReading:
    """Grid meter. Power in W, + = drawn from the grid; phases L1 to L3 (V to neutral, A, W); counters in kWh."""

    power_w: float | None = None
    phase_v: tuple[float, ...] | None = None
    phase_a: tuple[float, ...] | None = None
    phase_w: tuple[float, ...] | None = None
    frequency_hz: float | None = None
    import_kwh: float | None = None
    export_kwh: float | None = None

    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HoistReading:
    """Columns that raise the car on its pins. Heights in mm above the floor, up positive: they must keep step.

    `catch_engaged` is the mechanical catch, which bears the car when a drive lets go.
    """

    columns_mm: tuple[float, ...] | None = None
    catch_engaged: bool | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class VisionReading:
    """Position unit at the lane. Car against its ideal place: mm, x + = too far forward, y + = too far left; degrees,
    yaw + = turned left. `seat_clear` = the camera sees the underbody seat free to take a pack.
    """

    x_mm: float | None = None
    y_mm: float | None = None
    yaw_deg: float | None = None
    seat_clear: bool | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CodeReading:
    """Code reader at the buffer: the pack code that stands before it, `None` = nothing read or nothing heard."""

    code: str | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RackReading:
    """Connectors of the bays, index 0 = bay 1. Mated and home are two switches; neither = on its way, or jammed."""

    power_mated: tuple[bool, ...] | None = None
    power_home: tuple[bool, ...] | None = None
    coolant_mated: tuple[bool, ...] | None = None
    coolant_home: tuple[bool, ...] | None = None
    coolant_leak: tuple[bool, ...] | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FireReading:
    """Fire panel, per zone (index 0 = zone 1). `panel_ok` is its own health; `extraction_on` the smoke fan's."""

    smoke: tuple[bool, ...] | None = None
    gas: tuple[bool, ...] | None = None
    panel_ok: bool | None = None
    extraction_on: bool | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SignalsReading:
    """Lamps and driver display as they are seen set."""

    lamp: Lamp | None = None
    text: DriverText | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ChargerReading:
    """Charger of one bay, at its output: V, A (positive = charging the pack), °C."""

    enabled: bool | None = None
    output_v: float | None = None
    output_a: float | None = None
    temp_degc: float | None = None
    fault_word: int | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class UpsReading:
    """Supply of controller and safety PLC. `on_mains` = not on its battery; charge in %, rest of run time in s."""

    on_mains: bool | None = None
    charge_pct: float | None = None
    runtime_s: float | None = None
    battery_ok: bool | None = None
    at_s: float = 0.0


Reading = (
    LiftReading
    | LockSetReading
    | ShuttleReading
    | StackerReading
    | PlatformReading
    | SafetyReading
    | CarReading
    | PackReading
    | RollerReading
    | NutrunnerReading
    | InsulationReading
    | MeterReading
    | HoistReading
    | VisionReading
    | CodeReading
    | RackReading
    | FireReading
    | SignalsReading
    | ChargerReading
    | UpsReading
)

READING_OF_KIND: Final[dict[str, type]] = {
    "lift": LiftReading,
    "lock-set": LockSetReading,
    "shuttle": ShuttleReading,
    "stacker": StackerReading,
    "platform": PlatformReading,
    "safety-plc": SafetyReading,
    "vehicle": CarReading,
    "pack": PackReading,
    "roller": RollerReading,
    "nutrunner": NutrunnerReading,
    "insulation": InsulationReading,
    "meter": MeterReading,
    "hoist": HoistReading,
    "vision": VisionReading,
    "code-reader": CodeReading,
    "rack": RackReading,
    "fire-panel": FireReading,
    "signals": SignalsReading,
    "charger": ChargerReading,
    "ups": UpsReading,
}
"""Device kind -> its reading; the field names are the roles that device files and wiring may offer."""


def roles(kind: str) -> tuple[str, ...]:
    """Names of the roles of a device kind, without the time stamp."""
    return tuple(f.name for f in fields(READING_OF_KIND[kind]) if f.name != "at_s")
