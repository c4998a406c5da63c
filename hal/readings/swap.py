"""Readings of what takes part in a swap: movers, locks, platform, safety chain, car, packs."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final


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

    @property
    def speaks(self) -> bool:
        """Anything that it says is fresh."""
        return any(getattr(self, name) is not None for name in _SAID)


_SAID: Final = tuple(f.name for f in fields(PackReading) if f.name != "at_s")
