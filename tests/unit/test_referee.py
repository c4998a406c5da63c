"""Each hazard is provoked in the plant and must be seen; what is close to it must not be."""

from collections.abc import Callable

import pytest

from hal.commands import Actuator, CarMode, Slot
from sim.world import World
from tests.unit.world_drive import ALL, Hand, hazards, held_car, small_world, supported_pack

PREPARED = Callable[[], tuple[Hand, World]]


def empty() -> tuple[Hand, World]:
    world = small_world()
    hand = Hand(world)
    hand.pass_time(0.1)
    return hand, world


def arriving() -> tuple[Hand, World]:
    hand, world = empty()
    world.queue_car()
    return hand, world


def drop_from_fork(hand: Hand, world: World) -> None:
    world.stacker.move(600.0)
    hand.until(lambda: not world.stacker.moving)
    world.stacker.pick(1)
    hand.pass_time(10.0)
    world.stacker.move(777.0)
    hand.until(lambda: not world.stacker.moving)
    world.stacker.place(1)
    hand.pass_time(10.0)


def fill_buffer_twice(hand: Hand, _world: World) -> None:
    hand.fetch("bay-1", "buffer")
    hand.fetch("bay-2", "buffer")


def raise_pack_into_pack(hand: Hand, world: World) -> None:
    world.packs.put("out", world.new_pack())
    hand.lift(700.0, 200.0)


def leave_one_point(hand: Hand, world: World) -> None:
    hand.turn(lock=False, points=ALL[1:])
    hand.lift(250.0, 100.0)


def relax_on_one_point(hand: Hand, world: World) -> None:
    hand.turn(lock=False, points=ALL[1:])
    hand.lift(900.0, 4.0)


def unlock_unsupported(hand: Hand, _world: World) -> None:
    hand.lift(900.0, 200.0)
    hand.turn(lock=False)


def unlock_under_voltage(hand: Hand, world: World) -> None:
    assert world.cars.lane is not None
    world.cars.lane.hv_on = True
    hand.turn(lock=False)


def raise_into_shutter(hand: Hand, _world: World) -> None:
    hand.lift(700.0, 200.0)


def close_shutter_on_head(hand: Hand, _world: World) -> None:
    hand.close_shutter()


def move_slot_under_head(hand: Hand, _world: World) -> None:
    hand.slots({Slot.OUT: 3000.0})


def raise_the_car(hand: Hand, _world: World) -> None:
    hand.lift(910.0, 4.0)


def collide_slots(hand: Hand, _world: World) -> None:
    hand.slots({Slot.IN: 0.0})


def pick_from_nowhere(hand: Hand, world: World) -> None:
    world.stacker.pick(1)
    hand.pass_time(10.0)
    world.stacker.move(333.0)
    hand.until(lambda: not world.stacker.moving)
    world.stacker.pick(1)
    hand.pass_time(10.0)


def travel_with_fork_out(hand: Hand, world: World) -> None:
    world.stacker.pick(-1)
    hand.pass_time(2.0)
    world.stacker.move(600.0)
    hand.pass_time(1.0)


def fork_out_while_travelling(hand: Hand, world: World) -> None:
    world.stacker.move(4000.0)
    world.stacker.pick(-1)
    hand.pass_time(2.0)


def pull_slot_from_under_fork(hand: Hand, world: World) -> None:
    world.packs.put("in", world.new_pack())
    world.stacker.pick(-1)
    hand.pass_time(3.0)
    hand.slots({Slot.IN: -2900.0})


def free_the_car_unlocked(hand: Hand, world: World) -> None:
    hand.turn(lock=False, points=(1,))
    hand.drive_home("PIN_LIFT")
    hand.drive_home("PINS")
    world.cars.ask(CarMode.RELEASE)
    hand.pass_time(1.0)


def drive_in_over_head(hand: Hand, world: World) -> None:
    hand.lift(100.0, 100.0)
    hand.open_gate()


def drive_in_over_pit(hand: Hand, world: World) -> None:
    hand.drive(out=True, actuators=(Actuator.SHUTTER,))
    hand.open_gate()


def release_against_pins(hand: Hand, world: World) -> None:
    world.cars.ask(CarMode.RELEASE)
    hand.open_gate()
    hand.pass_time(1.0)


def close_gate_on_car(hand: Hand, world: World) -> None:
    hand.open_gate()
    hand.pass_time(5.0)
    world.platform.drive(Actuator.LANE_GATE, out=False, home=True)
    hand.pass_time(1.0)


def raise_without_pins(hand: Hand, _world: World) -> None:
    hand.open_gate()
    hand.pass_time(20.0)
    hand.drive(out=True, actuators=(Actuator.PIN_LIFT,))


def leave_unproven(hand: Hand, world: World) -> None:
    hand.exchange()
    for name in ("PIN_LIFT", "PINS", "RODS"):
        hand.drive_home(name)
    world.cars.ask(CarMode.RELEASE)
    hand.open_gate()
    hand.pass_time(1.0)


PROVOKED: list[tuple[str, PREPARED, Callable[[Hand, World], None]]] = [
    ("pack-dropped", empty, drop_from_fork),
    ("two-packs-in-one-place", empty, fill_buffer_twice),
    ("two-packs-in-one-place", held_car, raise_pack_into_pack),
    ("pack-torn", supported_pack, leave_one_point),
    ("pack-unheld", supported_pack, relax_on_one_point),
    ("lock-turned-under-load", held_car, unlock_unsupported),
    ("unlocked-under-voltage", supported_pack, unlock_under_voltage),
    ("head-into-shutter", empty, raise_into_shutter),
    ("shutter-on-head", supported_pack, close_shutter_on_head),
    ("slot-into-head", supported_pack, move_slot_under_head),
    ("car-lifted", supported_pack, raise_the_car),
    ("slots-collide", empty, collide_slots),
    ("fork-collision", empty, pick_from_nowhere),
    ("stacker-moved-fork-out", empty, travel_with_fork_out),
    ("stacker-moved-fork-out", empty, fork_out_while_travelling),
    ("slot-moved-under-fork", empty, pull_slot_from_under_fork),
    ("free-car-unlocked", supported_pack, free_the_car_unlocked),
    ("free-car-over-head", arriving, drive_in_over_head),
    ("free-car-over-pit", arriving, drive_in_over_pit),
    ("drove-against-pins", held_car, release_against_pins),
    ("gate-on-car", arriving, close_gate_on_car),
    ("lifted-off-pins", arriving, raise_without_pins),
    ("unproven-pack-left", supported_pack, leave_unproven),
]


@pytest.mark.parametrize(("hazard", "prepare", "provoke"), PROVOKED, ids=[f"{h}:{p.__name__}" for h, _, p in PROVOKED])
def test_a_provoked_hazard_is_recorded_once(
    hazard: str, prepare: PREPARED, provoke: Callable[[Hand, World], None]
) -> None:
    hand, world = prepare()
    assert world.referee.breaches == []
    provoke(hand, world)
    assert hazard in hazards(world)
    texts = [(b.hazard, b.text) for b in world.referee.breaches]
    assert len(texts) == len(set(texts))
    assert all(0.0 < b.at_s <= hand.now for b in world.referee.breaches)


def test_steel_that_stops_too_late_for_a_person_is_seen() -> None:
    world = small_world()
    world.lift.axis.stop_accel = 150.0
    hand = Hand(world)
    hand.drive(out=True, actuators=(Actuator.SHUTTER,))
    world.lift.move(900.0, 300.0)
    hand.pass_time(2.0)
    world.safety.person_in_cell = True
    world.safety.look()
    hand.pass_time(0.4)
    assert hazards(world) == set()
    hand.pass_time(0.2)
    assert hazards(world) == {"motion-near-person"}


@pytest.mark.parametrize("cause", ["person_in_cell", "curtain_broken"])
def test_steel_that_stops_in_time_for_a_person_is_no_hazard(cause: str) -> None:
    hand, world = empty()
    world.lift.move(500.0, 300.0)
    hand.pass_time(0.5)
    setattr(world.safety, cause, True)
    world.safety.look()
    hand.pass_time(2.0)
    assert world.referee.breaches == []


def test_a_bolt_that_sticks_and_a_way_back_are_no_hazard() -> None:
    hand, world = supported_pack()
    world.locks.points[3].stuck = True
    hand.turn(lock=False)
    hand.turn(lock=True)
    hand.lift(900.0, 4.0)
    hand.lift(0.0, 300.0)
    for name in ("SHUTTER", "PIN_LIFT", "PINS", "RODS"):
        hand.drive_home(name)
    world.cars.ask(CarMode.RELEASE)
    hand.open_gate()
    hand.until(lambda: world.cars.lane is None)
    assert world.referee.breaches == []


def test_a_hazard_between_two_polls_is_seen_with_its_own_time() -> None:
    hand, world = empty()
    world.shuttle.slots[Slot.IN].put(-2600.0)
    world.shuttle.move(Slot.IN, 0.0, 500.0)
    world.advance(hand.now + 0.4)
    world.safety.beat(60000)
    world.shuttle.move(Slot.OUT, -600.0, 400.0)
    start = hand.now
    world.advance(start + 30.0)
    (breach,) = [b for b in world.referee.breaches if b.hazard == "slots-collide"]
    assert start < breach.at_s < start + 2.0
