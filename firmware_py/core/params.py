"""What varies from station to station, as plain values. Filled from the station file by the composition root."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hal.commands import Side, Slot


@dataclass(frozen=True)
class StackerPlace:
    """Where the stacker must stand to reach a place. mm above its lowest place; side of the aisle."""

    level_mm: float
    side: Side


@dataclass(frozen=True)
class Eligibility:
    """Hard filters for a pack to be handed out (domain: eligibility). %, degC, V."""

    soc_min_pct: float
    soh_min_pct: float
    temp_min_degc: float
    temp_max_degc: float
    cell_spread_max_v: float


BOLT_FIELDS = frozenset({"torque_nm", "angle_deg", "fault_word"})
"""Of a lock set: what a tightening controller shows and latches do not have."""


@dataclass(frozen=True)
class BoltWindows:
    """Where the tightening of a bolt must end. N·m, degrees."""

    torque_min_nm: float
    torque_max_nm: float
    angle_min_deg: float
    angle_max_deg: float


@dataclass(frozen=True)
class Manual:
    """Modes Maintenance and Manual: mm/s, mm, s. The step is the longest way of one move by hand."""

    lift_mm_s: float
    slot_mm_s: float
    max_step_mm: float
    limit_s: float


@dataclass(frozen=True)
class Params:
    """Heights in mm, loads in kg, speeds in mm/s, durations in s."""

    bays: int
    lock_points: int
    lift_home_mm: float
    lift_transfer_mm: float
    lift_slot_mm: float
    lift_dock_mm: float
    lift_support_mm: float
    lift_tol_mm: float
    lift_hang_margin_mm: float
    lift_speed_mm_s: Mapping[str, float]
    """Speed per row family: dock, support, lower, raise, relax, retract."""
    slot_buffer_mm: float
    slot_under_mm: float
    slot_store_mm: float
    slot_tol_mm: float
    slot_speed_mm_s: Mapping[Slot, float]
    slot_gap_min_mm: float
    """Least distance of the two slots, from centre to centre (a pack's length, the way to stop, and a margin)."""
    level_tol_mm: float
    places: Mapping[str, StackerPlace]
    """`bay-1` ... `bay-N`, `buffer`, `store`."""
    mass_kg: Mapping[str, float]
    """Mass of a pack by its class."""
    mass_tol_kg: float
    mass_min_kg: float
    mass_max_kg: float
    touch_max_kg: float
    empty_max_kg: float
    bolts: BoltWindows | None
    """`None`: the lock points are latches, which show neither torque nor angle."""
    dc_link_max_v: float
    eligibility: Eligibility
    limit_s: Mapping[str, float]
    """Time limit per chart row key; `default` where a row has none of its own."""
    nominal_s: Mapping[str, float]
    """Nominal duration per step number 0..19 (column F or C)."""
    dwell_s: Mapping[str, float]
    guard_wait_s: float
    manual: Manual
    capture_x_mm: float
    capture_y_mm: float
    capture_yaw_deg: float
    """How far from its ideal place a car may stand, to either side."""
    columns_step_max_mm: float
    """How far one column of the hoist may be above another."""
    code_reader: bool
    """A reader at the buffer tells the code that is printed on the pack."""
    isolate_degc: float
    """A pack as hot as this is isolated."""
    insulation_min_ohm: float
    retries: Mapping[str, int]
    """Automatic retries per chart row; absent = 0. Zero for motions that bear a pack or a car."""
    charger_bays: tuple[int, ...]
    """Bays that have a charger module, in order."""
    absent: tuple[str, ...] = ()
    """Devices that a bench does not have: with any of them missing there is no service."""
    vehicles: frozenset[str] = frozenset()
    pack_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Vehicle type -> pack classes that fit it."""
    code_patterns: Mapping[str, str] = field(default_factory=dict)
    """Pack class -> pattern that its codes match as a whole."""

    def mass_window_kg(self, serial: str | None) -> tuple[float, float]:
        """What the load cell may show under a pack; the widest window where its class is unknown."""
        expected = self.mass_kg.get(self.pack_class(serial) or "")
        if expected is None:
            return self.mass_min_kg, self.mass_max_kg
        return expected - self.mass_tol_kg, expected + self.mass_tol_kg

    def pack_class(self, serial: str | None) -> str | None:
        """Class of a pack by its code; `None` when no pattern, or more than one, matches: never a guess."""
        if serial is None:
            return None
        found = [name for name, pattern in self.code_patterns.items() if re.fullmatch(pattern, serial)]
        return found[0] if len(found) == 1 else None
