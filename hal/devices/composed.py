"""A device made of units: its reading from their values, its commands to the unit that knows the verb."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from hal.codecs.registers import Value
from hal.commands import (
    Command,
    Drive,
    Heartbeat,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RunEnable,
    Side,
    Slot,
    Stop,
    Unlock,
)
from hal.devices.unit import ModbusUnit
from hal.errors import CodecError
from hal.readings import READING_OF_KIND, InsulationBound, InsulationState, LockState, Reading, roles

_SIDE: Final = {Side.LEFT: 0, Side.RIGHT: 1}


def _locks(value: Value | None) -> tuple[LockState, ...] | None:
    return None if value is None else tuple(LockState(str(s)) for s in value)  # type: ignore[union-attr]


def _word(kind: type[StrEnum]) -> Callable[[Value | None], StrEnum | None]:
    return lambda value: None if value is None else kind(str(value))


_CONVERT: Final[dict[tuple[str, str], Callable[[Value | None], Any]]] = {
    ("lock-set", "state"): _locks,
    ("insulation", "insulation_state"): _word(InsulationState),
    ("insulation", "insulation_bound"): _word(InsulationBound),
}


class Device:
    """One role-bearing device of a station. `max_age_s` of a unit says how old its values may be to count."""

    def __init__(self, name: str, kind: str, units: Sequence[ModbusUnit]) -> None:
        self.name = name
        self.kind = kind
        self.units = tuple(units)
        self._reading = READING_OF_KIND[kind]
        wanted = roles(kind)
        self._sources = tuple((unit, tuple(r for r in wanted if r in unit.codec.fields)) for unit in self.units)
        self._convert = {r: _CONVERT[kind, r] for r in wanted if (kind, r) in _CONVERT}

    def reading(self, is_fresh: Callable[[ModbusUnit], bool]) -> Reading:
        """Reading of now: roles of a unit that is not fresh are `None`."""
        values: dict[str, Any] = {}
        at_s = float("inf")
        for unit, names in self._sources:
            if is_fresh(unit):
                seen = unit.values
                for name in names:
                    values[name] = seen.get(name)
                at_s = min(at_s, unit.at_s)
        for name, convert in self._convert.items():
            if name in values:
                values[name] = convert(values[name])
        return self._reading(**values, at_s=at_s if values else 0.0)  # type: ignore[no-any-return]

    async def do(self, command: Command, *, urgent: bool = False, still: Callable[[], bool] = lambda: True) -> None:
        """Carry out a command. Raises `LinkError`, `DeviceError`, `CodecError`."""
        verb, arguments = words_of(command)
        unit = next((u for u in self.units if verb in u.codec.verbs), None)
        if unit is None:
            raise CodecError(f"{self.name}: no unit knows the verb {verb!r}")
        await unit.do(verb, arguments, urgent=urgent, still=still)


def device_of(command: Command) -> str:
    """Name of the device that a command is for."""
    match command:
        case MoveLift():
            return "lift"
        case Lock() | Unlock():
            return "locks"
        case MoveSlot():
            return "shuttle"
        case MoveStacker() | PickPack() | PlacePack() | HomeFork():
            return "stacker"
        case Drive():
            return "platform"
        case RunEnable() | Heartbeat():
            return "safety"
        case Stop(device):
            return device
        case _:
            return "car"


def words_of(command: Command) -> tuple[str, Mapping[str, Value]]:  # noqa: PLR0911, PLR0912 - one case per verb
    """Verb and arguments of a command, in the words of the device files."""
    match command:
        case MoveLift(position_mm, speed_mm_s):
            return "move", {"position_mm": position_mm, "speed_mm_s": speed_mm_s}
        case Lock(points):
            return "lock", {"mask": sum(1 << (p - 1) for p in points)}
        case Unlock(points):
            return "unlock", {"mask": sum(1 << (p - 1) for p in points)}
        case MoveSlot(slot, position_mm, speed_mm_s):
            verb = "move_out" if slot is Slot.OUT else "move_in"
            return verb, {"position_mm": position_mm, "speed_mm_s": speed_mm_s}
        case MoveStacker(level_mm):
            return "move", {"level_mm": level_mm}
        case PickPack(side):
            return "pick", {"side": _SIDE[side]}
        case PlacePack(side):
            return "place", {"side": _SIDE[side]}
        case HomeFork():
            return "home", {}
        case Drive(actuator, out):
            return "drive", {"actuator": actuator.value, "out": out}
        case RunEnable(on):
            return "run_enable", {"on": on}
        case Heartbeat(count):
            return "heartbeat", {"count": count}
        case Stop():
            return "stop", {}
        case _:
            raise CodecError(f"{type(command).__name__} is not for a Modbus device")
