"""The gate: an independent judge of each single command against the Image.

It knows hazards, not recipes, and shares no code with the sequencer. `Stop` and dropping run-enable always pass.
Whatever is unknown refuses. A refusal names the interlock and what was seen.
"""

from firmware_py.core.gate_rack import judge_rack
from firmware_py.core.gate_rail import slots_meet
from firmware_py.core.gate_words import GateLimits, Refusal, every, need, within
from firmware_py.core.image import Image
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Drive,
    DriveConnector,
    EnableCharger,
    Extract,
    Heartbeat,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RequestCar,
    RunEnable,
    SetCharger,
    Side,
    Signal,
    Slot,
    Stop,
    Unlock,
)
from hal.readings import LockState


def judge(command: Command, image: Image, limits: GateLimits) -> Refusal | None:
    """`None` = the command may leave now."""
    match command:
        case Stop() | Heartbeat():
            return None
        case RunEnable(on):
            return _chain(image) if on else None
        case RequestCar(mode):
            return _car_request(mode, image, limits)
        case Signal() | Extract() | EnableCharger() | SetCharger():
            return judge_rack(command, image, limits)
        case _:
            return _chain(image) or _enabled(image) or _motion(command, image, limits)


def _motion(command: Command, image: Image, limits: GateLimits) -> Refusal | None:
    match command:
        case MoveLift(position_mm, _):
            return _lift(position_mm, image, limits)
        case Unlock():
            return _unlock(image, limits)
        case Lock():
            return _lock(image, limits)
        case MoveSlot(slot, position_mm, _):
            return _slot(slot, position_mm, image, limits)
        case MoveStacker(level_mm):
            return _stacker_level(level_mm, image, limits)
        case PickPack() | PlacePack():
            return _fork(command, image, limits)
        case HomeFork():
            return _fork_home(image, limits)
        case Drive(actuator, out):
            return _drive(actuator, out, image, limits)
        case DriveConnector():
            return judge_rack(command, image, limits)
        case _:
            return Refusal("known-command", f"no rule lets {type(command).__name__} pass")


def _chain(image: Image) -> Refusal | None:
    s = image.safety
    return (
        need("safety-chain", "safety.estop_ok", s.estop_ok)
        or need("safety-chain", "safety.gate_closed", s.gate_closed)
        or need("safety-chain", "safety.curtain_clear", s.curtain_clear)
        or need("safety-chain", "safety.cell_clear", s.cell_clear)
        or need("safety-chain", "safety.smoke_clear", s.smoke_clear)
        or need("safety-chain", "safety.chain_ok", s.chain_ok)
    )


def _enabled(image: Image) -> Refusal | None:
    return need("run-enable", "safety.drives_enabled", image.safety.drives_enabled)


def _all_locked(image: Image) -> bool:
    states, proof = image.locks.state, image.locks.proof_locked
    if not states or not proof:
        return False
    return all(s is LockState.LOCKED for s in states) and all(proof)


def _all_free(image: Image) -> bool:
    states, proof = image.locks.state, image.locks.proof_locked
    if not states or not proof:
        return False
    return all(s is LockState.FREE for s in states) and not any(proof)


def _car_held(image: Image) -> Refusal | None:
    car, p = image.car, image.platform
    return (
        need("car-held", "car.in_park", car.in_park)
        or need("car-held", "platform.pins_raised", p.pins_raised)
        or need("car-held", "platform.rods_centred", p.rods_centred)
    )


def _hv_off(image: Image, limits: GateLimits) -> Refusal | None:
    return need("hv-off", "car.hv_off", image.car.hv_off) or within(
        "hv-off", "car.dc_link_v", image.car.dc_link_v, 0.0, limits.dc_link_max_v
    )


def _lift(target_mm: float, image: Image, limits: GateLimits) -> Refusal | None:
    position, load = image.lift.position_mm, image.lift.load_kg
    if position is None or load is None:
        return Refusal("lift-known", f"lift.position_mm is {position}, lift.load_kg is {load}")
    low, high = limits.lift_min_mm - limits.lift_overrun_mm, limits.lift_max_mm + limits.lift_overrun_mm
    refusal = (
        within("lift-range", "target", target_mm, limits.lift_min_mm, limits.lift_max_mm)
        or within("lift-known", "lift.position_mm", position, low, high)
        or need("slots-stand", "shuttle.in_moving", image.shuttle.in_moving, wanted=False)
        or need("slots-stand", "shuttle.out_moving", image.shuttle.out_moving, wanted=False)
        or _slots_placed(image)
    )
    if refusal is not None:
        return refusal
    if target_mm < position:
        return _lower(position, target_mm, load, image, limits)
    if target_mm > limits.shutter_clear_mm:
        refusal = need("shutter-open", "platform.shutter_open", image.platform.shutter_open) or _car_held(image)
    return refusal or within("lift-load", "lift.load_kg", load, -limits.touch_max_kg, limits.mass_max_kg)


def _slots_placed(image: Image) -> Refusal | None:
    """Each slot stands at one of its two ends: the head passes through one that is there, beside one that is away."""
    s = image.shuttle
    if s.in_at_under is not True and s.in_at_buffer is not True:
        return Refusal("slots-placed", "slot in stands at neither of its ends")
    if s.out_at_under is not True and s.out_at_store is not True:
        return Refusal("slots-placed", "slot out stands at neither of its ends")
    return None


def _lower(position: float, target_mm: float, load: float, image: Image, limits: GateLimits) -> Refusal | None:
    """The head leaves the seat only with the pack wholly locked, or wholly free and with a slot to take it."""
    transfer_mm = limits.lift_transfer_mm + limits.lift_tol_mm
    if position < transfer_mm or _all_locked(image):
        return None
    if not _all_free(image) or target_mm > transfer_mm:
        return Refusal("all-or-none-locked", f"lock points {image.locks.state} with {load:.0f} kg on the head")
    if position <= limits.shutter_clear_mm or load <= limits.touch_max_kg:
        return None
    s = image.shuttle
    takes = (s.out_at_under is True and s.out_present is False) or (s.in_at_under is True and s.in_present is False)
    return None if takes else Refusal("slot-free", "no empty slot stands under the pack")


def _supported(image: Image, limits: GateLimits) -> Refusal | None:
    support = limits.lift_support_mm
    return (
        within(
            "pack-supported",
            "lift.position_mm",
            image.lift.position_mm,
            support - limits.lift_tol_mm,
            support + limits.lift_tol_mm,
        )
        or within("pack-supported", "lift.load_kg", image.lift.load_kg, limits.mass_min_kg, limits.mass_max_kg)
        or need("lift-stands", "lift.moving", image.lift.moving, wanted=False)
    )


def _unlock(image: Image, limits: GateLimits) -> Refusal | None:
    return _supported(image, limits) or _hv_off(image, limits) or _car_held(image)


def _lock(image: Image, limits: GateLimits) -> Refusal | None:
    return _supported(image, limits) or every("pack-seated", "lift.pack_seated", image.lift.pack_seated)


def _slot(slot: Slot, target_mm: float, image: Image, limits: GateLimits) -> Refusal | None:
    shuttle = image.shuttle
    refusal = (
        within("slot-range", "target", target_mm, limits.slot_min_mm, limits.slot_max_mm)
        or _lift_clear(image, limits)
        or (need("fork-home", "stacker.fork_home", image.stacker.fork_home) if _reached(image, limits) else None)
    )
    if refusal is not None:
        return refusal
    mine = shuttle.in_present if slot is Slot.IN else shuttle.out_present
    if mine is None:
        return Refusal("slot-known", f"presence of slot {slot.value} is unknown")
    return slots_meet(slot, target_mm, image, limits)


def _lift_clear(image: Image, limits: GateLimits) -> Refusal | None:
    """No slot moves under the car unless the head is below the slots, or above them with the pack at the car."""
    position = image.lift.position_mm
    if position is None or image.lift.moving is None:
        return Refusal("lift-clear", "lift is unknown")
    below = position <= limits.lift_transfer_mm + limits.lift_tol_mm
    if below or _all_locked(image):
        return None
    return Refusal("lift-clear", f"lift at {position:.0f} mm with the pack not locked")


def _stacker_level(target_mm: float, image: Image, limits: GateLimits) -> Refusal | None:
    return within("level-range", "target", target_mm, limits.level_min_mm, limits.level_max_mm) or need(
        "fork-home", "stacker.fork_home", image.stacker.fork_home
    )


def _reached(image: Image, limits: GateLimits) -> list[tuple[Side, Slot]]:
    """Slots that the fork can reach from its level, with the side; from an unknown level it may reach any."""
    level, tol = image.stacker.level_mm, limits.level_tol_mm
    return [(side, slot) for at, side, slot in limits.handovers if _at_level(level, at, tol)]


def _at_level(level_mm: float | None, at_mm: float, tol_mm: float) -> bool:
    """The stacker stands at a level; from an unknown one it may stand at any."""
    return level_mm is None or abs(level_mm - at_mm) <= tol_mm


def _fork(command: PickPack | PlacePack, image: Image, limits: GateLimits) -> Refusal | None:
    """Where the fork meets the rail the slots stand still, and the one before it is there."""
    carries, shuttle = isinstance(command, PlacePack), image.shuttle
    refusal = (
        need("at-level", "stacker.at_level", image.stacker.at_level)
        or within("at-level", "stacker.level_mm", image.stacker.level_mm, limits.level_min_mm, limits.level_max_mm)
        or need("fork-load", "stacker.present", image.stacker.present, wanted=carries)
    )
    if refusal is None and carries:
        refusal = _place_free(command.side, image, limits)
    reached = _reached(image, limits)
    if refusal is not None or not reached:
        return refusal
    refusal = _slots_stand(image)
    if refusal is None and (command.side, Slot.IN) in reached:
        refusal = need("slot-there", "shuttle.in_at_buffer", shuttle.in_at_buffer)
    if refusal is None and (command.side, Slot.OUT) in reached:
        refusal = need("slot-there", "shuttle.out_at_store", shuttle.out_at_store)
    return refusal


def _place_free(side: Side, image: Image, limits: GateLimits) -> Refusal | None:
    """No pack is set onto another: the place in front of the fork is seen empty, slot or bay."""
    level, tol = image.stacker.level_mm, limits.level_tol_mm
    for reached_side, slot in _reached(image, limits):
        taken = image.shuttle.in_present if slot is Slot.IN else image.shuttle.out_present
        if reached_side is side and taken is not False:
            return Refusal("place-free", f"slot {slot.value} is {'unknown' if taken is None else 'occupied'}")
    present = image.platform.bay_present
    for bay, (at, bay_side) in enumerate(limits.bays, 1):
        here = bay_side is side and _at_level(level, at, tol)
        if here and (present is None or present[bay - 1]):
            return Refusal("place-free", f"bay {bay} is {'unknown' if present is None else 'occupied'}")
    return None


def _fork_home(image: Image, limits: GateLimits) -> Refusal | None:
    """The fork leaves a place at that place's level, and never over a slot that moves."""
    refusal = need("at-level", "stacker.at_level", image.stacker.at_level)
    return refusal or (_slots_stand(image) if _reached(image, limits) else None)


def _slots_stand(image: Image) -> Refusal | None:
    return need("slots-stand", "shuttle.in_moving", image.shuttle.in_moving, wanted=False) or need(
        "slots-stand", "shuttle.out_moving", image.shuttle.out_moving, wanted=False
    )


def _drive(actuator: Actuator, out: bool, image: Image, limits: GateLimits) -> Refusal | None:
    if actuator is Actuator.SHUTTER:
        return need("car-held", "car.in_park", image.car.in_park) if out else _head_below(image, limits)
    if actuator is Actuator.LANE_GATE:
        return _lane_free(image, limits) if out else _gate_path(image)
    return _clamp(actuator, image) if out else _release(actuator, image, limits)


def _head_below(image: Image, limits: GateLimits) -> Refusal | None:
    """The head stands below the shutter and does not rise into it."""
    low, high = limits.lift_min_mm - limits.lift_overrun_mm, limits.shutter_clear_mm
    return within("head-below-shutter", "lift.position_mm", image.lift.position_mm, low, high) or need(
        "lift-stands", "lift.moving", image.lift.moving, wanted=False
    )


def _lane_free(image: Image, limits: GateLimits) -> Refusal | None:
    """Cars move only over a closed pit and past clamps that are home; one that stood in its place, with its pack on."""
    p = image.platform
    refusal = (
        need("shutter-closed", "platform.shutter_closed", p.shutter_closed)
        or _head_below(image, limits)
        or need("clamps-home", "platform.pins_retracted", p.pins_retracted)
        or need("clamps-home", "platform.rods_home", p.rods_home)
    )
    if refusal is not None or p.lane_clear is True or (p.grooves and not all(p.grooves)) or _all_locked(image):
        return refusal
    return Refusal("pack-locked", f"lock points {image.locks.state}, second channel {image.locks.proof_locked}")


def _gate_path(image: Image) -> Refusal | None:
    """The lane gate closes only on an empty lane or behind a car that is wholly in."""
    p = image.platform
    if p.lane_clear is True or (p.grooves and all(p.grooves)):
        return None
    return Refusal("gate-path", f"lane_clear is {p.lane_clear}, grooves {p.grooves}")


def _clamp(actuator: Actuator, image: Image) -> Refusal | None:
    """Only a parked car is centred, only a centred one pinned, only a pinned one lifted."""
    refusal = need("car-parked", "car.in_park", image.car.in_park) or need(
        "car-parked", "car.standing", image.car.standing
    )
    if refusal is not None or actuator is Actuator.RODS:
        return refusal
    refusal = need("centred", "platform.rods_centred", image.platform.rods_centred)
    if refusal is not None or actuator is Actuator.PINS:
        return refusal
    return need("pinned", "platform.pins_engaged", image.platform.pins_engaged)


def _release(actuator: Actuator, image: Image, limits: GateLimits) -> Refusal | None:
    """The car is let down and let go only with a pack that is locked by both channels and with nothing under it."""
    if not _all_locked(image):
        return Refusal("pack-locked", f"lock points {image.locks.state}, second channel {image.locks.proof_locked}")
    low, high = limits.lift_min_mm - limits.lift_overrun_mm, limits.shutter_clear_mm
    refusal = within("head-home", "lift.position_mm", image.lift.position_mm, low, high)
    if refusal is not None or actuator is Actuator.PIN_LIFT:
        return refusal
    return need("wheels-on-floor", "platform.wheels_on_floor", image.platform.wheels_on_floor)


def _car_request(mode: CarMode, image: Image, limits: GateLimits) -> Refusal | None:
    """A car wakes only on a locked pack; it is let go only over a closed pit, unclamped, with nobody in danger."""
    if mode in {CarMode.NONE, CarMode.SWAP}:
        return None
    if not _all_locked(image):
        return Refusal("pack-locked", f"lock points {image.locks.state}, second channel {image.locks.proof_locked}")
    return None if mode is CarMode.WAKE else _chain(image) or _lane_free(image, limits)
