"""Faults around the swap: fire, bays, hoist, position unit, code reader, insulation, supplies, what the car finds."""

from collections.abc import Callable
from typing import Final

from hal.commands import Connector
from sim.emulators import Emulators
from sim.faults.car import FOREIGN_SERIAL, the_car
from sim.faults.kinds import Act, Argument, Arguments, FaultKind, Parameter, Rig, kind
from sim.world import World
from sim.world.house import HEALTHY_OHM
from sim.world.lane import COLUMNS


def _zones(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return world.fire.zones


def _bays(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return world.rack.bays


ZONE: Final = Parameter("zone", "zone of the fire panel", int, _zones, 1)
BAY: Final = Parameter("bay", "bay", int, _bays)
CONNECTOR: Final = Parameter("connector", "connector", str, lambda _w, _e: tuple(c.value for c in Connector), "power")
COLUMN: Final = Parameter("column", "column of the hoist", int, lambda _w, _e: tuple(range(1, COLUMNS + 1)), 1)


def _in(places: Callable[[World], set[int]], parameter: str) -> Act:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        found = places(rig.world)
        (found.add if on else found.discard)(int(arguments[parameter]))

    return act


def _set(part: str, name: str, good: object, bad: object) -> Act:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(getattr(rig.world, part), name, bad if on else good)

    return act


def _jam(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.rack.jam(int(arguments["bay"]), Connector(str(arguments["connector"])), on)


def _column(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.hoist.off_mm[int(arguments["column"]) - 1] = float(arguments["mm"]) if on else 0.0


def _offset(rig: Rig, arguments: Arguments, on: bool) -> None:
    found = (float(arguments["x_mm"]), float(arguments["y_mm"]), float(arguments["yaw_deg"]))
    cars = rig.world.cars
    cars.misplaced = found if on else None
    if cars.parked is not None:
        cars.parked.offset = found if on else (0.0, 0.0, 0.0)


def _says(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.sight.says = str(arguments["code"]) if on else None


def _ohm(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.insulation.ohm = float(arguments["ohm"]) if on else HEALTHY_OHM


def _mains(rig: Rig, _arguments: Arguments, on: bool) -> None:
    rig.world.ups.set_mains(not on)


def _car_insulation(rig: Rig, _arguments: Arguments, on: bool) -> None:
    the_car(rig.world).insulation_ok = not on


def _trouble(rig: Rig, arguments: Arguments, on: bool) -> None:
    the_car(rig.world).trouble_codes = int(arguments["count"]) if on else 0


HOUSE_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind(
        "smoke",
        "smoke in a zone: the fire panel opens the safety chain",
        "fire",
        _in(lambda w: w.fire.smoke, "zone"),
        (ZONE,),
    ),
    kind("gas", "gas in a zone", "fire", _in(lambda w: w.fire.gas, "zone"), (ZONE,)),
    kind("fire-panel-fault", "the fire panel is out of order", "fire", _set("fire", "panel_ok", True, False)),
    kind("extraction-stuck", "the extraction fan does not run", "fire", _set("fire", "fan_stuck", False, True)),
    kind("coolant-leak", "coolant leaks in a bay", "rack", _in(lambda w: w.rack.leaks, "bay"), (BAY,)),
    kind("connector-stuck", "a connector of a bay sticks where it is", "rack", _jam, (BAY, CONNECTOR)),
    kind(
        "column-out-of-step",
        "a column of the hoist is ahead of the others at the top",
        "hoist",
        _column,
        (COLUMN, Parameter("mm", "how far", float, default=12.0)),
    ),
    kind(
        "catch-not-engaged", "the mechanical catch does not fall in", "hoist", _set("hoist", "catch_stuck", False, True)
    ),
    kind("hoist-overload", "the hoist carries more than it may", "hoist", _set("hoist", "overloaded", False, True)),
    kind(
        "parked-off",
        "cars come to stand off their place",
        "vision",
        _offset,
        (
            Parameter("x_mm", "too far forward", float, default=300.0),
            Parameter("y_mm", "too far left", float, default=0.0),
            Parameter("yaw_deg", "turned left", float, default=0.0),
        ),
    ),
    kind("seat-blocked", "something hangs at the underbody seat", "vision", _set("sight", "seat_blocked", False, True)),
    kind(
        "scanner-other-code",
        "the code reader gives another pack's code",
        "scanner",
        _says,
        (Parameter("code", "code", str, default=FOREIGN_SERIAL),),
    ),
    kind("scanner-blind", "the code reader reads nothing", "scanner", _set("sight", "blind", False, True)),
    kind("scanner-garbage", "the code reader sends junk", "scanner", _set("sight", "garbled", False, True)),
    kind(
        "insulation-low",
        "the insulation of the DC side is low",
        "insulation",
        _ohm,
        (Parameter("ohm", "resistance", float, default=50_000.0),),
    ),
    kind("mains-lost", "the grid is gone", "ups", _mains),
    kind(
        "ups-battery-bad", "the battery of the emergency supply is bad", "ups", _set("ups", "battery_ok", True, False)
    ),
    kind("car-insulation-low", "the car finds its insulation low", "car", _car_insulation),
    kind(
        "car-trouble-codes",
        "the car has fault codes",
        "car",
        _trouble,
        (Parameter("count", "how many", int, default=1),),
    ),
)
