"""Time that a unit counts by itself: what was asked for falls away when the asking ends."""

import math
from collections.abc import Callable

from sim.world import World
from sim.world.clock import Part


class DeadMan(Part):
    """Calls `lapse` once when it was not fed for `time_s` of wire time. It sleeps until it is fed the first time."""

    def __init__(self, world: World, lapse: Callable[[], None]) -> None:
        super().__init__(world.clock)
        self._lapse = lapse
        self._until = math.inf
        self._look_at = math.inf
        world.add(self)

    @property
    def awake(self) -> bool:
        """Does it count?"""
        return self._until < math.inf

    def feed(self, time_s: float) -> None:
        """Count from now on. Feeding one that counts already is cheap: the world looks again when it would be due."""
        was, self._until = self._until, self.clock.plant + time_s * self.clock.speed
        if self._until < self._look_at or was == math.inf:
            self._look_at = self._until
            self.changed()

    def sleep(self) -> None:
        """Count no more."""
        self._until = math.inf

    def due(self) -> float:
        """Plant time at which to look whether it lapses."""
        return self._look_at

    def fire(self) -> None:
        """It lapses, or was fed meanwhile."""
        self._look_at = self._until
        if self._until <= self.clock.plant:
            self._until = self._look_at = math.inf
            self._lapse()
        self.changed()
