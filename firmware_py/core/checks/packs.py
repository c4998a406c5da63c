"""Checks of packs and of the order: what stands at the buffer, what may still come, where a hot pack may go."""

from firmware_py.core.checks.words import Miss, View, flag, is_passed, no
from firmware_py.core.monitors import too_hot
from firmware_py.core.packs import eligible, why_bad, why_not
from firmware_py.core.state import Install


def buffer_is_reserved(v: View) -> Miss | None:
    """The pack at the buffer is the reserved one."""
    seen = v.image.buffer.serial
    if seen is None:
        return no("buffer", None)
    return None if seen == v.swap.serial_new else Miss(f"buffer holds {seen}, reserved is {v.swap.serial_new}")


def buffer_not_other(v: View) -> Miss | None:
    """No other pack than the reserved one has shown itself at the buffer."""
    return None if v.image.buffer.serial is None else buffer_is_reserved(v)


def buffer_not_bad(v: View) -> Miss | None:
    """Nothing that the pack at the buffer says speaks against it. On its way to the car it says nothing any more."""
    why = why_bad(v.image.buffer, v.swap.order, v.params)
    return None if why is None else Miss(f"pack at the buffer: {why}")


def buffer_may_go(v: View) -> Miss | None:
    """The pack at the buffer has said all that is asked for, lately, and may be handed out."""
    why = why_not(v.image.buffer, v.swap.order, v.params)
    return None if why is None else Miss(f"pack at the buffer: {why}")


def code_is_reserved(v: View) -> Miss | None:
    """The code reader at the buffer, where there is one, reads the code of the reserved pack."""
    if not v.params.code_reader:
        return None
    seen = v.image.scanner.code
    if seen is None:
        return no("scanner", None)
    return None if seen == v.swap.serial_new else Miss(f"code reader reads {seen}, reserved is {v.swap.serial_new}")


def place_for_old(v: View) -> Miss | None:
    """A hot pack comes off only where the isolation place is free for it."""
    if not (v.swap.isolate or too_hot(v.image.car_pack, v.params)):
        return None
    return flag("platform", "isolation_present", wanted=False)(v)


def order_stands(v: View) -> Miss | None:
    """The order has not been given up for want of a pack."""
    given_up = v.swap.install is Install.OLD
    return Miss("no other pack may be handed out") if given_up else None


def wanted_or_given_up(v: View) -> Miss | None:
    """The pack at the buffer is waited for by a car without one, or will not be needed any more."""
    return is_passed("10")(v) if order_stands(v) is None else None


def pack_not_rejected(v: View) -> Miss | None:
    """The pack on the car is the one it came with, not one that its own check has refused."""
    rejected = v.swap.serial_old in v.swap.tried
    return Miss(f"pack {v.swap.serial_old} was rejected by the car") if rejected else None


def another_pack(v: View) -> Miss | None:
    """A second pack may be tried on this car: tries are left, and one may be handed out."""
    if v.swap.install is Install.OLD:
        return Miss("the car rejects the pack it came with")
    tried = (*v.swap.tried, v.swap.serial_new)
    if len(tried) > v.params.retries.get("other_pack", 0):
        return Miss(f"{len(tried)} packs tried, {v.params.retries.get('other_pack', 0)} others allowed")
    found = next(eligible(v.image, v.swap.order, v.params, tried), None)
    return Miss("no other pack may be handed out") if found is None else None
