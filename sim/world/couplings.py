"""Where the parts touch each other: who holds a pack, who may move, who can reach what."""

from typing import TYPE_CHECKING

from hal.commands import Actuator, DriverText, Slot
from sim.world.car import Car
from sim.world.packs import CAR, HEAD, IN, OUT
from sim.world.stacker import Job

if TYPE_CHECKING:
    from sim.world.world import World


def join(world: "World") -> None:
    """Set the hooks of the parts once."""
    world.lift.on_pass = lambda mark, up: _pass(world, mark, up)
    world.locks.reach = lambda: _reach(world)
    world.locks.flaw = lambda point: _flaw(world, point)
    world.stacker.serve = lambda name: _serve(world, name)
    world.hoist.raised = lambda: world.platform.share(Actuator.PIN_LIFT)
    world.cars.gate_open = lambda: world.platform.is_out(Actuator.LANE_GATE)
    world.cars.park_again = lambda: world.signals.text is DriverText.PARK_AGAIN
    world.cars.plug = lambda: world.mated_pack
    world.cars.latched = lambda: world.latched
    world.cars.on_arrival = lambda car: _arrive(world, car)
    world.cars.on_departure = lambda car: _depart(world, car)


def couple(world: "World") -> None:
    """Bring the parts in line after a change of any of them."""
    release = world.safety.drives_enabled
    world.lift.set_allowed(release)
    world.locks.set_allowed(release)
    world.shuttle.set_allowed(release)
    world.stacker.set_allowed(release)
    world.platform.set_allowed(release)
    world.rack.set_allowed(release)
    _house(world)
    world.lift.car_above = world.cars.parked is not None
    _centre(world)
    world.cars.look()
    if world.locks.moving and not _reach(world):
        world.locks.stop()
    _hold(world)


def _house(world: "World") -> None:
    """Smoke reaches the safety chain by wire; the meter counts what is drawn while the grid is there."""
    smoke = bool(world.fire.smoke)
    if world.safety.smoke is not smoke:
        world.safety.smoke = smoke
        world.safety.look()
    drawn_w = world.plant.base_load_w + world.rack.grid_w
    world.meter.set_power(drawn_w if world.ups.on_mains else 0.0, live=world.ups.on_mains)


def _centre(world: "World") -> None:
    """Rods at their working position have pushed the car to its ideal place."""
    car = world.cars.parked
    if car is not None and world.platform.is_out(Actuator.RODS):
        car.offset = (0.0, 0.0, 0.0)


def _hold(world: "World") -> None:
    """A pack hangs on the car as long as any lock point holds it; then it is on the head, or it falls."""
    holding = world.locks.holding
    packs = world.packs
    if holding and HEAD in packs.at and CAR not in packs.at:
        packs.move(HEAD, CAR)
    elif not holding and CAR in packs.at:
        if world.lift.touches and HEAD not in packs.at:
            packs.move(CAR, HEAD)
        else:
            packs.drop(CAR)


def _reach(world: "World") -> bool:
    """The drivers sit on the head: they reach the bolts of a pack that is at its seat, from dock height on."""
    return world.lift.mm >= world.plant.dock_mm - 3.0 and world.lift.mated


def _flaw(world: "World", point: int) -> str:
    pack = world.packs.at.get(CAR) or world.packs.at.get(HEAD)
    if pack is not None and point in pack.stripped:
        return "stripped"
    return "crossed" if pack is not None and point in pack.crossed else ""


def _serve(world: "World", name: str) -> str | None:
    """Buffer and store are slots standing there; a bay is itself."""
    if name == "buffer":
        return IN if world.shuttle.at(Slot.IN, world.plant.buffer_mm) else None
    if name == "store":
        return OUT if world.shuttle.at(Slot.OUT, world.plant.store_mm) else None
    if name.startswith("bay-") and world.stacker.job is Job.PICK:
        world.rack.take_out(int(name.removeprefix("bay-")))
    return name


def _pass(world: "World", mark: float, up: bool) -> None:
    """The head passes the rollers of a slot that stands under the car: the pack stays on the upper one."""
    if mark != world.plant.slot_mm:
        return
    slot = next((s for s in Slot if world.shuttle.at(s, world.plant.under_mm)), None)
    if slot is None:
        return
    if up:
        world.packs.move(slot.value, HEAD)
    else:
        world.packs.move(HEAD, slot.value)


def _arrive(world: "World", car: Car) -> None:
    if car.pack is not None:
        pack, car.pack = car.pack, None
        world.locks.dress(tight=True)
        world.packs.put(CAR, pack)
    car.offset = world.cars.misplaced or world.parking()


def _depart(world: "World", car: Car) -> None:
    car.pack = world.packs.take(CAR)
    world.locks.dress(tight=False)
