"""Latches: stroke and time, what holds, what the switches of the actuators show, and when they lie."""

import pytest

from hal.readings import LockState
from sim.faults import FaultError, Rig, clear, inject
from sim.world import Plant, World
from sim.world.latches import HOLDS_DEG, HOOK_DEG, LatchSet
from tests.unit.world_drive import ALL, Hand, held_car, supported_pack

PLANT = Plant(
    latches=True, lock_points=2, lock_s=2.0, unlock_s=1.5, turn_deg=HOOK_DEG, engage_deg=HOLDS_DEG, limit_deg=0.0,
    target_nm=0.0,
)  # fmt: skip
BOTH = (1, 2)


def held_pack() -> tuple[Hand, World, LatchSet]:
    """The head carries the pack of a car that stands on its pins; both latches are closed."""
    hand, world = held_car(PLANT)
    hand.lift(world.plant.dock_mm, 300.0)
    hand.lift(world.plant.support_mm, 4.0)
    assert isinstance(world.locks, LatchSet)
    return hand, world, world.locks


def test_opening_takes_its_time_and_both_switches_follow() -> None:
    hand, world, latches = held_pack()
    assert (latches.closed, latches.opened) == ((True, True), (False, False))
    latches.unlock(BOTH)
    hand.pass_time(0.5)
    assert (latches.closed, latches.opened) == ((False, False), (False, False))
    assert {p.state for p in latches.points} == {LockState.TURNING}
    hand.pass_time(1.1)
    assert (latches.closed, latches.opened) == ((False, False), (True, True))
    assert "head" in world.packs.at


def test_a_pack_hangs_on_one_closed_latch() -> None:
    hand, world, latches = held_pack()
    latches.unlock((1,))
    hand.pass_time(2.0)
    assert latches.opened == (True, False)
    assert "car" in world.packs.at
    assert not world.latched


def test_a_released_latch_stays_half_way_and_goes_on_when_driven_again() -> None:
    hand, world, latches = held_pack()
    latches.unlock(BOTH)
    hand.pass_time(0.5)
    latches.release(BOTH)
    before = latches.points[0].turn_deg
    assert 0.0 < before < HOOK_DEG
    hand.pass_time(5.0)
    assert latches.points[0].turn_deg == before
    latches.lock(BOTH)
    hand.pass_time(2.1)
    assert latches.closed == (True, True)
    assert world.latched


def test_driving_a_latch_where_it_goes_already_does_not_start_it_anew() -> None:
    hand, _, latches = held_pack()
    latches.unlock(BOTH)
    hand.pass_time(1.0)
    latches.unlock(BOTH)
    hand.pass_time(0.6)
    assert latches.opened == (True, True)
    latches.unlock(BOTH)
    assert not latches.moving


def test_a_stuck_latch_shows_closed_and_holds() -> None:
    hand, world, latches = held_pack()
    inject(Rig(world), "bolt-stuck", point=2)
    latches.unlock(BOTH)
    hand.pass_time(2.0)
    assert latches.opened == (True, False)
    assert latches.closed == (False, True)
    assert latches.tight == (2,)


@pytest.mark.parametrize(("fault", "closed", "opened"), [
    ("latch-closed-wrong", (False, True), (False, False)), ("latch-open-wrong", (True, True), (True, False)),
])  # fmt: skip
def test_one_switch_lies_and_the_truth_stays(fault: str, closed: tuple[bool, ...], opened: tuple[bool, ...]) -> None:
    _, world, latches = held_pack()
    inject(Rig(world), fault, point=1)
    assert (latches.closed, latches.opened) == (closed, opened)
    assert latches.tight == BOTH
    clear(Rig(world), fault, point=1)
    assert (latches.closed, latches.opened) == ((True, True), (False, False))


def test_bolts_have_no_latch_switches() -> None:
    _, world = supported_pack()
    assert len(ALL) == len(world.locks.points)
    with pytest.raises(FaultError, match="bolts"):
        inject(Rig(world), "latch-open-wrong", point=1)
