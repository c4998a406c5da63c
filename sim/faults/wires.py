"""Faults of units and links: silence, frozen values, answers that are none, a broker that is gone."""

from collections.abc import Callable
from typing import Final

from hal.codecs.values import Scalar
from sim.emulators import Emulators
from sim.emulators.faults import Spoil
from sim.emulators.unit import UnitEmulator
from sim.faults.kinds import Act, Argument, Arguments, FaultError, FaultKind, Parameter, Rig, kind
from sim.world import World

EXCEPTIONS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 11)
"""Modbus Application Protocol V1.1b3, 7."""


def _need(rig: Rig) -> Emulators:
    if rig.emulators is None:
        raise FaultError("there are no emulators to act on")
    return rig.emulators


def _units(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.units) if emulators else ()


def _telling(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(name for name, unit in emulators.units.items() if unit.can_tell) if emulators else ()


def _links(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return (*emulators.modbus, *emulators.can, *emulators.lines) if emulators else ()


def _buses(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.can) if emulators else ()


def _nodes(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.nodes) if emulators else ()


def _silent(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.silent = on


def _frozen(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.frozen = on


def _input(rig: Rig, arguments: Arguments) -> tuple[UnitEmulator, str, int, Scalar]:
    """The unit, the role, the element, and what it shows now."""
    unit, role, point = _need(rig).units[str(arguments["unit"])], str(arguments["role"]), int(arguments["point"])
    shown = unit.values().get(role)
    if shown is None:
        raise FaultError(f"unit {unit.unit.name} has no input {role!r}")
    if not isinstance(shown, tuple):
        if point:
            raise FaultError(f"{role} of {unit.unit.name} is one value, it has no points")
        return unit, role, 0, shown
    if not 1 <= point <= len(shown):
        raise FaultError(f"{role} of {unit.unit.name}: point={point} is not one of 1 to {len(shown)}")
    return unit, role, point, shown[point - 1]


def _input_wrong(rig: Rig, arguments: Arguments, on: bool) -> None:
    unit, role, point, shown = _input(rig, arguments)
    if not isinstance(shown, bool):
        raise FaultError(f"{role} of {unit.unit.name} is no switch")
    unit.lies.pop((role, point), None)
    if on:
        unit.lies[role, point] = bool(arguments["value"])


def _input_stuck(rig: Rig, arguments: Arguments, on: bool) -> None:
    unit, role, point, shown = _input(rig, arguments)
    unit.lies.pop((role, point), None)
    if on:
        unit.lies[role, point] = shown


def _refuses(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.refuses = int(arguments["code"]) if on else 0


def _late(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.late_s = float(arguments["seconds"]) if on else 0.0


def _garbled(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.spoil = Spoil(str(arguments["how"])) if on else None


def _other(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.other = on


def _node_silent(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).nodes[str(arguments["place"])].fault.silent = on


def _chargers(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.chargers) if emulators else ()


def _charger_silent(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).chargers[str(arguments["place"])].fault.silent = on


def _charger_fault(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).chargers[str(arguments["place"])].fault_word = int(arguments["bits"]) if on else 0


def _car_silent(rig: Rig, _arguments: Arguments, on: bool) -> None:
    car = _need(rig).car
    if car is None:
        raise FaultError("the station has no car link")
    car.fault.silent = on


def _link_dead(rig: Rig, arguments: Arguments, on: bool) -> None:
    emulators, link = _need(rig), str(arguments["link"])
    for unit in emulators.units.values():
        if unit.unit.link == link:
            unit.fault.silent = on
    for node in emulators.can.get(link, ()):
        node.fault.silent = on
    if link in emulators.lines:
        emulators.lines[link].fault.silent = on


def _hook(rig: Rig, name: str, missing: str) -> Callable[[bool], None]:
    hook = rig.hooks.get(name)
    if hook is None:
        raise FaultError(missing)
    return hook


def _broker(rig: Rig, _arguments: Arguments, on: bool) -> None:
    _hook(rig, "broker-down", "nobody here runs a broker")(on)


def _broker_frozen(rig: Rig, _arguments: Arguments, on: bool) -> None:
    _hook(rig, "broker-frozen", "nobody here runs a broker")(on)


def _controller(rig: Rig, _arguments: Arguments, on: bool) -> None:
    _hook(rig, "controller-dead", "nobody here runs a controller")(on)


def _other_files(rig: Rig, _arguments: Arguments, on: bool) -> None:
    _hook(rig, "other-files", "nobody here runs a controller")(on)


def _disk(name: str) -> Act:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        _hook(rig, name, "nobody here keeps a journal")(on)

    return act


def _once(name: str) -> Callable[[Rig, Arguments], None]:
    act = _disk(name)
    return lambda rig, arguments: act(rig, arguments, True)


def _babbles(rig: Rig, arguments: Arguments, on: bool) -> None:
    link = str(arguments["link"])
    _hook(rig, f"babble {link}", f"nobody here can babble on {link}")(on)


def _bus_off(rig: Rig, arguments: Arguments, on: bool) -> None:
    link = str(arguments["link"])
    _hook(rig, f"bus-off {link}", f"{link} has no controller chip here")(on)


def _unplugged(rig: Rig, arguments: Arguments, on: bool) -> None:
    link = str(arguments["link"])
    _hook(rig, f"unplug {link}", f"{link} has no adapter here that could be pulled out")(on)


UNIT: Final = Parameter("unit", "unit of the station file", str, _units)
ROLE: Final = Parameter("role", "input, by its role in the device file")
ELEMENT: Final = Parameter("point", "which of several, from 1", int, default=0)
VALUE: Final = Parameter("value", "what it shows: 0 or 1", int, lambda _w, _e: (0, 1), default=0)
TELLING: Final = Parameter("unit", "unit that can tell what it is", str, _telling)
BUS: Final = Parameter("link", "CAN link of the station file", str, _buses)
LINK: Final = Parameter("link", "link of the station file", str, _links)
CODE: Final = Parameter("code", "exception code", int, lambda _w, _e: tuple(EXCEPTIONS), default=EXCEPTIONS[3])
HOW: Final = Parameter("how", "what becomes of its answers", str, lambda _w, _e: tuple(s.value for s in Spoil), "noise")
LATE: Final = Parameter("seconds", "how much later than usual", float, default=0.5)
NODE: Final = Parameter("place", "where the pack is", str, _nodes)
CHARGER: Final = Parameter("place", "bay of the charger", str, _chargers)
BITS: Final = Parameter("bits", "fault word", int, default=0x000200)

WIRE_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("unit-silent", "a unit does not answer", "wires", _silent, (UNIT,)),
    kind("unit-frozen", "a unit repeats its last answers and does nothing", "wires", _frozen, (UNIT,)),
    kind("input-wrong", "a switch shows the wrong thing", "wires", _input_wrong, (UNIT, ROLE, ELEMENT, VALUE)),
    kind("input-stuck", "an input keeps the value that it has now", "wires", _input_stuck, (UNIT, ROLE, ELEMENT)),
    kind("unit-refuses", "a unit answers every request with an exception", "wires", _refuses, (UNIT, CODE)),
    kind("unit-late", "a unit answers later than its time-out", "wires", _late, (UNIT, LATE)),
    kind("unit-garbled", "a unit does as it is told, but its answers are no answers", "wires", _garbled, (UNIT, HOW)),
    kind("unit-other", "another product answers at the address of a unit", "wires", _other, (TELLING,)),
    kind("link-dead", "nothing answers on a link", "wires", _link_dead, (LINK,)),
    kind("pack-silent", "the BMS of the pack there says nothing", "wires", _node_silent, (NODE,)),
    kind("charger-silent", "the charger there does not answer", "wires", _charger_silent, (CHARGER,)),
    kind("charger-fault", "the charger there reports fault bits and is off", "wires", _charger_fault, (CHARGER, BITS)),
    kind("car-silent", "the car says nothing", "wires", _car_silent),
    kind("can-babble", "a node fills a CAN link with frames of its own", "wires", _babbles, (BUS,)),
    kind("can-bus-off", "the controller chip of a CAN link has gone bus-off", "wires", _bus_off, (BUS,)),
    kind("adapter-unplugged", "the adapter of a CAN link is pulled out", "wires", _unplugged, (BUS,)),
    kind("broker-down", "the cloud's broker is gone", "wires", _broker),
    kind("broker-frozen", "the cloud's broker keeps its connections and answers nobody", "wires", _broker_frozen),
    kind("controller-dead", "the controller is killed (clear = started again)", "controller", _controller),
    kind("disk-hangs", "no commit of the journal comes to its end", "controller", _disk("disk-hangs")),
    kind("disk-full", "the disk of the journal is full", "controller", _disk("disk-full")),
    kind("disk-low", "little room is left on the disk of the journal", "controller", _disk("disk-low")),
    kind("other-files", "from its next start on the controller has other files", "controller", _other_files),
    FaultKind("journal-fails", "the disk of the journal fails", "controller", _once("journal-fails"), None),
    FaultKind("journal-backup", "a backup of the journal is taken", "controller", _once("journal-backup"), None),
    FaultKind("journal-restored", "that backup takes its place", "controller", _once("journal-restored"), None),
)
