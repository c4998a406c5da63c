"""Latches between car and pack: an actuator per point swings a hook closed or open; switches show where it is."""

from dataclasses import dataclass
from typing import Final

from hal.readings import LockState
from sim.world.chance import Chance
from sim.world.clock import Clock
from sim.world.locks import LockSet, Phase, Point
from sim.world.plant import Plant

HOOK_DEG: Final = 90.0
HOLDS_DEG: Final = 45.0
"""Swing of a hook from open to closed, and from where on it holds [EST]."""


@dataclass(slots=True)
class Latch(Point):
    """One latch. `turn_deg` is the swing of its hook, 0 = open. `open_wrong`, `closed_wrong`: that switch lies."""

    open_wrong: bool = False
    closed_wrong: bool = False


class LatchSet(LockSet):
    """All latches. A hook that is driven where it already is, or already goes, goes on undisturbed."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock, plant, chance, jitter)
        self.latches = [Latch(k) for k in range(1, plant.lock_points + 1)]
        self.points = list[Point](self.latches)

    @property
    def opened(self) -> tuple[bool, ...]:
        """The switch of each actuator that sees its hook open."""
        return tuple((not p.job and p.turn_deg <= 0.0) is not p.open_wrong for p in self.latches)

    @property
    def closed(self) -> tuple[bool, ...]:
        """The switch of each actuator that sees its hook closed."""
        return tuple((not p.job and p.turn_deg >= self.plant.turn_deg) is not p.closed_wrong for p in self.latches)

    def lock(self, numbers: tuple[int, ...]) -> None:
        """Close these latches."""
        super().lock(tuple(k for k in numbers if not self._goes(k, LockState.LOCKED, self.plant.turn_deg)))

    def unlock(self, numbers: tuple[int, ...]) -> None:
        """Open these latches."""
        super().unlock(tuple(k for k in numbers if not self._goes(k, LockState.FREE, 0.0)))

    def _goes(self, number: int, way: LockState, end_deg: float) -> bool:
        point = self.points[number - 1] if 1 <= number <= len(self.points) else None
        return point is not None and (point.verdict is way if point.job else point.turn_deg == end_deg)

    def _lock_job(self, point: Point, slow: float) -> list[Phase]:
        point.verdict = LockState.LOCKED
        return self._swing(point, self.plant.turn_deg, self.plant.lock_s * slow)

    def _unlock_job(self, point: Point, slow: float) -> list[Phase]:
        point.verdict = LockState.FREE
        point.tight = point.tight and point.stuck
        return self._swing(point, 0.0, self.plant.unlock_s * slow)

    def _swing(self, point: Point, end_deg: float, lasts: float) -> list[Phase]:
        if point.stuck:
            point.verdict = LockState.FAILED
            return self._phases(self.clock.plant, point.turn_deg, [(lasts, point.turn_deg, 0.0, 0.0)])
        return self._phases(self.clock.plant, point.turn_deg, [(lasts, end_deg, 0.0, 0.0)])
