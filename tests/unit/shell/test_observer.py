"""Freshness: a value counts for a few periods of its unit's present pace; what is older is unknown, not old."""

from dataclasses import asdict, dataclass, field
from typing import Any, cast

import pytest

from firmware_py.core.image import Image
from firmware_py.shell.observer import Observer
from firmware_py.shell.plant import Links, Plant, build_plant
from hal.config.loader import load_station
from hal.devices.unit import ModbusUnit
from hal.readings import CarReading, LiftReading, LockState, PackReading
from tests.unit.core import scenes
from tests.unit.shell.fakes import Broker, Dead

STATION = load_station("choco-14")
PERIODS = STATION.config.freshness.periods
DRIVE = STATION.units["lift_drive"]
IDLE_S, TIMEOUT_S = DRIVE.poll.idle_s, DRIVE.device.device.timeout_s


def spoken(reading: CarReading | PackReading) -> dict[str, Any]:
    """What a node puts on the bus."""
    return {name: value for name, value in asdict(reading).items() if name != "at_s" and value is not None}


PACK, CAR = spoken(scenes.pack("001PB20" + "N" * 17, 90.0)), spoken(scenes.CAR)


@dataclass
class Bench:
    """An observer on units that are filled by hand."""

    now: float = 100.0
    plant: Plant = field(init=False)
    observer: Observer = field(init=False)

    def __post_init__(self) -> None:
        dead = cast(Any, Dead())
        links = Links(
            dict.fromkeys((u.link for u in STATION.units.values()), dead),
            dict.fromkeys(STATION.config.links, dead),
            cast(Any, Broker()),
        )
        self.plant = build_plant(STATION, links, lambda: self.now)
        self.observer = Observer(STATION, self.plant, lambda: self.now)

    def bring(self, unit: str, **values: object) -> ModbusUnit:
        """New values of a unit, measured now."""
        there = self.plant.units[unit]
        if values:
            there.values.update(cast(Any, values))
            there.version += 1
        there.at_s = self.now
        self.observer.polled(there)
        self.observer.update()
        return there

    def at(self, now: float) -> Image:
        """The picture at another time."""
        self.now = now
        self.observer.update()
        return self.observer.image


def test_before_anything_was_read_everything_is_unknown() -> None:
    bench = Bench()
    assert bench.at(100.0).lift == LiftReading()
    assert bench.observer.image.car.vin is None


def test_a_value_counts_for_a_few_periods_and_the_time_out_and_is_unknown_after() -> None:
    bench = Bench()
    bench.bring("lift_drive", position_mm=250.0)
    until_s = 100.0 + PERIODS * IDLE_S + TIMEOUT_S
    assert bench.at(until_s).lift.position_mm == 250.0
    assert bench.at(until_s + 0.001).lift.position_mm is None


def test_units_of_one_device_go_stale_by_themselves() -> None:
    bench = Bench()
    bench.bring("lift_drive", position_mm=250.0)
    bench.now += 4.0
    bench.bring("lift_load", load_kg=3.0)
    image = bench.at(108.0)
    assert (image.lift.position_mm, image.lift.load_kg) == (None, 3.0)


def test_a_unit_that_answers_again_counts_again_even_with_the_same_values() -> None:
    bench = Bench()
    bench.bring("lift_drive", position_mm=250.0)
    assert bench.at(200.0).lift.position_mm is None
    bench.bring("lift_drive")
    assert bench.observer.image.lift.position_mm == 250.0


def test_while_the_pace_quickens_the_old_values_count_but_the_device_is_unsettled() -> None:
    bench = Bench()
    for unit in bench.plant.devices["lift"].units:
        bench.bring(unit.name, position_mm=250.0)
    bench.now += 1.0
    for unit in bench.plant.devices["lift"].units:
        bench.observer.set_period(unit.name, 0.02)
    image = bench.at(101.0)
    assert image.lift.position_mm == 250.0
    assert image.unsettled == ("lift",)
    for unit in bench.plant.devices["lift"].units:
        bench.bring(unit.name)
    assert bench.observer.image.unsettled == ()
    assert bench.at(101.0 + PERIODS * 0.02 + TIMEOUT_S + 0.001).lift.position_mm is None, "by the new pace it is stale"


def test_a_sample_from_before_the_change_of_pace_settles_nothing() -> None:
    bench = Bench()
    late = bench.bring("stacker_crane", level_mm=0.0)
    bench.now += 0.5
    bench.observer.set_period("stacker_crane", 0.05)
    bench.observer.polled(late)
    assert bench.at(100.5).unsettled == ("stacker",)


def test_a_slower_pace_unsettles_nothing() -> None:
    bench = Bench()
    bench.bring("stacker_crane", level_mm=0.0)
    bench.observer.set_period("stacker_crane", 4.0)
    assert bench.at(100.0 + PERIODS * 4.0).stacker.level_mm == 0.0
    assert bench.observer.image.unsettled == ()


def test_update_says_whether_the_picture_is_another_one() -> None:
    bench = Bench()
    bench.bring("stacker_crane", level_mm=0.0)
    assert bench.observer.update() is False
    before = bench.observer.image
    bench.bring("stacker_crane")
    assert bench.observer.image is before, "the same values again are no news"
    bench.plant.units["stacker_crane"].values["level_mm"] = 600.0
    bench.plant.units["stacker_crane"].version += 1
    bench.observer.polled(bench.plant.units["stacker_crane"])
    assert bench.observer.update() is True
    assert bench.observer.image.stacker.level_mm == 600.0


def test_lock_states_are_words_of_the_core() -> None:
    bench = Bench()
    bench.bring("lock_tools", state=("locked", "free"))
    assert bench.observer.image.locks.state == (LockState.LOCKED, LockState.FREE)
    assert bench.observer.image.locks.proof_locked is None, "the second channel has not spoken"


def test_a_pack_and_a_car_that_fall_silent_are_unknown() -> None:
    bench = Bench()
    node, car = bench.plant.bays[0], bench.plant.car
    bench.observer.take_frames("packs", node.codec.encode(PACK, 1))
    bench.observer.take_frames("car", car.codec.encode(CAR, 1))
    image = bench.at(100.0)
    assert image.bay(1).soc_pct == pytest.approx(90.0)
    assert image.car.in_park is True
    assert image.bay(2).soc_pct is None
    image = bench.at(100.0 + car.stale_after_s + 0.01)
    assert image.car.in_park is None
    assert image.bay(1).soc_pct == pytest.approx(90.0)
    image = bench.at(100.0 + 2 * node.stale_after_s)
    assert image.bay(1).soc_pct is None


def test_frames_of_strangers_change_nothing() -> None:
    bench = Bench()
    bench.at(100.0)
    stranger = bench.plant.bays[0].codec.encode(PACK, 1)[0]
    bench.observer.take_frames("packs", [type(stranger)(0x7FF, b"\0" * 8, extended=False)])
    assert bench.observer.update() is False
