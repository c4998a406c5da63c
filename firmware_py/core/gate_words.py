"""Words of the gate: what it measures against, what a refusal is, and how one reading is judged. Unknown refuses."""

from dataclasses import dataclass

from hal.commands import Side, Slot


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What the judge measures against. mm, kg, V."""

    lift_min_mm: float
    lift_max_mm: float
    lift_overrun_mm: float
    """How far beyond its range the head may be read: more is no position of it."""
    lift_transfer_mm: float
    lift_support_mm: float
    lift_tol_mm: float
    shutter_clear_mm: float
    """The head must be below this height while the shutter is not seen open."""
    mass_min_kg: float
    mass_max_kg: float
    touch_max_kg: float
    slot_min_mm: float
    slot_max_mm: float
    slot_gap_min_mm: float
    """Least distance of the two slots on their rail, from centre to centre."""
    level_min_mm: float
    level_max_mm: float
    handovers: tuple[tuple[float, Side, Slot], ...]
    """Where the fork reaches into the slots' rail: level, side, and the slot that must stand there."""
    bays: tuple[tuple[float, Side], ...]
    """Level and side of each bay, bay 1 first."""
    level_tol_mm: float
    dc_link_max_v: float
    retract_max_v: float
    retract_max_a: float
    """A bay's connectors part only below these at the charger's output."""
    isolate_degc: float
    """A pack as hot as this is to be isolated: never charged."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command may not leave."""

    interlock: str
    seen: str


def need(interlock: str, name: str, value: bool | None, wanted: bool = True) -> Refusal | None:
    return None if value is wanted else Refusal(interlock, f"{name} is {'unknown' if value is None else value}")


def within(interlock: str, name: str, value: float | None, low: float, high: float) -> Refusal | None:
    if value is None:
        return Refusal(interlock, f"{name} is unknown")
    return None if low <= value <= high else Refusal(interlock, f"{name} is {value:g}, allowed {low:g} to {high:g}")


def every(interlock: str, name: str, values: tuple[bool, ...] | None) -> Refusal | None:
    if not values:
        return Refusal(interlock, f"{name} is unknown")
    return None if all(values) else Refusal(interlock, f"{name} is {values}")
