"""The gate at the rail: the way of one slot does not meet the other one."""

from firmware_py.core.gate_words import GateLimits, Refusal, need
from firmware_py.core.image import Image
from hal.commands import Slot


def slots_meet(slot: Slot, target_mm: float, image: Image, limits: GateLimits) -> Refusal | None:
    """`None` = the slot goes away from the other one, or stays far enough from it."""
    s = image.shuttle
    if s.in_mm is None or s.out_mm is None:
        return Refusal("slots-apart", f"shuttle.in_mm is {s.in_mm}, shuttle.out_mm is {s.out_mm}")
    if slot is Slot.IN:
        return None if target_mm <= s.in_mm else _in_nears(target_mm, s.in_mm, s.out_mm, image, limits)
    if target_mm >= s.out_mm:
        return None
    stands = need("slots-apart", "shuttle.in_moving", s.in_moving, wanted=False)
    return stands or _apart(target_mm - s.in_mm, limits)


def _in_nears(target_mm: float, in_mm: float, out_mm: float, image: Image, limits: GateLimits) -> Refusal | None:
    """Towards one that stands far enough away, or behind one that leaves.

    No reading tells which way a slot moves: one that bears a pack brings it away, an empty one may come for the next.
    """
    s = image.shuttle
    if s.out_moving is True and s.out_present is True:
        return _apart(out_mm - in_mm, limits)
    stands = need("slots-apart", "shuttle.out_moving", s.out_moving, wanted=False)
    return stands or _apart(out_mm - target_mm, limits)


def _apart(gap_mm: float, limits: GateLimits) -> Refusal | None:
    """From centre to centre of the slots."""
    least = limits.slot_gap_min_mm
    return None if gap_mm >= least else Refusal("slots-apart", f"slots {gap_mm:.0f} mm apart, at least {least:.0f}")
