"""Questions to the Image, each a named pure function: `None` = seen to be so, else a `Miss` that says what was seen.

Unknown is never "so": a field that is `None` gives a `Miss` that names the device whose reading is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware_py.core.image import Image
from firmware_py.core.packs import eligible, why_not
from firmware_py.core.params import Params
from firmware_py.core.state import Install, Swap
from hal.readings import LockState, SelfCheck


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a check does not hold. `unknown` names the device whose reading is missing or stale, if that is why."""

    text: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """All that a check may look at."""

    swap: Swap
    image: Image
    params: Params


Check = Callable[[View], Miss | None]


def _no(device: str, *values: object) -> Miss | None:
    return Miss(f"{device}: no fresh reading", device) if any(v is None for v in values) else None


def every(*checks: Check) -> Check:
    """All of them hold; the first that does not speaks."""

    def check(v: View) -> Miss | None:
        for one in checks:
            miss = one(v)
            if miss is not None:
                return miss
        return None

    return check


def known(device: str, *fields: str) -> Check:
    """These fields of a device's reading are fresh."""

    def check(v: View) -> Miss | None:
        reading = getattr(v.image, device)
        for name in fields:
            if getattr(reading, name) is None:
                return Miss(f"{device}.{name}: no fresh reading", device)
        return None

    return check


def flag(device: str, name: str, wanted: bool = True) -> Check:
    """A boolean role has the wanted value."""

    def check(v: View) -> Miss | None:
        value = getattr(getattr(v.image, device), name)
        if value is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        return None if value is wanted else Miss(f"{device}.{name} is {value}")

    return check


def all_of(device: str, name: str) -> Check:
    """Every element of a tuple role is true; the text names the ones that are not (1-based)."""

    def check(v: View) -> Miss | None:
        values = getattr(getattr(v.image, device), name)
        if values is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        if all(values):
            return None
        off = ", ".join(str(i) for i, x in enumerate(values, 1) if not x)
        return Miss(f"{device}.{name}: {off} not made")

    return check


def none_of(device: str, name: str) -> Check:
    """No element of a tuple role is true."""

    def check(v: View) -> Miss | None:
        values = getattr(getattr(v.image, device), name)
        if values is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        on = ", ".join(str(i) for i, x in enumerate(values, 1) if x)
        return Miss(f"{device}.{name}: {on} made") if on else None

    return check


def lift_near(height: str) -> Check:
    """The head stands at a height of the station file: first witness, the drive's own position."""
    key: Final = f"lift_{height}_mm"

    def check(v: View) -> Miss | None:
        seen, wanted = v.image.lift.position_mm, getattr(v.params, key)
        if seen is None:
            return _no("lift", None)
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
            return _no("lift", None)
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
        return _no("lift", None)
    low, high = v.params.mass_window_kg(carried_serial(v.swap))
    return None if low <= load <= high else Miss(f"lift load {load:.0f} kg, pack is {low:.0f} to {high:.0f} kg")


def not_heavier(v: View) -> Miss | None:
    """The head does not carry more than the pack that it is to carry: else something is caught, or stands on it."""
    load = v.image.lift.load_kg
    if load is None:
        return _no("lift", None)
    _, high = v.params.mass_window_kg(carried_serial(v.swap))
    return None if load <= high else Miss(f"lift load {load:.0f} kg, pack is at most {high:.0f} kg")


def load_not_lost(v: View) -> Miss | None:
    """While the head carries a pack above the slot, the cell must feel the pack (else it hangs somewhere)."""
    lift, p = v.image.lift, v.params
    if lift.load_kg is None or lift.position_mm is None:
        return _no("lift", None)
    if lift.position_mm <= p.lift_slot_mm + p.lift_hang_margin_mm or lift.load_kg >= p.mass_min_kg:
        return None
    return Miss(
        f"lift load {lift.load_kg:.0f} kg at {lift.position_mm:.0f} mm, pack is at least {p.mass_min_kg:.0f} kg"
    )


def head_clear_of_shutter(v: View) -> Miss | None:
    """The head stands below the shutter, or the shutter is open."""
    position = v.image.lift.position_mm
    if position is None:
        return _no("lift", None)
    below = position <= v.params.lift_transfer_mm + v.params.lift_tol_mm
    return None if below else flag("platform", "shutter_open")(v)


def lift_healthy(v: View) -> Miss | None:
    """The lift drive reports no fault."""
    word = v.image.lift.fault_word
    if word is None:
        return _no("lift", None)
    return Miss(f"lift drive fault word 0x{word:04X}") if word else None


def locks_are(state: LockState) -> Check:
    """Every lock point is in this state, by the tool."""

    def check(v: View) -> Miss | None:
        seen = v.image.locks.state
        if seen is None:
            return _no("locks", None)
        if all(s is state for s in seen):
            return None
        others = ", ".join(f"{i} {s.value}" for i, s in enumerate(seen, 1) if s is not state)
        return Miss(f"lock points not {state.value}: {others}")

    return check


def tools_stand(v: View) -> Miss | None:
    """No lock point is being turned."""
    seen = v.image.locks.state
    if seen is None:
        return _no("locks", None)
    turning = ", ".join(str(i) for i, s in enumerate(seen, 1) if s is LockState.TURNING)
    return Miss(f"lock points still turning: {turning}") if turning else None


def no_lock_failed(v: View) -> Miss | None:
    """No lock point reports a failed run."""
    seen = v.image.locks.state
    if seen is None:
        return _no("locks", None)
    failed = [i for i, s in enumerate(seen, 1) if s is LockState.FAILED]
    if not failed:
        return None
    torque, angle = v.image.locks.torque_nm, v.image.locks.angle_deg
    parts = [f"{i}" + (f" ({torque[i - 1]:.1f} N·m, {angle[i - 1]:.0f}°)" if torque and angle else "") for i in failed]
    return Miss(f"lock points failed: {', '.join(parts)}")


def locks_settled(v: View) -> Miss | None:
    """Every lock point has come to an end, locked or free, and the second channel agrees with the tool."""
    seen, proof = v.image.locks.state, v.image.locks.proof_locked
    if seen is None or proof is None:
        return _no("locks", None)
    for i, (state, tight) in enumerate(zip(seen, proof, strict=True), 1):
        if state is not (LockState.LOCKED if tight else LockState.FREE):
            return Miss(f"lock point {i} is {state.value}, second channel {'locked' if tight else 'open'}")
    return None


def torque_and_angle(v: View) -> Miss | None:
    """Each bolt ended inside its torque window and its angle window. Latches have none: switches are their proof."""
    locks, p = v.image.locks, v.params.bolts
    if p is None:
        return None
    if locks.torque_nm is None or locks.angle_deg is None:
        return _no("locks", None)
    for i, (torque, angle) in enumerate(zip(locks.torque_nm, locks.angle_deg, strict=True), 1):
        if not p.torque_min_nm <= torque <= p.torque_max_nm:
            return Miss(f"lock point {i}: {torque:.1f} N·m, allowed {p.torque_min_nm:.1f} to {p.torque_max_nm:.1f}")
        if not p.angle_min_deg <= angle <= p.angle_max_deg:
            return Miss(f"lock point {i}: {angle:.0f}°, allowed {p.angle_min_deg:.0f} to {p.angle_max_deg:.0f}")
    return None


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
            return _no("shuttle", None)
        return (
            None if abs(seen - wanted) <= v.params.slot_tol_mm else Miss(f"{field} {seen:.0f}, wanted {wanted:.0f} mm")
        )

    return check


def slots_apart(v: View) -> Miss | None:
    """The two slots keep their distance while both may move."""
    out, inn = v.image.shuttle.out_mm, v.image.shuttle.in_mm
    if out is None or inn is None:
        return _no("shuttle", None)
    gap = out - inn
    return (
        None
        if gap >= v.params.slot_gap_min_mm
        else Miss(f"slots {gap:.0f} mm apart, at least {v.params.slot_gap_min_mm:.0f}")
    )


def dc_link_low(v: View) -> Miss | None:
    """High voltage of the car is off: contactors open and the DC link below its limit."""
    car = v.image.car
    if car.hv_off is None or car.dc_link_v is None:
        return _no("car", None)
    if car.hv_off and car.dc_link_v < v.params.dc_link_max_v:
        return None
    return Miss(f"car contactors {'open' if car.hv_off else 'closed'}, DC link {car.dc_link_v:.0f} V")


def vin_is_ordered(v: View) -> Miss | None:
    """The car in the lane is the one of the order."""
    seen = v.image.car.vin
    if seen is None:
        return _no("car", None)
    return None if seen == v.swap.order.vin else Miss("VIN differs from the order's")


def vin_not_other(v: View) -> Miss | None:
    """No other car than the ordered one has shown itself (an unknown VIN is not another one)."""
    return None if v.image.car.vin is None else vin_is_ordered(v)


def buffer_is_reserved(v: View) -> Miss | None:
    """The pack at the buffer is the reserved one."""
    seen = v.image.buffer.serial
    if seen is None:
        return _no("buffer", None)
    return None if seen == v.swap.serial_new else Miss(f"buffer holds {seen}, reserved is {v.swap.serial_new}")


def buffer_not_other(v: View) -> Miss | None:
    """No other pack than the reserved one has shown itself at the buffer."""
    return None if v.image.buffer.serial is None else buffer_is_reserved(v)


def buffer_not_bad(v: View) -> Miss | None:
    """The pack at the buffer may still be handed out, as far as it speaks."""
    if v.image.buffer.serial is None:
        return None
    why = why_not(v.image.buffer, v.swap.order, v.params)
    return None if why is None else Miss(f"pack at the buffer: {why}")


def installed_serial(swap: Swap) -> str | None:
    """Code of the pack that is to be on the car at the end."""
    return swap.serial_new if swap.install is Install.NEW else swap.serial_old


def car_sees_pack(v: View) -> Miss | None:
    """The car reads the code of the pack that was put in."""
    seen, wanted = v.image.car.pack_serial, installed_serial(v.swap)
    if seen is None:
        return _no("car", None)
    return None if seen == wanted else Miss(f"car sees pack {seen}, put in {wanted}")


def self_check_ok(v: View) -> Miss | None:
    """The car's own check ended well."""
    seen = v.image.car.self_check
    if seen is None:
        return _no("car", None)
    return None if seen is SelfCheck.OK else Miss(f"car self-check {seen.value}")


def self_check_not_failed(v: View) -> Miss | None:
    """The car's own check did not end badly."""
    return Miss("car self-check failed") if v.image.car.self_check is SelfCheck.FAILED else None


def order_stands(v: View) -> Miss | None:
    """The order has not been given up for want of a pack."""
    given_up = v.swap.install is Install.OLD
    return Miss("no other pack may be handed out") if given_up else None


def is_passed(row: str) -> Check:
    """A row of this swap is done."""

    def check(v: View) -> Miss | None:
        return None if row in v.swap.passed else Miss(f"step {row} is not done yet")

    return check


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


def always(_: View) -> Miss | None:
    """Holds."""
    return None
