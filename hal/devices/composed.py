"""A device made of units: its reading from their values, its commands to the unit that knows the verb."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from hal.codecs.registers import Value
from hal.commands import (
    Command,
    Drive,
    DriveConnector,
    DriverText,
    EnableCharger,
    Extract,
    Heartbeat,
    HomeFork,
    Lamp,
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
from hal.devices.gathered import gathered, latches_of
from hal.devices.unit import ModbusUnit, Values
from hal.errors import CodecError, HalError
from hal.readings import READING_OF_KIND, InsulationBound, InsulationState, LockState, Reading, roles

STOP: Final = "stop"
_SIDE: Final = {Side.LEFT: 0, Side.RIGHT: 1}


def _locks(value: Value | None) -> tuple[LockState, ...] | None:
    return tuple(LockState(str(s)) for s in value) if isinstance(value, tuple) else None


def _word(kind: type[StrEnum]) -> Callable[[Value | None], StrEnum | None]:
    return lambda value: None if value is None else kind(str(value))


_CONVERT: Final[dict[tuple[str, str], Callable[[Value | None], Any]]] = {
    ("lock-set", "state"): _locks,
    ("insulation", "insulation_state"): _word(InsulationState),
    ("insulation", "insulation_bound"): _word(InsulationBound),
    ("signals", "lamp"): _word(Lamp),
    ("signals", "text"): _word(DriverText),
}


class Device:
    """One role-bearing device of a station. `max_age_s` of a unit says how old its values may be to count."""

    def __init__(self, name: str, kind: str, units: Sequence[ModbusUnit]) -> None:
        self.name = name
        self.kind = kind
        self.units = tuple(units)
        self._reading = READING_OF_KIND[kind]
        wanted = roles(kind)
        files = [unit.codec.unit for unit in self.units]
        self._gathered = tuple(gathered(wanted, files))
        self._latches = latches_of(files)
        self.undecided = False
        """The next poll of any unit may change the reading, also when its values are the old ones."""
        several = {role for role, _, _ in self._gathered}
        singles = [{r: name for r, name in f.offers.items() if r in wanted and r not in several} for f in files]
        self._sources = tuple((unit, tuple(names.items())) for unit, names in zip(self.units, singles, strict=True))
        self._convert = {r: _CONVERT[kind, r] for r in wanted if (kind, r) in _CONVERT}

    def reading(self, is_fresh: Callable[[ModbusUnit], bool]) -> Reading:
        """Reading of now: roles of a unit that is not fresh are `None`."""
        values: dict[str, Any] = {}
        at_s = float("inf")
        fresh: list[Values] = []
        for unit, names in self._sources:
            seen = unit.values if is_fresh(unit) else {}
            fresh.append(seen)
            if seen:
                for role, name in names:
                    values[role] = seen.get(name)
                at_s = min(at_s, unit.at_s)
        for role, parts, join in self._gathered:
            values[role] = join([fresh[i].get(name) for i, name in parts])
        if self._latches is not None:
            values["state"], self.undecided = self._latches.states(fresh, self.units)
        for name, convert in self._convert.items():
            if name in values:
                values[name] = convert(values[name])
        return self._reading(**values, at_s=at_s if values else 0.0)  # type: ignore[no-any-return]  # its class is data

    async def do(self, command: Command, *, urgent: bool = False, still: Callable[[], bool] = lambda: True) -> None:
        """Carry out a command. A stop goes to every unit that can stop, also when one of them fails.

        Raises `LinkError`, `DeviceError`, `CodecError`; of several failures the first.
        """
        verb, arguments = words_of(command)
        able = self._able(verb, arguments)
        if verb != STOP or len(able) == 1:
            unit, body = able[0]
            await unit.do(body, arguments, urgent=urgent, still=still)
            return
        async with asyncio.TaskGroup() as group:
            stops = [group.create_task(_stop(unit, body, urgent=urgent, still=still)) for unit, body in able]
        if (failure := next((f for stop in stops if (f := stop.result()) is not None), None)) is not None:
            raise failure

    def repeat_every_s(self, command: Command) -> float | None:
        """How often a part of the command must be sent again, or the unit drops it; `None` where once is enough."""
        verb, arguments = words_of(command)
        unit, body = self._able(verb, arguments)[0]
        return min((write.rewrite_every_s or 0.0 for write in unit.rewrites(body, arguments)), default=None)

    async def repeat(self, command: Command, *, still: Callable[[], bool]) -> None:
        """Send that part again. Raises as `do`."""
        verb, arguments = words_of(command)
        unit, body = self._able(verb, arguments)[0]
        await unit.rewrite(body, arguments, still=still)

    def _able(self, verb: str, arguments: Mapping[str, Value]) -> list[tuple[ModbusUnit, str]]:
        able = [(unit, body) for unit in self.units if (body := _body(unit, verb, arguments)) is not None]
        if not able:
            raise CodecError(f"{self.name}: no unit knows the verb {verb!r}")
        return able


def _body(unit: ModbusUnit, verb: str, arguments: Mapping[str, Value]) -> str | None:
    """What the unit calls a verb, `None` where it does not know it; an actuator belongs to the unit it is wired to."""
    codec = unit.codec
    if verb == "drive":
        return verb if arguments.get("actuator") in codec.actuators else None
    if verb in codec.unit.commands:
        return codec.unit.commands[verb]
    return verb if codec.unit.outputs and verb in codec.verbs else None


async def _stop(unit: ModbusUnit, body: str, *, urgent: bool, still: Callable[[], bool]) -> HalError | None:
    try:
        await unit.do(body, {}, urgent=urgent, still=still)
    except HalError as error:
        return error
    return None


_DEVICE_OF: Final[dict[type[Command], str]] = {
    MoveLift: "lift",
    Lock: "locks",
    Unlock: "locks",
    MoveSlot: "shuttle",
    MoveStacker: "stacker",
    PickPack: "stacker",
    PlacePack: "stacker",
    HomeFork: "stacker",
    Drive: "platform",
    RequestCar: "car",
    DriveConnector: "rack",
    Extract: "fire",
    Signal: "signals",
    RunEnable: "safety",
    Heartbeat: "safety",
}


def device_of(command: Command) -> str:
    """Name of the device that a command is for."""
    match command:
        case Stop(device):
            return device
        case EnableCharger(bay) | SetCharger(bay):
            return charger_name(bay)
        case _:
            return _DEVICE_OF[type(command)]


def charger_name(bay: int) -> str:
    """Name of the charger of a bay (1-based)."""
    return f"charger-{bay}"


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
        case DriveConnector(bay, connector, out):
            return "mate" if out else "retract", {"bay": bay, "connector": connector.value}
        case Extract(on):
            return "extract", {"on": on}
        case Signal(lamp, text):
            return "show", {"lamp": lamp.value, "text": text.value}
        case RunEnable(on):
            return "run_enable", {"on": on}
        case Heartbeat(count):
            return "heartbeat", {"count": count}
        case Stop():
            return "stop", {}
        case _:
            raise CodecError(f"{type(command).__name__} is not for a Modbus device")
