"""What is seen to move, and what is seen to stand."""

from firmware_py.core.image import Image
from hal.readings import LockState


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


def stands_still(image: Image) -> bool:
    """Every mover is seen to stand; one that cannot be seen is waited for by a timer."""
    moving = (image.lift.moving, image.shuttle.out_moving, image.shuttle.in_moving, image.stacker.moving)
    return all(m is False for m in moving) and image.locks.state is not None and not seen_moving(image)
