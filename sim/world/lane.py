"""Who looks at the lane: the hoist's columns, the position unit, the code reader at the buffer."""

from collections.abc import Callable
from typing import Final

from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.plant import Plant

COLUMNS: Final = 4
SPREAD_MM: Final = 0.5
"""Difference of sound columns at the top [EST]."""
CATCH_SHARE: Final = 0.98
"""The mechanical catch falls in at the top."""


class Hoist(Part):
    """Columns follow the pin lift, whose share of its travel is `raised`. `off_mm`: how far one is off the others."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance) -> None:
        super().__init__(clock)
        self.plant = plant
        self.raised: Callable[[], float] = lambda: 0.0
        self.off_mm = [0.0] * COLUMNS
        self.catch_stuck = False
        self.overloaded = False
        self._spread_mm = tuple(SPREAD_MM * (chance.uniform() - 0.5) for _ in range(COLUMNS))

    @property
    def columns_mm(self) -> tuple[float, ...]:
        """Height of each column above the floor."""
        share = self.raised()
        level = share * self.plant.hoist_rise_mm
        return tuple(level + share * (s + off) for s, off in zip(self._spread_mm, self.off_mm, strict=True))

    @property
    def catch_engaged(self) -> bool:
        """Does the catch bear the car if a drive lets go?"""
        return self.raised() >= CATCH_SHARE and not self.catch_stuck


class Sight(Part):
    """What disturbs the position unit and the code reader. `says`: the code that the reader gives for any pack."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.seat_blocked = False
        self.says: str | None = None
        self.blind = False
        self.garbled = False
