"""After a restart in mid-swap: when has everything that counts been read once more?"""

from collections.abc import Callable
from typing import Final

from firmware_py.core.restart import LOOKED_AT
from firmware_py.shell.plant import Plant

_TWICE: Final = 2


class Looks:
    """Counts two looks from `begin()` on. `looked` is called at the end of each: every unit was read or is lost, and
    the car has spoken, or was silent for so long that it counts as silent. `clock` is monotonic s.
    """

    def __init__(self, plant: Plant, clock: Callable[[], float], looked: Callable[[], None]) -> None:
        devices = (plant.devices[name] for name in LOOKED_AT if name in plant.devices)
        self._all = frozenset(unit.name for device in devices for unit in device.units)
        self._car = plant.car
        self._clock = clock
        self._looked = looked
        self._waiting: set[str] = set()
        self._lost: set[str] = set()
        self._since_s = 0.0
        self._to_come = 0

    def begin(self) -> None:
        """From now on."""
        self._to_come = _TWICE
        self._look_again()

    def told_of(self, unit: str, answers: bool) -> None:
        """A unit brought values, or is lost: that is told of once, and nothing more is to be had of it."""
        (self._lost.discard if answers else self._lost.add)(unit)
        self._waiting.discard(unit)
        self.review()

    def review(self) -> None:
        """To be called after each round too: it may be that nobody answers any more."""
        if self._to_come and not self._waiting and self._car_is_known():
            self._to_come -= 1
            self._look_again()
            self._looked()

    def _look_again(self) -> None:
        self._waiting, self._since_s = set(self._all - self._lost), self._clock()

    def _car_is_known(self) -> bool:
        car = self._car
        return car is None or car.at_s > self._since_s or self._clock() - self._since_s > car.stale_after_s
