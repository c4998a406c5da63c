"""Readings of what stands around a swap: drives and tools of one axis, monitors, rack, fire panel, supplies."""

from dataclasses import dataclass
from enum import StrEnum

from hal.commands import DriverText, Lamp


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

    `catch_engaged` is the mechanical catch, which bears the car when a drive lets go; `overloaded`: a column carries
    more than the hoist may lift.
    """

    columns_mm: tuple[float, ...] | None = None
    catch_engaged: bool | None = None
    overloaded: bool | None = None
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
