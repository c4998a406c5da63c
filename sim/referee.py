"""The physics referee: hazards judged from the truth alone, never from a reading."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hal.commands import Actuator, Slot
from hal.readings import LockState, SelfCheck
from sim.world.car import Stage
from sim.world.packs import CAR, HEAD, bay

if TYPE_CHECKING:
    from sim.world.world import World

ENOUGH_SHARE: Final = 0.8
"""Share of the lock points that must be tight for a pack to hang safely [EST]."""
TURN_LOAD_SHARE: Final = 0.2
"""Share of the pack's weight that may rest on the lock points while one is turned loose [EST]."""
HOME_MM: Final = 2.0
UNFIT_DEGC: Final = 60.0
"""No pack as hot as this is charged [EST]."""
Finding = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Breach:
    """One hazard that became real. `at_s` is wire time of the world."""

    at_s: float
    hazard: str
    text: str


class Referee:
    """Looks at the whole truth after every change; a finding is recorded once."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seen: set[Finding] = set()
        self.breaches: list[Breach] = []

    def check(self) -> None:
        """Add a breach for every new finding of any rule."""
        world = self._world
        for rule in RULES:
            for finding in rule(world):
                if finding not in self._seen:
                    self._seen.add(finding)
                    self.breaches.append(Breach(world.now, *finding))

    def due(self) -> float:
        """Plant time by which everything must be at rest for an exposed person; infinity if nobody is."""
        since = self._world.safety.danger_since
        if since is None:
            return math.inf
        limit = since + self._world.plant.stopping_s
        return limit if limit > self._world.clock.plant else math.inf


def _packs_fall(world: "World") -> Iterator[Finding]:
    for pack, place in world.packs.floor:
        yield "pack-dropped", f"pack {pack.serial} lost its support at {place}"
    for text in world.packs.clashes:
        yield "two-packs-in-one-place", text
    if HEAD in world.packs.at and CAR in world.packs.at and world.lift.mm > world.plant.shutter_mm:
        yield "two-packs-in-one-place", "a pack was raised into the pack on the car"


def _pack_hangs(world: "World") -> Iterator[Finding]:
    pack = world.packs.at.get(CAR)
    if world.lift.caught >= 1.0:
        yield "pack-torn", "head lowered away from a pack that is caught on the car"
    if pack is None or len(world.locks.tight) >= ENOUGH_SHARE * len(world.locks.points):
        return
    if world.lift.mm <= world.plant.dock_mm - 1.0:
        yield "pack-torn", f"head lowered while pack {pack.serial} hangs on part of its lock points"
    elif world.lift.load_kg < TURN_LOAD_SHARE * pack.mass_kg:
        yield "pack-unheld", f"pack {pack.serial} neither locked on enough points nor supported"


def _locks_turn(world: "World") -> Iterator[Finding]:
    loosening = [p for p in world.locks.points if p.job and p.verdict is LockState.FREE]
    if not loosening:
        return
    pack = world.packs.at.get(CAR)
    if pack is not None:
        hanging = max(0.0, pack.mass_kg - world.lift.load_kg) / pack.mass_kg
        for point in loosening if hanging > TURN_LOAD_SHARE else ():
            yield "lock-turned-under-load", f"lock point {point.number} turned loose while it carries load"
    if world.cars.lane is not None and world.cars.lane.hv_on:
        yield "unlocked-under-voltage", "lock points turned loose with the car's HV on"


def _head_hits(world: "World") -> Iterator[Finding]:
    lift, plant = world.lift, world.plant
    if lift.mm > plant.shutter_mm - 1.0 and not world.platform.is_out(Actuator.SHUTTER):
        travels = world.platform.travels(Actuator.SHUTTER) and not world.platform.cylinders[Actuator.SHUTTER].out
        yield (
            ("shutter-on-head", "shutter closes on the head")
            if travels
            else (
                "head-into-shutter",
                "head raised into a shutter that is not open",
            )
        )
    for slot in Slot if lift.mm >= plant.slot_mm - 10.0 else ():
        off = abs(world.shuttle.mm(slot) - plant.under_mm)
        moved = world.shuttle.slots[slot].moving or off > plant.aligned_mm
        if off < plant.slot_length_mm and moved:
            yield "slot-into-head", f"slot {slot} off its place under the car while the head is above the rail"
    pack = world.packs.at.get(CAR) or world.packs.at.get(HEAD)
    if pack is not None and lift.load_kg > (plant.overload - 0.05) * pack.mass_kg:
        yield "car-lifted", "head raised against a pack that the car holds"


def _rail_and_rack(world: "World") -> Iterator[Finding]:
    if world.shuttle.colliding:
        yield "slots-collide", "the two slots run into each other"
    stacker = world.stacker
    for text in stacker.missed:
        yield "fork-collision", text
    if stacker.fork_home:
        return
    if stacker.level.moving:
        yield "stacker-moved-fork-out", "stacker travels with its fork out"
    for side in (-1, 1):
        place = stacker.place_at(side)
        slot = {"buffer": Slot.IN, "store": Slot.OUT}.get(place.name if place else "")
        if slot is not None and stacker.fork.mm * side > 0.0 and world.shuttle.slots[slot].moving:
            yield "slot-moved-under-fork", f"slot {slot} moves with the fork in it"


def _bays(world: "World") -> Iterator[Finding]:
    yield from world.rack.mishaps
    for k in world.rack.fed:
        pack = world.packs.at.get(bay(k))
        if pack is None or not world.rack.output_a(k):
            continue
        degc = pack.temperature(world.clock.plant, world.plant.ambient_degc)
        if pack.fault_bits or degc >= UNFIT_DEGC:
            yield "unfit-pack-charged", f"bay {k}: pack {pack.serial} at {degc:.0f} degC, faults {pack.fault_bits:#x}"


def _car_is_free(world: "World") -> Iterator[Finding]:
    car, platform = world.cars.lane, world.platform
    if car is None:
        return
    driving = car.stage in {Stage.DRIVING_IN, Stage.DRIVING_OFF}
    held = not (platform.is_home(Actuator.PINS) and platform.is_home(Actuator.PIN_LIFT))
    if driving or (car.hv_on and not held):
        if car.stage is not Stage.DRIVING_IN and not world.latched:
            yield "free-car-unlocked", "car free to move while a lock point is not locked"
        if world.lift.mm > HOME_MM:
            yield "free-car-over-head", "car free to move while the lift is not home"
        if not platform.is_home(Actuator.SHUTTER):
            yield "free-car-over-pit", "car free to move while the shutter is open"
    if driving and held:
        yield "drove-against-pins", "car drives against its pins"
    gate, is_open = platform.cylinders[Actuator.LANE_GATE], platform.is_out(Actuator.LANE_GATE)
    if driving and (gate.rate < 0.0 or not (is_open or gate.out)):
        yield "gate-on-car", "lane gate closes on a car"
    raised = not platform.is_home(Actuator.PIN_LIFT)
    if raised and platform.share(Actuator.PINS) < 0.9:
        yield "lifted-off-pins", "car raised while its pins are not engaged"


def _car_leaves(world: "World") -> Iterator[Finding]:
    car = world.cars.lane
    if car is None or car.stage is not Stage.DRIVING_OFF:
        return
    pack = world.packs.at.get(CAR)
    swapped = pack is not None and pack.serial != car.arrived_with
    if not world.latched or (swapped and car.self_check is not SelfCheck.OK):
        yield "unproven-pack-left", f"car {car.vin} drives off with a pack that is not proven"


def _people(world: "World") -> Iterator[Finding]:
    since = world.safety.danger_since
    if since is not None and world.clock.plant >= since + world.plant.stopping_s - 1e-9 and steel_moves(world):
        yield (
            "motion-near-person",
            "steel moves after the stopping time with a person in the cell or the curtain broken",
        )


def steel_moves(world: "World") -> bool:
    """Does anything heavy inside the cell move?"""
    inside = (Actuator.RODS, Actuator.PINS, Actuator.PIN_LIFT, Actuator.SHUTTER)
    return (
        world.lift.axis.moving
        or world.shuttle.moving
        or world.stacker.moving
        or world.locks.moving
        or world.rack.moving
        or any(world.platform.travels(a) for a in inside)
    )


RULES: Final[tuple[Callable[["World"], Iterator[Finding]], ...]] = (
    _packs_fall,
    _pack_hangs,
    _locks_turn,
    _head_hits,
    _rail_and_rack,
    _bays,
    _car_is_free,
    _car_leaves,
    _people,
)
