"""Lock points: run-down, torque, angle, what a driver reports and what really holds."""

from dataclasses import replace

import pytest

from hal.readings import LockState
from sim.world import World
from tests.unit.world_drive import ALL, Hand, held_car, small_world, supported_pack


def states(world: World) -> list[LockState]:
    return [p.state for p in world.locks.points]


def test_unlocking_turns_every_bolt_out_within_its_time() -> None:
    hand, world = supported_pack()
    assert hand.turn(lock=False) <= world.plant.unlock_s + 0.02
    assert states(world) == [LockState.FREE] * 10
    assert {p.angle_deg for p in world.locks.points} == {-world.plant.turn_deg}


def test_locking_ends_at_torque_and_angle_within_its_time() -> None:
    hand, world = supported_pack()
    hand.turn(lock=False)
    assert hand.turn(lock=True) <= world.plant.lock_s + 0.02
    assert states(world) == [LockState.LOCKED] * 10
    assert {(p.torque_nm, p.angle_deg) for p in world.locks.points} == {(world.plant.target_nm, world.plant.turn_deg)}
    assert "car" in world.packs.at


def test_torque_stays_low_in_the_run_down_and_builds_up_at_the_end() -> None:
    hand, world = supported_pack()
    hand.turn(lock=False)
    world.locks.lock(ALL)
    hand.pass_time(0.5 * world.plant.lock_s)
    torque, angle = world.locks.readings(world.locks.points[0])
    assert torque < 10.0
    assert 300.0 < angle < world.plant.turn_deg
    assert states(world)[0] is LockState.TURNING


def test_a_stuck_bolt_fails_without_turning_and_stays_tight() -> None:
    hand, world = supported_pack()
    world.locks.points[3].stuck = True
    hand.turn(lock=False)
    assert [s for s in states(world) if s is not LockState.FREE] == [LockState.FAILED]
    assert world.locks.tight == (4,)
    assert world.locks.points[3].angle_deg == 0.0


def test_bolts_opened_beside_a_stuck_one_can_be_locked_again() -> None:
    hand, world = supported_pack()
    world.locks.points[3].stuck = True
    hand.turn(lock=False)
    hand.turn(lock=True)
    assert world.latched
    assert set(states(world)) == {LockState.LOCKED}


@pytest.mark.parametrize(("flaw", "torque", "turned"), [("stripped", 8.0, 1860.0), ("crossed", 65.0, 576.0)])
def test_a_bad_thread_fails_by_angle_or_by_early_torque(flaw: str, torque: float, turned: float) -> None:
    hand, world = supported_pack()
    hand.turn(lock=False)
    setattr(world.packs.at["head"], flaw, frozenset({2}))
    hand.turn(lock=True)
    bad = world.locks.points[1]
    assert (bad.state, bad.torque_nm, bad.angle_deg) == (LockState.FAILED, torque, pytest.approx(turned))
    assert 2 not in world.locks.tight
    hand.turn(lock=False, points=(2,))
    assert bad.state is LockState.FREE


def test_a_stop_half_way_reads_as_failed_and_still_holds() -> None:
    hand, world = supported_pack()
    world.locks.unlock(ALL)
    hand.pass_time(2.0)
    world.locks.stop()
    assert set(states(world)) == {LockState.FAILED}
    assert len(world.locks.holding) == 10
    hand.turn(lock=False)
    assert set(states(world)) == {LockState.FREE}


def test_a_second_order_for_one_point_leaves_the_others_turning() -> None:
    hand, world = supported_pack()
    world.locks.unlock(ALL)
    hand.pass_time(1.0)
    world.locks.lock((1,))
    assert states(world).count(LockState.TURNING) == 10
    hand.until(lambda: not world.locks.moving)
    assert states(world) == [LockState.LOCKED] + [LockState.FREE] * 9


def test_drivers_that_do_not_reach_the_bolts_fail_and_turn_nothing() -> None:
    hand, world = held_car()
    hand.turn(lock=False)
    assert set(states(world)) == {LockState.FAILED}
    assert world.locks.tight == ALL


def test_a_station_with_fewer_points_has_fewer() -> None:
    assert len(World(replace(small_world().plant, lock_points=4), 1).locks.points) == 4


def test_nothing_turns_without_the_release_of_the_safety_plc() -> None:
    hand, world = supported_pack()
    world.safety.set_run_enable(False)
    assert hand.turn(lock=False) == 0.0
    assert isinstance(hand, Hand)
    assert world.latched
