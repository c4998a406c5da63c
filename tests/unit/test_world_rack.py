"""Rack of the truth: connectors travel, packs fill through them, and what the referee sees of it."""

import pytest

from hal.commands import Connector
from sim.faults import Rig, clear, inject
from sim.world import World
from tests.unit.world_drive import Hand, small_world


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def hand(world: World) -> Hand:
    return Hand(world)


def hazards(world: World) -> set[str]:
    return {breach.hazard for breach in world.referee.breaches}


def mate(hand: Hand, bay: int, connector: Connector = Connector.POWER) -> float:
    hand.world.rack.drive(bay, connector, out=True)
    return hand.until(lambda: hand.world.rack.is_mated(bay, connector))


def test_connectors_start_home_and_travel_in_their_times(hand: Hand, world: World) -> None:
    rack = world.rack
    assert all(rack.is_home(k, c) and not rack.is_mated(k, c) for k in rack.bays for c in Connector)
    out_s, home_s = world.plant.connectors[Connector.COOLANT]
    assert mate(hand, 2, Connector.COOLANT) == pytest.approx(0.98 * out_s, abs=0.02)
    assert not rack.is_home(2, Connector.COOLANT)
    assert rack.is_home(2, Connector.POWER)
    assert rack.is_home(1, Connector.COOLANT)
    rack.drive(2, Connector.COOLANT, out=False)
    hand.pass_time(home_s + 0.1)
    assert rack.is_home(2, Connector.COOLANT)


def test_a_connector_stops_half_way_neither_mated_nor_home_and_goes_on_when_asked(hand: Hand, world: World) -> None:
    world.rack.drive(1, Connector.POWER, out=True)
    hand.pass_time(1.0)
    world.rack.stop()
    hand.pass_time(10.0)
    assert not world.rack.is_mated(1, Connector.POWER)
    assert not world.rack.is_home(1, Connector.POWER)
    mate(hand, 1)


def test_without_the_release_of_the_safety_plc_nothing_travels(hand: Hand, world: World) -> None:
    world.safety.set_run_enable(False)
    world.rack.drive(1, Connector.POWER, out=True)
    hand.pass_time(10.0)
    assert world.rack.is_home(1, Connector.POWER)


def test_a_job_that_the_safety_plc_cuts_off_does_not_go_on_by_itself(hand: Hand, world: World) -> None:
    world.rack.drive(1, Connector.POWER, out=True)
    hand.pass_time(1.0)
    world.safety.set_run_enable(False)
    hand.pass_time(1.0)
    world.safety.set_run_enable(True)
    hand.pass_time(10.0)
    assert not world.rack.is_mated(1, Connector.POWER)
    assert not world.rack.is_home(1, Connector.POWER)
    mate(hand, 1)


def test_a_connector_that_sticks_stays_where_it_is(hand: Hand, world: World) -> None:
    rig = Rig(world)
    inject(rig, "connector-stuck", bay=1, connector="power")
    world.rack.drive(1, Connector.POWER, out=True)
    hand.pass_time(10.0)
    assert world.rack.is_home(1, Connector.POWER)
    clear(rig, "connector-stuck", bay=1, connector="power")
    assert hand.until(lambda: world.rack.is_mated(1, Connector.POWER)) > 1.0


def test_a_pack_fills_by_what_flows_through_its_connector_alone(hand: Hand, world: World) -> None:
    """400 V x 100 A for 6 minutes are 4 kWh; the meter counts 5 % more, and what the station draws besides."""
    pack = world.packs.at["bay-1"]
    pack.soc_pct = 50.0
    world.rack.feed(1, 400.0, 100.0)
    hand.pass_time(60.0)
    assert pack.soc_pct == 50.0
    world.rack.feed(1, 0.0, 0.0)
    mate(hand, 1)
    start, kwh = hand.now, world.meter.import_kwh
    world.rack.feed(1, 400.0, 100.0)
    world.advance(start + 360.0)
    world.rack.feed(1, 0.0, 0.0)
    assert pack.soc_pct == pytest.approx(50.0 + 100.0 * pack.voltage_v * 100.0 * 360.0 / 3.6e6 / 42.0, rel=0.01)
    assert world.meter.import_kwh - kwh == pytest.approx(4.0 / 0.95 + 6.0 * 0.1, rel=0.01)
    assert hazards(world) == set()


def test_contacts_that_part_under_current_are_a_hazard(hand: Hand, world: World) -> None:
    mate(hand, 1)
    world.rack.feed(1, 380.0, 20.0)
    world.rack.drive(1, Connector.POWER, out=False)
    assert hazards(world) == {"contacts-parted-live"}


@pytest.mark.parametrize("connector", list(Connector))
def test_a_pack_that_is_taken_out_with_a_connector_in_it_is_a_hazard(
    hand: Hand, world: World, connector: Connector
) -> None:
    mate(hand, 1, connector)
    hand.fetch("bay-1", "buffer")
    assert hazards(world) == {"connector-torn"}


def test_a_pack_put_into_a_bay_tears_nothing(hand: Hand, world: World) -> None:
    hand.fetch("bay-1", "isolation")
    assert "isolation" in world.packs.at
    assert hazards(world) == set()


@pytest.mark.parametrize(("fault", "arguments"), [("pack-hot", {"degc": 70.0}), ("pack-fault", {"bits": 4})])
def test_an_unfit_pack_that_is_charged_is_a_hazard(
    hand: Hand, world: World, fault: str, arguments: dict[str, float]
) -> None:
    inject(Rig(world), fault, place="bay-1", **arguments)
    mate(hand, 1)
    assert hazards(world) == set()
    world.rack.feed(1, 380.0, 20.0)
    assert hazards(world) == {"unfit-pack-charged"}
