"""Faults of the plant: what a person, a car, a pack or a mechanism does wrong."""

from collections.abc import Callable
from typing import Final

from hal.commands import Actuator, Slot
from sim.emulators import Emulators
from sim.faults.kinds import Argument, Arguments, FaultError, FaultKind, Parameter, Rig, kind
from sim.world import Car, Pack, World
from sim.world.latches import LatchSet

FOREIGN_SERIAL: Final = "999PX20FOREIGN0000000000"
FOREIGN_VIN: Final = "LXXWRNG00XX999999"


def _points(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return tuple(range(1, world.plant.lock_points + 1))


def _places(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return ("car", "buffer", "store", "head", "fork", *(f"bay-{k}" for k in range(1, world.plant.bays + 1)))


POINT: Final = Parameter("point", "lock point", int, _points)
PLACE: Final = Parameter("place", "where the pack is", str, _places)
PACK: Final = Parameter("pack", "serial number or place of the pack")


def pack_at(world: World, place: str) -> Pack:
    """The pack at a place, by the name that people use. Raises `FaultError` when there is none."""
    rail: dict[str, Pack | None] = {"buffer": world.buffer_pack, "store": world.store_pack}
    pack = rail[place] if place in rail else world.packs.at.get(place)
    if pack is None and place == "car" and world.cars.queue:
        pack = world.cars.queue[0].pack
    if pack is None:
        raise FaultError(f"there is no pack at {place}")
    return pack


def _named_pack(world: World, name: str) -> Pack:
    cars = [*world.cars.queue, *([world.cars.lane] if world.cars.lane else [])]
    known: list[Pack] = [*world.packs.at.values(), *(car.pack for car in cars if car.pack)]
    return next((pack for pack in known if pack.serial == name), None) or pack_at(world, name)


def _car(world: World) -> Car:
    car = world.cars.lane or (world.cars.queue[0] if world.cars.queue else None)
    if car is None:
        raise FaultError("there is no car")
    return car


def _on_car(
    name: str, good: Argument | bool | None, bad: Argument | bool | None
) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(_car(rig.world), name, bad if on else good)

    return act


def _on_safety(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(rig.world.safety, name, on)
        rig.world.safety.look()

    return act


def _on_point(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        setattr(rig.world.locks.points[int(arguments["point"]) - 1], name, on)

    return act


def _on_latch(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        if not isinstance(rig.world.locks, LatchSet):
            raise FaultError("the lock points of this station are bolts, not latches")
        setattr(rig.world.locks.latches[int(arguments["point"]) - 1], name, on)
        rig.world.touch()

    return act


def _thread(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        pack, point = _named_pack(rig.world, str(arguments["pack"])), int(arguments["point"])
        points: frozenset[int] = getattr(pack, name)
        setattr(pack, name, points | {point} if on else points - {point})

    return act


def _wrong_vin(rig: Rig, arguments: Arguments, on: bool) -> None:
    _car(rig.world).reported_vin = str(arguments["vin"]) if on else None


def _stall(rig: Rig, arguments: Arguments, on: bool) -> None:
    lift = rig.world.lift
    at_mm = float(arguments.get("at_mm", -1.0))
    lift.set_stall((at_mm if at_mm >= 0.0 else lift.mm) if on else None)


def _load_offset(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.lift.load_offset_kg = float(arguments["kg"]) if on else 0.0


def _wrong_pack(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack = pack_at(rig.world, str(arguments["place"]))
    if on:
        rig.notes[FOREIGN_SERIAL] = pack.serial
        pack.serial = FOREIGN_SERIAL
    elif pack.serial == FOREIGN_SERIAL:
        pack.serial = rig.notes.pop(FOREIGN_SERIAL)


def _hot(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack = pack_at(rig.world, str(arguments["place"]))
    pack.temp_degc = float(arguments["degc"]) if on else rig.world.plant.ambient_degc
    pack.warm_at_s = rig.world.clock.plant


def _bits(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack_at(rig.world, str(arguments["place"])).fault_bits = int(arguments["bits"]) if on else 0


def _jam_slot(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.shuttle.jam(Slot(str(arguments["slot"])) if on else None)


def _jam_actuator(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.platform.jam(Actuator(str(arguments["actuator"])), on)


def _reset(rig: Rig, _arguments: Arguments) -> None:
    rig.world.safety.press_reset()


SLOT: Final = Parameter("slot", "slot of the shuttle", str, lambda _w, _e: tuple(s.value for s in Slot))
ACTUATOR: Final = Parameter("actuator", "actuator", str, lambda _w, _e: tuple(a.value for a in Actuator))

PLANT_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("bolt-stuck", "a bolt does not break loose, a latch does not move", "locks", _on_point("stuck"), (POINT,)),
    kind("latch-open-wrong", "the open switch of a latch is wrong", "locks", _on_latch("open_wrong"), (POINT,)),
    kind(
        "latch-closed-wrong",
        "the closed switch of a latch is wrong",
        "locks",
        _on_latch("closed_wrong"),
        (POINT,),
    ),
    kind("thread-stripped", "a pack's bolt turns without torque", "locks", _thread("stripped"), (PACK, POINT)),
    kind("thread-crossed", "a pack's bolt binds half way", "locks", _thread("crossed"), (PACK, POINT)),
    kind(
        "lock-proof-wrong",
        "the second channel of a lock point shows the opposite",
        "locks",
        _on_point("proof_wrong"),
        (POINT,),
    ),
    kind(
        "lift-stall",
        "the lift stops dead at a height (or where it is) and its drive trips",
        "lift",
        _stall,
        (Parameter("at_mm", "height", float, default=-1.0),),
    ),
    kind(
        "load-offset", "the load cell is off", "lift", _load_offset, (Parameter("kg", "offset", float, default=60.0),)
    ),
    kind("shuttle-jam", "a slot does not follow its drive", "shuttle", _jam_slot, (SLOT,)),
    kind("actuator-jam", "an actuator sticks where it is", "platform", _jam_actuator, (ACTUATOR,)),
    kind(
        "wrong-pack",
        "the pack there carries a foreign serial number",
        "packs",
        _wrong_pack,
        (Parameter("place", "place", str, _places, "buffer"),),
    ),
    kind("pack-hot", "a pack is hot", "packs", _hot, (PLACE, Parameter("degc", "temperature", float, default=65.0))),
    kind(
        "pack-fault",
        "a pack reports fault bits",
        "packs",
        _bits,
        (PLACE, Parameter("bits", "fault bits", int, default=1)),
    ),
    kind("door-open", "a door of the car is opened", "car", _on_car("doors_closed", True, False)),
    kind("park-lost", "the car leaves P", "car", _on_car("in_park", True, False)),
    kind("brake-lost", "the car's brake is let go", "car", _on_car("brake_held", True, False)),
    kind(
        "wrong-vin", "the car says another VIN", "car", _wrong_vin, (Parameter("vin", "VIN", str, default=FOREIGN_VIN),)
    ),
    kind("car-hv-on", "the car does not switch its HV off", "car", _on_car("hv_stuck", False, True)),
    kind("self-check-fails", "the car's self-check fails", "car", _on_car("check_fails", False, True)),
    kind("estop", "an e-stop is pressed (clear = pulled out)", "safety", _on_safety("estop_pressed")),
    kind("person-in-cell", "a person is in the cell", "safety", _on_safety("person_in_cell")),
    kind("curtain-broken", "the light curtain is broken", "safety", _on_safety("curtain_broken")),
    kind("guard-gate-open", "the guard gate is open", "safety", _on_safety("guard_gate_open")),
    kind("smoke", "smoke is detected", "safety", _on_safety("smoke")),
    kind(
        "maintenance-key",
        "the key of the mode selector is turned (clear = back)",
        "safety",
        _on_safety("maintenance_key"),
    ),
    FaultKind("safety-reset", "a person presses the safety PLC's reset button", "safety", _reset, None),
)
