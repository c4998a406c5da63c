"""What is seen to move, and what is seen to stand."""

from collections.abc import Iterable
from typing import Final

from firmware_py.core.image import Image
from hal.commands import Actuator
from hal.readings import LockState

ENDS: Final[dict[Actuator, tuple[str, str]]] = {
    Actuator.RODS: ("rods_centred", "rods_home"),
    Actuator.PINS: ("pins_engaged", "pins_retracted"),
    Actuator.PIN_LIFT: ("pins_raised", "wheels_on_floor"),
    Actuator.SHUTTER: ("shutter_open", "shutter_closed"),
    Actuator.LANE_GATE: ("lane_gate_open", "lane_gate_closed"),
}
"""Switches of the platform that see an actuator out and home."""


def seen_moving(image: Image) -> list[str]:
    """Movers that are seen to move."""
    turning = image.locks.state is not None and LockState.TURNING in image.locks.state
    seen = {
        "lift": image.lift.moving,
        "locks": turning,
        "slot out": image.shuttle.out_moving,
        "slot in": image.shuttle.in_moving,
        "stacker": image.stacker.moving,
    }
    return [name for name, moving in seen.items() if moving]


def stands_still(image: Image, begun: Iterable[str] = ()) -> bool:
    """Every mover is seen to stand; one that cannot be seen is waited for by a timer.

    `begun`: what was in motion. Nothing tells of an actuator between its ends whether it moves: of those that were
    set in motion each is to be seen at one end.
    """
    moving = (image.lift.moving, image.shuttle.out_moving, image.shuttle.in_moving, image.stacker.moving)
    if not all(m is False for m in moving) or image.locks.state is None or seen_moving(image):
        return False
    return all(_at_one_end(image, actuator) for actuator in ENDS if actuator.value in begun)


def _at_one_end(image: Image, actuator: Actuator) -> bool:
    seen = [getattr(image.platform, switch) for switch in ENDS[actuator]]
    return True in seen and False in seen
