"""Checks of the lift: heights by two witnesses, and what the head carries."""

from typing import Final

from firmware_py.core.checks.words import Check, Miss, View, every, flag, no
from firmware_py.core.state import Swap


def lift_near(height: str) -> Check:
    """The head stands at a height of the station file: first witness, the drive's own position."""
    key: Final = f"lift_{height}_mm"

    def check(v: View) -> Miss | None:
        seen, wanted = v.image.lift.position_mm, getattr(v.params, key)
        if seen is None:
            return no("lift", None)
        if abs(seen - wanted) <= v.params.lift_tol_mm:
            return None
        return Miss(f"lift at {seen:.1f} mm, wanted {wanted:.1f} ± {v.params.lift_tol_mm:.1f} mm")

    return check


def lift_at(height: str, switch: str) -> Check:
    """Both witnesses of a height, drive position and limit switch, and the head stands."""
    return every(lift_near(height), flag("lift", switch), flag("lift", "moving", wanted=False))


def load_between(low: str, high: str) -> Check:
    """Load on the head is inside a window of the station file, in kg. `zero` is no lower bound."""

    def check(v: View) -> Miss | None:
        load = v.image.lift.load_kg
        if load is None:
            return no("lift", None)
        lowest = float("-inf") if low == "zero" else getattr(v.params, low)
        highest = getattr(v.params, high)
        if lowest <= load <= highest:
            return None
        return Miss(f"lift load {load:.0f} kg, allowed {max(lowest, 0):.0f} to {highest:.0f} kg")

    return check


def load_at_most(high: str) -> Check:
    """Load on the head is at most a value of the station file."""
    return load_between("zero", high)


def carried_serial(swap: Swap) -> str | None:
    """Code of the pack that the head bears, or is to bear: the new one once it came under the car."""
    new = "12" in swap.passed and "11.return" not in swap.passed
    return swap.serial_new if new else swap.serial_old


def supported(v: View) -> Miss | None:
    """The head carries the pack: the cell shows the mass of its class, not less and not more."""
    load = v.image.lift.load_kg
    if load is None:
        return no("lift", None)
    low, high = v.params.mass_window_kg(carried_serial(v.swap))
    return None if low <= load <= high else Miss(f"lift load {load:.0f} kg, pack is {low:.0f} to {high:.0f} kg")


def not_heavier(v: View) -> Miss | None:
    """The head does not carry more than the pack that it is to carry: else something is caught, or stands on it."""
    load = v.image.lift.load_kg
    if load is None:
        return no("lift", None)
    _, high = v.params.mass_window_kg(carried_serial(v.swap))
    return None if load <= high else Miss(f"lift load {load:.0f} kg, pack is at most {high:.0f} kg")


def load_not_lost(v: View) -> Miss | None:
    """While the head carries a pack above the slot, the cell must feel the pack (else it hangs somewhere)."""
    lift, p = v.image.lift, v.params
    if lift.load_kg is None or lift.position_mm is None:
        return no("lift", None)
    if lift.position_mm <= p.lift_slot_mm + p.lift_hang_margin_mm or lift.load_kg >= p.mass_min_kg:
        return None
    return Miss(
        f"lift load {lift.load_kg:.0f} kg at {lift.position_mm:.0f} mm, pack is at least {p.mass_min_kg:.0f} kg"
    )


def head_clear_of_shutter(v: View) -> Miss | None:
    """The head stands below the shutter, or the shutter is open."""
    position = v.image.lift.position_mm
    if position is None:
        return no("lift", None)
    below = position <= v.params.lift_transfer_mm + v.params.lift_tol_mm
    return None if below else flag("platform", "shutter_open")(v)


def lift_healthy(v: View) -> Miss | None:
    """The lift drive reports no fault."""
    word = v.image.lift.fault_word
    if word is None:
        return no("lift", None)
    return Miss(f"lift drive fault word 0x{word:04X}") if word else None
