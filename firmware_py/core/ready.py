"""What keeps the station from Idle."""

from dataclasses import fields
from typing import Final

from firmware_py.core import safety
from firmware_py.core.image import Image
from firmware_py.core.params import BOLT_FIELDS, Params

_DEVICES: Final = ("lift", "locks", "shuttle", "stacker", "platform", "hoist", "rack", "fire", "ups")


def unready(image: Image, params: Params) -> list[str]:
    """What keeps the station from Idle: every device must have a fresh reading and the chain must be closed.

    Packs that have not spoken are waited for as long as resetting may take; then the station serves without them.
    """
    lacking = [text for _, text in safety.missing(image.safety)]
    for device in _DEVICES:
        reading = getattr(image, device)
        absent = BOLT_FIELDS if device == "locks" and params.bolts is None else ()
        unknown = [f.name for f in fields(reading) if getattr(reading, f.name) is None and f.name not in absent]
        if unknown:
            lacking.append(f"{device}: no fresh reading of {', '.join(unknown)}")
    if image.platform.lane_clear is False:
        lacking.append("lane: a car stands in it")
    carrying = {
        "lift": (image.lift.load_kg or 0.0) > params.touch_max_kg,
        "slot out": image.shuttle.out_present,
        "slot in": image.shuttle.in_present,
        "stacker": image.stacker.present,
    }
    lacking.extend(f"{name}: a pack is on it" for name, loaded in carrying.items() if loaded)
    return lacking
