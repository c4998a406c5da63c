"""Checks of slots, connectors and hoist."""

from firmware_py.core.checks.words import Check, Miss, View, every, flag, no
from hal.commands import Connector


def out_slot_at(place: str, switch: str) -> Check:
    """Both witnesses of the old pack's slot: position and end switch; and it stands."""
    return every(_slot_near("out_mm", place), flag("shuttle", switch), flag("shuttle", "out_moving", wanted=False))


def in_slot_at(place: str, switch: str) -> Check:
    """Both witnesses of the new pack's slot: position and end switch; and it stands."""
    return every(_slot_near("in_mm", place), flag("shuttle", switch), flag("shuttle", "in_moving", wanted=False))


def _slot_near(field: str, place: str) -> Check:
    def check(v: View) -> Miss | None:
        seen, wanted = getattr(v.image.shuttle, field), getattr(v.params, f"slot_{place}_mm")
        if seen is None:
            return no("shuttle", None)
        return (
            None if abs(seen - wanted) <= v.params.slot_tol_mm else Miss(f"{field} {seen:.0f}, wanted {wanted:.0f} mm")
        )

    return check


def slots_apart(v: View) -> Miss | None:
    """The two slots keep their distance while both may move."""
    out, inn = v.image.shuttle.out_mm, v.image.shuttle.in_mm
    if out is None or inn is None:
        return no("shuttle", None)
    gap = out - inn
    return (
        None
        if gap >= v.params.slot_gap_min_mm
        else Miss(f"slots {gap:.0f} mm apart, at least {v.params.slot_gap_min_mm:.0f}")
    )


def connector_is(which: Connector, *, out: bool, bay: int = 0) -> Check:
    """Both switches of a connector of the swap's bay (or of `bay`): mated and not home, or home and not mated."""

    def check(v: View) -> Miss | None:
        number = bay or v.swap.bay
        mated, home = getattr(v.image.rack, f"{which}_mated"), getattr(v.image.rack, f"{which}_home")
        if mated is None or home is None or not 0 < number <= min(len(mated), len(home)):
            return no("rack", None)
        if mated[number - 1] is out and home[number - 1] is not out:
            return None
        seen = "mated" if mated[number - 1] else "home" if home[number - 1] else "neither mated nor home"
        return Miss(f"bay {number}: {which} connector is {seen}")

    return check


def columns_in_step(v: View) -> Miss | None:
    """No column of the hoist is above another by more than it may."""
    heights = v.image.hoist.columns_mm
    if not heights:
        return no("hoist", None)
    step = max(heights) - min(heights)
    if step <= v.params.columns_step_max_mm:
        return None
    text = ", ".join(f"{h:.0f}" for h in heights)
    return Miss(f"columns at {text} mm, at most {v.params.columns_step_max_mm:.0f} mm apart")
