"""The safety PLC: latch, reset, dead-man; and the two times of the world."""

import pytest

from hal.commands import Actuator, Slot
from sim.world import World
from tests.unit.world_drive import Hand, small_world


def spoil(world: World, cause: str, on: bool) -> None:
    """One input of the chain becomes bad, or good again. Smoke comes from the fire panel."""
    if cause == "smoke":
        (world.fire.smoke.add if on else world.fire.smoke.discard)(1)
    else:
        setattr(world.safety, cause, on)
    world.touch()
    world.safety.look()


@pytest.mark.parametrize("cause", ["estop_pressed", "guard_gate_open", "curtain_broken", "person_in_cell", "smoke"])
def test_the_chain_latches_and_comes_back_only_by_its_button_once_all_is_good(cause: str) -> None:
    world = small_world()
    hand = Hand(world)
    spoil(world, cause, on=True)
    assert not world.safety.drives_enabled
    world.safety.press_reset()
    assert not world.safety.chain_ok
    spoil(world, cause, on=False)
    hand.pass_time(1.0)
    assert not world.safety.chain_ok
    world.safety.press_reset()
    assert world.safety.chain_ok
    assert world.safety.drives_enabled
    assert world.safety.reset_pressed
    hand.pass_time(0.6)
    assert not world.safety.reset_pressed


def test_a_heartbeat_that_does_not_change_is_none() -> None:
    world = small_world()
    hand = Hand(world)
    for k in range(1, 6):
        world.advance(0.1 * k)
        world.safety.beat(hand.world.safety.heartbeat)
    assert not world.safety.drives_enabled


@pytest.mark.parametrize("speed", [0.5, 1.0, 4.0])
def test_the_dead_man_counts_wire_time_whatever_the_speed_of_the_plant(speed: float) -> None:
    world = small_world(speed=speed)
    hand = Hand(world)
    hand.pass_time(0.3)
    world.lift.move(900.0, 100.0)
    world.advance(0.3 + 0.499)
    assert world.safety.drives_enabled
    world.advance(0.3 + 0.501)
    assert not world.safety.drives_enabled


def test_a_late_poll_sees_the_stop_where_it_happened() -> None:
    fine, coarse = small_world(), small_world()
    for world, steps in ((fine, 1000), (coarse, 1)):
        hand = Hand(world)
        hand.pass_time(0.1)
        world.lift.move(900.0, 300.0)
        for k in range(1, steps + 1):
            world.advance(0.1 + 10.0 * k / steps)
    assert coarse.lift.mm == pytest.approx(fine.lift.mm, abs=1e-6)
    assert 100.0 < coarse.lift.mm < 200.0


@pytest.mark.parametrize("mover", ["lift", "slot", "stacker", "fork"])
def test_whatever_moves_at_full_speed_stands_within_the_declared_stopping_time(mover: str) -> None:
    world = small_world()
    hand = Hand(world)
    hand.pass_time(0.1)
    plant = world.plant
    starts = {
        "lift": (world.lift.axis, lambda: world.lift.move(900.0, 300.0)),
        "slot": (
            world.shuttle.slots[Slot.OUT],
            lambda: world.shuttle.move(Slot.OUT, plant.store_mm, plant.rail_max_mm_s),
        ),
        "stacker": (world.stacker.level, lambda: world.stacker.move(world.plant.places[-1].level_mm)),
        "fork": (world.stacker.fork, lambda: world.stacker.pick(-1)),
    }
    axis, start = starts[mover]
    start()
    hand.until(lambda: abs(axis.mm_s) > 0.95 * axis.asked_mm_s, limit_s=5.0)
    world.safety.drop()
    hand.pass_time(plant.stopping_s)
    assert not axis.moving


def test_speed_scales_the_plant() -> None:
    world = small_world(speed=4.0)
    hand = Hand(world)
    hand.pass_time(0.1)
    assert hand.lift(900.0, 200.0) == pytest.approx((900.0 / 200.0 + 200.0 / 1500.0) / 4.0, abs=0.02)


def test_the_speed_can_change_on_the_way() -> None:
    world = small_world()
    hand = Hand(world)
    hand.pass_time(1.0)
    world.set_speed(3.0)
    hand.pass_time(1.0)
    assert world.clock.plant == pytest.approx(4.0)


def test_actuators_freeze_without_supply_and_go_on_when_their_output_stayed_on() -> None:
    world = small_world()
    hand = Hand(world)
    world.platform.drive(Actuator.RODS, out=True, home=False)
    hand.pass_time(1.8)
    world.safety.estop_pressed = True
    world.safety.look()
    hand.pass_time(5.0)
    assert world.platform.share(Actuator.RODS) == pytest.approx(0.5, abs=0.01)
    world.safety.estop_pressed = False
    world.safety.look()
    world.safety.press_reset()
    hand.pass_time(2.0)
    assert world.platform.is_out(Actuator.RODS)


def test_both_outputs_of_a_pair_hold_the_actuator() -> None:
    world = small_world()
    hand = Hand(world)
    world.platform.drive(Actuator.SHUTTER, out=True, home=True)
    hand.pass_time(5.0)
    assert world.platform.is_home(Actuator.SHUTTER)


def test_an_idle_world_is_not_advanced_event_by_event() -> None:
    world = small_world()
    before = world.changes
    world.advance(1e6)
    assert world.changes == before
