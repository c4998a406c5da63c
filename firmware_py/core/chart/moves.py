"""The commands of the rows: pure functions from the view to what shall be done."""

from collections.abc import Callable

from firmware_py.core.chart.rows import Commands
from firmware_py.core.checks import View, connector_is
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Connector,
    Drive,
    DriveConnector,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RequestCar,
    Slot,
    Unlock,
)
from hal.readings import LockState


def lift_to(height: str, speed: str) -> Commands:
    """Bring the head to a height of the station file."""

    def command(v: View) -> tuple[Command, ...]:
        return (MoveLift(getattr(v.params, f"lift_{height}_mm"), v.params.lift_speed_mm_s[speed]),)

    return command


def slot_to(slot: Slot, place: str) -> Commands:
    """Bring a shuttle slot to a place of the station file."""

    def command(v: View) -> tuple[Command, ...]:
        return (MoveSlot(slot, getattr(v.params, f"slot_{place}_mm"), v.params.slot_speed_mm_s[slot]),)

    return command


def drive(*pairs: tuple[Actuator, bool]) -> Commands:
    """Drive platform actuators to their working (`True`) or home position."""
    commands = tuple(Drive(a, out) for a, out in pairs)
    return lambda _: commands


def ask_car(mode: CarMode) -> Commands:
    """Ask the car for a mode."""
    commands = (RequestCar(mode),)
    return lambda _: commands


def both(*parts: Commands) -> Commands:
    """Several commands in this order."""
    return lambda v: tuple(c for part in parts for c in part(v))


def _points(v: View, wanted: Callable[[LockState], bool]) -> tuple[int, ...]:
    seen = v.image.locks.state or ()
    return tuple(i for i, s in enumerate(seen, 1) if wanted(s))


def unlock_all(v: View) -> tuple[Command, ...]:
    """Free every lock point that is not seen free."""
    points = _points(v, lambda s: s is not LockState.FREE)
    return (Unlock(points),) if points else ()


def lock_all(v: View) -> tuple[Command, ...]:
    """Tighten every lock point that is not seen locked."""
    points = _points(v, lambda s: s is not LockState.LOCKED)
    return (Lock(points),) if points else ()


def back_off_failed(v: View) -> tuple[Command, ...]:
    """Free the lock points that failed, to try them again."""
    points = _points(v, lambda s: s is LockState.FAILED)
    return (Unlock(points),) if points else ()


def connector(which: Connector, *, out: bool) -> Commands:
    """Mate or retract a connector of the swap's bay; nothing where it is there already."""

    def command(v: View) -> tuple[Command, ...]:
        there = connector_is(which, out=out)(v) is None
        return () if there else (DriveConnector(v.swap.bay, which, out),)

    return command


def stacker_to(place: Callable[[View], str]) -> Commands:
    """Bring the stacker to the level of a place."""
    return lambda v: (MoveStacker(v.params.places[place(v)].level_mm),)


def pick_at(place: Callable[[View], str]) -> Commands:
    """Take the pack that stands at a place. With the pack on the fork already only the way home is left."""
    return lambda v: (HomeFork() if v.image.stacker.present else PickPack(v.params.places[place(v)].side),)


def place_at(place: Callable[[View], str]) -> Commands:
    """Put the carried pack down at a place. With the fork empty already only the way home is left."""
    return lambda v: (HomeFork() if v.image.stacker.present is False else PlacePack(v.params.places[place(v)].side),)
