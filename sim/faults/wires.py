"""Faults of units and links: silence, frozen values, a broker that is gone."""

from typing import Final

from sim.emulators import Emulators
from sim.faults.kinds import Argument, Arguments, FaultError, FaultKind, Parameter, Rig, kind
from sim.world import World


def _need(rig: Rig) -> Emulators:
    if rig.emulators is None:
        raise FaultError("there are no emulators to act on")
    return rig.emulators


def _units(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.units) if emulators else ()


def _links(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return (*emulators.modbus, *emulators.can) if emulators else ()


def _nodes(_w: World, emulators: Emulators | None) -> tuple[Argument, ...]:
    return tuple(emulators.nodes) if emulators else ()


def _silent(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.silent = on


def _frozen(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).units[str(arguments["unit"])].fault.frozen = on


def _node_silent(rig: Rig, arguments: Arguments, on: bool) -> None:
    _need(rig).nodes[str(arguments["place"])].fault.silent = on


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


def _broker(rig: Rig, _arguments: Arguments, on: bool) -> None:
    hook = rig.hooks.get("broker-down")
    if hook is None:
        raise FaultError("nobody here runs a broker")
    hook(on)


UNIT: Final = Parameter("unit", "unit of the station file", str, _units)
LINK: Final = Parameter("link", "link of the station file", str, _links)
NODE: Final = Parameter("place", "where the pack is", str, _nodes)

WIRE_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("unit-silent", "a unit does not answer", "wires", _silent, (UNIT,)),
    kind("unit-frozen", "a unit repeats its last answers and does nothing", "wires", _frozen, (UNIT,)),
    kind("link-dead", "nothing answers on a link", "wires", _link_dead, (LINK,)),
    kind("pack-silent", "the BMS of the pack there says nothing", "wires", _node_silent, (NODE,)),
    kind("car-silent", "the car says nothing", "wires", _car_silent),
    kind("broker-down", "the cloud's broker is gone", "wires", _broker),
)
