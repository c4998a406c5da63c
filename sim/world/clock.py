"""The two times of the world, and the base of everything that changes in them."""

import math
from collections.abc import Callable


class Clock:
    """`now`: wire time in s (never scaled). `plant`: plant time in s, the integral of the speed factor."""

    __slots__ = ("_from_now", "_from_plant", "now", "plant", "speed")

    def __init__(self, now: float, speed: float) -> None:
        self.now = now
        self.plant = 0.0
        self.speed = speed
        self._from_now = now
        self._from_plant = 0.0

    def to(self, now: float) -> None:
        """Let time pass until wire time `now`. Never goes back."""
        if now > self.now:
            self.now = now
            plant = self._from_plant + (now - self._from_now) * self.speed
            self.plant = max(self.plant, plant)

    def to_plant(self, plant: float) -> None:
        """Let time pass until exactly plant time `plant`."""
        if plant > self.plant:
            self.now = max(self.now, self.wire(plant))
            self.plant = plant

    def wire(self, plant: float) -> float:
        """Wire time at which the plant time will be `plant`."""
        if math.isinf(plant):
            return plant
        return self._from_now + (plant - self._from_plant) / self.speed

    def set_speed(self, speed: float) -> None:
        """Change the speed factor from now on."""
        self._from_now, self._from_plant = self.now, self.plant
        self.speed = speed


class Part:
    """One thing of the plant. `version` counts its discrete changes; `due` and `fire` are its own next event.

    `on_change` is set by the world: it lets the couplings and the referee look after every change.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.version = 0
        self.on_change: Callable[[], None] = _nothing

    @property
    def moving(self) -> bool:
        """Is any truth of this part a function of time right now?"""
        return False

    def due(self) -> float:
        """Plant time of the next event of this part, infinity if none."""
        return math.inf

    def fire(self) -> None:
        """Do everything that is due at the present plant time."""

    def stamp(self) -> tuple[int, float]:
        """Changes whenever a view on this part may change."""
        return (self.version, self.clock.plant if self.moving else -1.0)

    def changed(self) -> None:
        """Tell the world that something discrete changed."""
        self.version += 1
        self.on_change()


def _nothing() -> None:
    """Nobody listens yet."""
