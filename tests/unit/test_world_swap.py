"""A whole swap by hand: right end, no hazard, times within the nominal ones of the station file."""

import pytest

from hal.commands import CarMode, Slot
from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.world import Stage, World
from tests.unit.world_drive import Hand, held_car, small_world


@pytest.fixture(scope="module")
def station() -> Station:
    return load_station("choco-14")


def test_a_correct_swap_ends_with_the_new_pack_and_without_a_hazard() -> None:
    world = small_world()
    hand = Hand(world)
    car = world.queue_car()
    old, new = car.pack, world.packs.at["bay-1"]
    assert old is not None
    hand.fetch("bay-1", "buffer")
    hand.admit()
    hand.take_weight()
    hand.exchange()
    hand.release()
    assert world.referee.breaches == []
    assert (car.pack, car.stage, world.packs.at["out"]) == (new, Stage.GONE, old)
    hand.fetch("store", "bay-14")
    assert world.packs.at["bay-14"] is old
    assert world.referee.breaches == []


def test_step_times_of_the_station_file_are_within_the_nominal_ones(station: Station) -> None:
    world = World(station, seed=1)
    hand = Hand(world)
    world.queue_car()
    hand.fetch("bay-1", "buffer")
    speeds, rail = station.config.process.lift.speeds_mm_s, station.config.process.rail
    times = hand.admit()
    times[6], times[7] = hand.lift(900.0, speeds.dock), hand.lift(904.0, speeds.support)
    times[8], times[10] = hand.turn(lock=False), hand.lift(250.0, speeds.lower_old)
    times[11] = hand.slots({Slot.OUT: 3000.0, Slot.IN: 0.0}, rail.out_speed_mm_s)
    times[13], times[14] = hand.lift(904.0, speeds.raise_new), hand.turn(lock=True)
    times[15] = hand.lift(900.0, speeds.relax)
    times[16] = hand.lift(0.0, speeds.home)
    hand.close_shutter()
    times |= hand.release()
    nominal = station.config.profile
    assert {step: t for step, t in times.items() if t > nominal[step] + 0.011} == {}
    assert world.referee.breaches == []


def test_packs_of_the_default_rack_are_of_the_types_their_codes_say(station: Station) -> None:
    world = World(station, seed=3)
    for pack in world.packs.at.values():
        kind = station.pack_type(pack.serial)
        assert kind is not None
        assert kind.name == pack.kind.name
    assert len({p.serial for p in world.packs.at.values()}) == len(world.packs.at) == 13


def trace(seed: int) -> list[float]:
    world = small_world(jitter=0.1, seed=seed)
    hand = Hand(world)
    world.queue_car()
    return list(hand.admit().values())


def test_jitter_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert trace(1) == trace(1)
    assert trace(1) != trace(2)


def test_one_car_comes_in_for_each_opening_of_the_lane_gate() -> None:
    hand, world = held_car()
    second = world.queue_car(vin="LNAUTS0A0PX000002")
    car = world.cars.lane
    assert car is not None
    for name in ("PIN_LIFT", "PINS", "RODS", "SHUTTER"):
        hand.drive_home(name)
    hand.release()
    hand.pass_time(30.0)
    assert car.stage is Stage.GONE
    assert second.stage is Stage.OUTSIDE
    hand.drive_home("LANE_GATE")
    hand.open_gate()
    hand.pass_time(0.1)
    assert world.cars.lane is second


def test_a_second_wake_needs_a_pause_and_runs_the_check_again() -> None:
    hand, world = held_car()
    car = world.cars.lane
    assert car is not None
    car.check_fails = True
    world.cars.ask(CarMode.WAKE)
    hand.until(lambda: car.self_check == "failed")
    car.check_fails = False
    world.cars.ask(CarMode.WAKE)
    hand.pass_time(15.0)
    assert car.self_check == "failed"
    world.cars.ask(CarMode.NONE)
    world.cars.ask(CarMode.WAKE)
    hand.until(lambda: car.self_check == "ok")


def test_a_car_whose_hv_sticks_never_discharges() -> None:
    world = small_world()
    hand = Hand(world)
    car = world.queue_car()
    car.hv_stuck = True
    hand.open_gate()
    hand.until(lambda: car.standing)
    world.cars.ask(CarMode.SWAP)
    hand.pass_time(20.0)
    assert (car.in_park, car.swap_mode, world.cars.dc_link_v(car)) == (True, False, 400.0)
