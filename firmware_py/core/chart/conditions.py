"""Conditions of transitions: which way the swap goes on. Pure functions of the view."""

from dataclasses import replace

from firmware_py.core.checks import View
from firmware_py.core.faults import FaultCode
from firmware_py.core.monitors import too_hot
from firmware_py.core.packs import eligible
from firmware_py.core.state import Install, Swap

_PER_PACK = frozenset({"13", "14"})


def new_installed(v: View) -> bool:
    """The new pack is on the car: the old one goes to the rack."""
    return v.swap.install is Install.NEW


def old_reinstalled(v: View) -> bool:
    """The old pack is on the car again after it was off, and a pack stands at the buffer: it goes back to its bay."""
    return given_up(v) and car_waits(v) and v.image.platform.buffer_present is True


def given_up(v: View) -> bool:
    """The order cannot be served any more: the car leaves, or keeps, its own pack."""
    return v.swap.install is Install.OLD


def pack_ready(v: View) -> bool:
    """The order goes on with the reserved pack."""
    return not given_up(v)


def car_waits(v: View) -> bool:
    """The old pack is off and the car waits for a pack."""
    return "10" in v.swap.passed


def staged(v: View) -> bool:
    """The reserved pack stands checked at the buffer."""
    return "0.5" in v.swap.passed


def not_staged(v: View) -> bool:
    """The reserved pack is still on its way."""
    return not staged(v)


def pack_ready_car_waits(v: View) -> bool:
    """The reserved pack is staged and the car waits for it."""
    return pack_ready(v) and car_waits(v)


def given_up_no_car(v: View) -> bool:
    """The order ends while the car still has its own pack: what stands at the buffer goes back."""
    return given_up(v) and not car_waits(v)


def given_up_car_waits(v: View) -> bool:
    """No pack for the car that has none: the old one is put back."""
    return given_up(v) and car_waits(v)


def keep_old(v: View) -> Swap:
    """From here on the car gets its own pack back."""
    return replace(v.swap, install=Install.OLD)


def note_old_pack(v: View) -> Swap:
    """Remember which pack came with the car, and whether it belongs into isolation."""
    return replace(v.swap, serial_old=v.image.car_pack.serial, isolate=too_hot(v.image.car_pack, v.params))


def note_heat(v: View) -> Swap:
    """The last look at the old pack before its plug is drawn: it may have become hot since."""
    return replace(v.swap, isolate=v.swap.isolate or too_hot(v.image.car_pack, v.params))


def choose_other_pack(v: View) -> Swap:
    """Reserve the next eligible pack, with retries of its own; the rejected one goes back to the bay it came from."""
    swap = v.swap
    tried = (*swap.tried, swap.serial_new)
    tries_left = len(tried) <= v.params.retries.get("other_pack", 0)
    choice = next(eligible(v.image, swap.order, v.params, tried), None) if tries_left else None
    if choice is None:
        why = FaultCode.NO_ELIGIBLE_PACK if tries_left else swap.setback
        passed = swap.passed | {"12.return"}  # the rejected pack's slot stands at the buffer, however it came there
        return replace(swap, tried=tried, install=Install.OLD, failure=swap.failure or why, passed=passed)
    bay, serial = choice
    attempts = tuple(a for a in swap.attempts if a[0] not in _PER_PACK)
    return replace(swap, tried=tried, return_bay=swap.bay, bay=bay, serial_new=serial, attempts=attempts)


def self_check_skipped(v: View) -> Swap:
    """The car keeps the pack that never came off: its own check is not waited for."""
    return replace(v.swap, passed=v.swap.passed | {"17"})


def second_pack(v: View) -> Swap:
    """The car rejected its new pack: the swap begins again, that one is the old now, the next eligible one the new."""
    swap = v.swap
    tried = (*swap.tried, swap.serial_new)
    bay, serial = next(eligible(v.image, swap.order, v.params, tried))
    return replace(
        swap,
        tried=tried,
        serial_old=swap.serial_new,
        serial_new=serial,
        bay=bay,
        return_bay=bay,
        attempts=(),
        isolate=True,
        passed=frozenset(),
    )


def bay_of_new(v: View) -> str:
    """Place name of the bay that the reserved pack came from."""
    return f"bay-{v.swap.bay}"


def bay_for_rejected(v: View) -> str:
    """Place name of the bay that a rejected pack goes back to."""
    return f"bay-{v.swap.return_bay}"


def to_a_bay(v: View) -> bool:
    """The pack was put into a bay, not into isolation."""
    return not v.swap.isolate


def place_of_old(v: View) -> str:
    """Place name where the returned pack goes: the bay that the new one left, or isolation."""
    return "isolation" if v.swap.isolate else bay_of_new(v)


def isolation(_: View) -> str:
    """Place name of the isolation place."""
    return "isolation"


def buffer(_: View) -> str:
    """Place name of the buffer."""
    return "buffer"


def store(_: View) -> str:
    """Place name of the store."""
    return "store"
