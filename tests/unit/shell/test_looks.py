"""Two looks after a restart: each waits for every unit and for the car, and for nobody who is known to be silent."""

from types import SimpleNamespace
from typing import Any, cast

from firmware_py.shell.looks import Looks

STALE_S = 0.5


class Rig:
    """A plant of two devices that count, one that does not, and a car."""

    def __init__(self, *, with_car: bool = True) -> None:
        self.now = 100.0
        self.looks = 0
        self.car = SimpleNamespace(at_s=0.0, stale_after_s=STALE_S) if with_car else None
        units = {
            name: SimpleNamespace(units=[SimpleNamespace(name=f"{name}-unit")]) for name in ("lift", "locks", "ups")
        }
        plant = SimpleNamespace(devices=units, car=self.car)
        self.watch = Looks(cast(Any, plant), lambda: self.now, self.looked)

    def looked(self) -> None:
        self.looks += 1

    def poll(self, *units: str, car: bool = True) -> int:
        """Time goes on, these are heard; the looks so far."""
        self.now += 0.1
        if self.car is not None and car:
            self.car.at_s = self.now
        for unit in units:
            self.watch.told_of(unit, answers=True)
        return self.looks

    def lose(self, unit: str) -> None:
        """It does not answer any more; that is told once."""
        self.watch.told_of(unit, answers=False)

    def round(self) -> int:
        """A line was gone round, whoever answered; the looks so far."""
        self.now += 0.1
        self.watch.review()
        return self.looks


def test_two_looks_at_everything_and_no_more() -> None:
    rig = Rig()
    assert rig.poll("lift-unit", "locks-unit") == 0, "nobody has asked"
    rig.watch.begin()
    assert rig.poll("lift-unit", "lift-unit", "ups-unit") == 0
    assert rig.poll("locks-unit") == 1
    assert rig.poll("locks-unit") == 1
    assert rig.poll("lift-unit") == 2
    assert rig.poll("lift-unit", "locks-unit") == 2


def test_a_car_that_speaks_is_waited_for() -> None:
    rig = Rig()
    rig.watch.begin()
    assert rig.poll("lift-unit", "locks-unit", car=False) == 0
    assert rig.poll("lift-unit") == 1
    assert rig.poll("lift-unit", "locks-unit", car=False) == 1, "it has not spoken since the first look"
    assert rig.poll("lift-unit") == 2


def test_a_car_that_is_silent_for_long_is_known_to_be_silent() -> None:
    rig = Rig()
    rig.watch.begin()
    looks = [rig.poll("lift-unit", "locks-unit", car=False) for _ in range(14)]
    assert looks[4] == 0, "silent for 0.5 s is not yet too long"
    assert looks[5] == 1
    assert looks[-1] == 2


def test_a_station_without_a_car_link_waits_for_none() -> None:
    rig = Rig(with_car=False)
    rig.watch.begin()
    assert rig.poll("lift-unit", "locks-unit") == 1


def test_nobody_waits_twice_for_a_unit_that_is_lost() -> None:
    rig = Rig()
    rig.watch.begin()
    assert rig.poll("locks-unit") == 0
    rig.lose("lift-unit")
    assert rig.looks == 1
    assert rig.poll("locks-unit") == 2, "the lift is not told of again"


def test_a_unit_that_answers_again_is_waited_for_again() -> None:
    rig = Rig()
    rig.lose("lift-unit")
    rig.poll("lift-unit")
    rig.watch.begin()
    assert rig.poll("locks-unit") == 0
    assert rig.poll("lift-unit") == 1


def test_where_nobody_answers_two_rounds_are_two_looks() -> None:
    rig = Rig(with_car=False)
    rig.watch.begin()
    rig.lose("lift-unit")
    rig.lose("locks-unit")
    assert (rig.looks, rig.round(), rig.round()) == (1, 2, 2)
