"""The lift: who carries the pack, what the cell feels, and what stops the drive."""

import pytest

from sim.world.lift import FOLLOWING_ERROR, OVER_CURRENT
from tests.unit.world_drive import Hand, held_car, small_world, supported_pack


def test_load_grows_from_dock_to_support_while_the_pack_is_locked() -> None:
    hand, world = held_car()
    hand.lift(900.0, 200.0)
    assert world.lift.load_kg == 0.0
    hand.lift(902.0, 4.0)
    assert world.lift.load_kg == pytest.approx(150.0)
    hand.lift(904.0, 4.0)
    assert world.lift.load_kg == pytest.approx(300.0)


def test_raising_on_against_a_locked_pack_trips_the_drive() -> None:
    hand, world = supported_pack()
    hand.lift(910.0, 4.0)
    assert world.lift.fault_word == OVER_CURRENT
    assert world.lift.mm == pytest.approx(906.4, abs=0.05)


def test_a_pack_that_still_hangs_on_one_point_takes_its_load_off_the_lowering_head() -> None:
    hand, world = supported_pack()
    hand.turn(lock=False, points=tuple(range(1, 10)))
    hand.lift(902.0, 10.0)
    assert world.lift.load_kg == pytest.approx(150.0)
    assert "car" in world.packs.at


def test_the_last_free_point_puts_the_pack_onto_the_head_and_the_slot_keeps_it() -> None:
    hand, world = supported_pack()
    old = world.packs.at["car"]
    hand.turn(lock=False)
    assert world.packs.at["head"] is old
    hand.lift(310.0, 200.0)
    assert world.lift.load_kg == pytest.approx(300.0)
    hand.lift(250.0, 200.0)
    assert world.lift.load_kg == 0.0
    assert world.packs.at["out"] is old


def test_a_drive_without_enable_ignores_a_move() -> None:
    world = small_world()
    hand = Hand(world)
    world.lift.set_servo(False)
    hand.pass_time(0.2)
    hand.lift(100.0, 100.0)
    assert world.lift.mm == 0.0


def test_enable_needs_a_moment_before_it_is_there() -> None:
    world = small_world()
    Hand(world)
    assert not world.lift.enabled
    world.advance(0.1)
    assert world.lift.enabled


def test_a_stall_on_the_way_stops_dead_and_trips_and_clears() -> None:
    world = small_world()
    hand = Hand(world)
    hand.pass_time(0.1)
    world.lift.set_stall(400.0)
    hand.lift(900.0, 200.0)
    assert world.lift.fault_word == FOLLOWING_ERROR
    assert world.lift.mm == pytest.approx(400.0)
    world.lift.set_stall(None)
    hand.lift(500.0, 200.0)
    assert world.lift.mm == 500.0


def test_dropping_run_enable_stops_within_the_stopping_distance_and_does_not_resume() -> None:
    world = small_world()
    hand = Hand(world)
    hand.pass_time(0.1)
    world.lift.move(900.0, 300.0)
    hand.pass_time(1.0)
    at = world.lift.mm
    world.safety.set_run_enable(False)
    hand.pass_time(1.0)
    assert world.lift.mm == pytest.approx(at + 300.0**2 / 3000.0)
    world.safety.set_run_enable(True)
    hand.pass_time(1.0)
    assert world.lift.axis.moving is False
