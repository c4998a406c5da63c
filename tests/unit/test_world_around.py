"""Truth around the swap: hoist, where cars come to stand, fire, supplies, the meter."""

import pytest

from hal.commands import Actuator
from sim.emulators.station_views import hoist_values, insulation_values, meter_values, ups_values, vision_values
from sim.faults import Rig, clear, inject
from sim.world import World
from tests.unit.world_drive import Hand, small_world


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def hand(world: World) -> Hand:
    return Hand(world)


def park(hand: Hand) -> None:
    hand.world.queue_car()
    hand.open_gate()
    hand.until(lambda: hand.world.cars.parked is not None)


def step(world: World) -> float:
    heights = world.hoist.columns_mm
    return max(heights) - min(heights)


def test_columns_rise_with_the_pin_lift_in_step_and_the_catch_falls_in_at_the_top(hand: Hand, world: World) -> None:
    assert world.hoist.columns_mm == (0.0,) * 4
    world.platform.drive(Actuator.PIN_LIFT, out=True, home=False)
    hand.pass_time(1.0)
    rise = world.plant.hoist_rise_mm
    half = world.hoist.columns_mm
    assert all(0.1 * rise < mm < 0.9 * rise for mm in half)
    assert not world.hoist.catch_engaged
    hand.pass_time(5.0)
    assert world.hoist.columns_mm == pytest.approx((rise,) * 4, abs=0.3)
    assert step(world) < 0.5
    assert hoist_values(world)["catch_engaged"] is True


def test_a_column_out_of_step_and_a_catch_that_does_not_fall_in(hand: Hand, world: World) -> None:
    rig = Rig(world)
    inject(rig, "column-out-of-step", column=2, mm=12.0)
    inject(rig, "catch-not-engaged")
    hand.drive(out=True, actuators=(Actuator.PIN_LIFT,))
    assert step(world) == pytest.approx(12.0, abs=0.5)
    assert max(world.hoist.columns_mm) == world.hoist.columns_mm[1]
    assert not world.hoist.catch_engaged
    clear(rig, "column-out-of-step", column=2, mm=12.0)
    clear(rig, "catch-not-engaged")
    assert step(world) < 0.5
    assert world.hoist.catch_engaged


def test_a_car_stands_in_its_place_unless_told_otherwise_and_the_rods_bring_it_there(hand: Hand, world: World) -> None:
    inject(Rig(world), "parked-off", x_mm=80.0, y_mm=-30.0, yaw_deg=1.5)
    assert vision_values(world)["car_seen"] is False
    park(hand)
    seen = vision_values(world)
    assert (seen["x_mm"], seen["y_mm"], seen["yaw_deg"]) == (80.0, -30.0, 1.5)
    hand.drive(out=True, actuators=(Actuator.RODS,))
    seen = vision_values(world)
    assert (seen["x_mm"], seen["y_mm"], seen["yaw_deg"]) == (0.0, 0.0, 0.0)


def test_drivers_scatter_a_little_by_the_seed(hand: Hand) -> None:
    seen = []
    for seed in (1, 1, 2):
        other = Hand(World(hand.world.plant, seed=seed, jitter=0.1))
        park(other)
        offset = other.world.cars.parked.offset  # type: ignore[union-attr]
        assert abs(offset[0]) <= 30.0
        assert abs(offset[1]) <= 20.0
        seen.append(offset)
    assert seen[0] == seen[1] != seen[2]


def test_the_seat_is_clear_only_without_a_pack_and_without_anything_else(hand: Hand, world: World) -> None:
    park(hand)
    assert vision_values(world)["seat_clear"] is False
    world.packs.take("car")
    assert vision_values(world)["seat_clear"] is True
    rig = Rig(world)
    inject(rig, "seat-blocked")
    assert vision_values(world)["seat_clear"] is False
    clear(rig, "seat-blocked")
    assert vision_values(world)["seat_clear"] is True


def test_a_supply_empties_without_the_grid_and_fills_slowly_with_it(hand: Hand, world: World) -> None:
    """Its battery lasts 1,800 s: a tenth of it is gone after 180 s, and back only after ten times as long."""
    rig = Rig(world)
    inject(rig, "mains-lost")
    hand.pass_time(180.0)
    assert ups_values(world)["charge_pct"] == pytest.approx(90.0)
    assert ups_values(world)["runtime_s"] == pytest.approx(1620.0)
    assert meter_values(world)["power_w"] == 0.0
    clear(rig, "mains-lost")
    hand.pass_time(180.0)
    assert ups_values(world)["charge_pct"] == pytest.approx(91.0)
    assert meter_values(world)["power_w"] == 6000.0


def test_the_meter_counts_energy_and_shares_it_among_the_phases(hand: Hand, world: World) -> None:
    hand.pass_time(600.0)
    seen = meter_values(world)
    assert seen["import_kwh"] == pytest.approx(1.0, rel=0.001)
    assert seen["phase_w"] == (2000.0,) * 3
    assert seen["phase_a"] == pytest.approx((2000.0 / 230.0,) * 3)


@pytest.mark.parametrize(
    ("ohm", "state", "bound", "shown"),
    [
        (5e6, "none", "exact", 5e6),
        (3e5, "warning", "exact", 3e5),
        (5e4, "alarm", "exact", 5e4),
        (5e7, "none", "higher", 1e7),
    ],
)
def test_an_insulation_monitor_tells_its_thresholds_and_the_end_of_its_range(
    world: World, ohm: float, state: str, bound: str, shown: float
) -> None:
    inject(Rig(world), "insulation-low", ohm=ohm)
    seen = insulation_values(world)
    assert (seen["insulation_state"], seen["insulation_bound"], seen["insulation_ohm"]) == (state, bound, shown)


def test_smoke_in_any_zone_opens_the_chain_and_gas_does_not(hand: Hand, world: World) -> None:
    rig = Rig(world)
    inject(rig, "gas", zone=1)
    assert world.safety.chain_ok
    inject(rig, "smoke", zone=2)
    assert (world.safety.smoke, world.safety.chain_ok) == (True, False)
    clear(rig, "smoke", zone=2)
    assert (world.safety.smoke, world.safety.chain_ok) == (False, False)


def test_what_a_car_finds_wrong_is_its_own_until_it_is_mended(hand: Hand, world: World) -> None:
    rig = Rig(world)
    park(hand)
    inject(rig, "car-insulation-low")
    inject(rig, "car-trouble-codes", count=2)
    car = world.cars.parked
    assert car is not None
    assert (car.insulation_ok, car.trouble_codes) == (False, 2)
    clear(rig, "car-insulation-low")
    clear(rig, "car-trouble-codes", count=2)
    assert (car.insulation_ok, car.trouble_codes) == (True, 0)
