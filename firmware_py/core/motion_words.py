"""What a command will move, in words for the person who is asked whether it may."""

from typing import Final

from firmware_py.core.image import Image
from hal.commands import (
    Actuator,
    Command,
    Drive,
    DriveConnector,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    Slot,
    Unlock,
)

ENDS: Final[dict[Actuator, tuple[str, str]]] = {
    Actuator.RODS: ("rods go out to the wheels", "rods go home"),
    Actuator.PINS: ("pins engage", "pins retract"),
    Actuator.PIN_LIFT: ("pin lift goes up", "pin lift goes down"),
    Actuator.SHUTTER: ("shutter opens", "shutter closes"),
    Actuator.LANE_GATE: ("lane gate opens", "lane gate closes"),
}
"""What each actuator does to its working end, and to its home."""


def motion(command: Command, image: Image) -> str:
    """Which part goes where, how fast where that is ours to say. Empty for what moves nothing.

    Only the way is told, never where a part stands: as long as the same would happen, the words are the same.
    """
    match command:
        case MoveLift(mm, speed):
            text = f"lift goes {_way(image.lift.position_mm, mm)}to {mm:g} mm at {speed:g} mm/s"
        case MoveSlot(slot, mm, speed):
            text = f"{'slot_in' if slot is Slot.IN else 'slot_out'} goes to {mm:g} mm at {speed:g} mm/s"
        case MoveStacker(level):
            text = f"stacker goes {_way(image.stacker.level_mm, level)}to level {level:g} mm"
        case PickPack(side):
            text = f"fork goes out to the {side.value}, takes the pack and comes home"
        case PlacePack(side):
            text = f"fork goes out to the {side.value}, puts its pack down and comes home"
        case HomeFork():
            text = "fork comes home"
        case Drive(actuator, out):
            text = ENDS[actuator][0 if out else 1]
        case Lock(points):
            text = f"lock points {', '.join(map(str, points))} are tightened"
        case Unlock(points):
            text = f"lock points {', '.join(map(str, points))} are freed"
        case DriveConnector(bay, connector, out):
            text = f"{connector.value} connector of bay {bay} {'mates' if out else 'retracts'}"
        case _:
            text = ""
    return text


def _way(seen_mm: float | None, to_mm: float) -> str:
    if seen_mm is None or round(seen_mm) == round(to_mm):
        return ""
    return "up " if seen_mm < to_mm else "down "
