"""Lock points between car and pack: bolts with run-down, torque and angle, turned by drivers on the lift head."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hal.readings import LockState
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.plant import Plant

SOCKET_SHARE: Final = 0.1
TIGHTEN_SHARE: Final = 0.15
HOLD_SHARE: Final = 0.03
"""Shares of the lock time: socket finds the bolt, torque builds up, torque is held. The rest is run-down."""
TIGHTEN_DEG: Final = 60.0
RUN_NM: Final = 4.0
SNUG_NM: Final = 8.0
BREAK: Final = 1.3
"""Torque to break a tight bolt loose, as a share of its tightening torque [EST]."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Part of a job: linear in turn (degrees) and torque (N·m) from `begins_s` to `ends_s`."""

    begins_s: float
    ends_s: float
    turn: tuple[float, float]
    torque: tuple[float, float]

    def at(self, t: float) -> tuple[float, float]:
        """(turn, torque) at plant time `t`."""
        share = (
            1.0
            if self.ends_s <= self.begins_s
            else min(1.0, max(0.0, (t - self.begins_s) / (self.ends_s - self.begins_s)))
        )
        return (
            self.turn[0] + (self.turn[1] - self.turn[0]) * share,
            self.torque[0] + (self.torque[1] - self.torque[0]) * share,
        )


@dataclass(slots=True)
class Point:
    """One lock point. `turn_deg` is the bolt itself, 0 = out; the job's readings are what the driver measured."""

    number: int
    turn_deg: float = 0.0
    tight: bool = False
    failed: bool = False
    stuck: bool = False
    proof_wrong: bool = False
    angle_deg: float = 0.0
    torque_nm: float = 0.0
    job: list[Phase] = field(default_factory=list)
    verdict: LockState = LockState.FREE
    began_deg: float = 0.0

    @property
    def state(self) -> LockState:
        """What the tightening controller says. A bolt stopped half way is a failed one."""
        if self.job:
            return LockState.TURNING
        if self.failed:
            return LockState.FAILED
        if self.tight:
            return LockState.LOCKED
        return LockState.FREE if self.turn_deg <= 0.0 else LockState.FAILED


class LockSet(Part):
    """All points. The world sets `reach` (can the drivers turn?) and `flaw` (what is wrong with the pack's thread)."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.points = [Point(k) for k in range(1, plant.lock_points + 1)]
        self.allowed = False
        self.fault_word = 0
        self.reach: Callable[[], bool] = lambda: False
        self.flaw: Callable[[int], str] = lambda _point: ""
        self._chance = chance
        self._jitter = jitter

    @property
    def moving(self) -> bool:
        """Does any driver turn?"""
        return any(p.job for p in self.points)

    @property
    def holding(self) -> tuple[int, ...]:
        """Points whose thread is in far enough to hang on."""
        return tuple(p.number for p in self.points if self.turn(p) >= self.plant.engage_deg)

    @property
    def tight(self) -> tuple[int, ...]:
        """Points that are seated and torqued."""
        return tuple(p.number for p in self.points if p.tight)

    def turn(self, point: Point) -> float:
        """Present turn of a bolt in degrees."""
        return point.job[0].at(self.clock.plant)[0] if point.job else point.turn_deg

    def readings(self, point: Point) -> tuple[float, float]:
        """(torque in N·m, angle in degrees since the job began) as the driver shows them."""
        if not point.job:
            return (point.torque_nm, point.angle_deg)
        turn, torque = point.job[0].at(self.clock.plant)
        return (torque, turn - point.began_deg)

    def lock(self, numbers: tuple[int, ...]) -> None:
        """Tighten these points."""
        self._start(numbers, self._lock_job)

    def unlock(self, numbers: tuple[int, ...]) -> None:
        """Turn these points out."""
        self._start(numbers, self._unlock_job)

    def stop(self) -> None:
        """Drivers stop where they are; a bolt holds its place by itself."""
        for point in self.points:
            self._halt(point)
        self.changed()

    def release(self, numbers: tuple[int, ...]) -> None:
        """Drive these points no more: what is half way stays there."""
        running = [p for p in self.points if p.number in numbers and p.job]
        for point in running:
            self._halt(point)
        if running:
            self.changed()

    def _halt(self, point: Point) -> None:
        if point.job:
            turn, _ = point.job[0].at(self.clock.plant)
            point.turn_deg, point.angle_deg, point.torque_nm = turn, turn - point.began_deg, 0.0
            point.job = []

    def fasten(self, number: int) -> None:
        """Somebody tightens a point by hand, to its full specification."""
        point = self.points[number - 1]
        self._halt(point)
        point.turn_deg, point.tight, point.failed = self.plant.turn_deg, True, False
        self.changed()

    def loosen(self, number: int) -> None:
        """A point works loose by itself: a part of its way out, still holding."""
        point = self.points[number - 1]
        self._halt(point)
        point.turn_deg = 0.5 * (point.turn_deg + self.plant.engage_deg)
        point.tight = False
        self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC, behind the link."""
        if on != self.allowed:
            self.allowed = on
            self.stop()

    def dress(self, tight: bool) -> None:
        """A car with a locked pack arrives (`True`) or leaves (`False`): bolts all in, or none there."""
        for point in self.points:
            point.turn_deg = self.plant.turn_deg if tight else 0.0
            point.tight, point.failed, point.job = tight, False, []
            point.angle_deg = point.torque_nm = 0.0
        self.changed()

    def due(self) -> float:
        """End of the earliest phase of any point."""
        return min((p.job[0].ends_s for p in self.points if p.job), default=math.inf)

    def fire(self) -> None:
        """Next phases, verdicts."""
        for point in self.points:
            while point.job and point.job[0].ends_s <= self.clock.plant:
                phase = point.job.pop(0)
                point.turn_deg = phase.turn[1]
                if not point.job:
                    self._finish(point, phase)
        self.changed()

    def _start(self, numbers: tuple[int, ...], job: Callable[[Point, float], list[Phase]]) -> None:
        if not self.allowed:
            return
        for number in numbers:
            if not 1 <= number <= len(self.points):
                continue
            point = self.points[number - 1]
            self._halt(point)
            point.began_deg, point.angle_deg, point.torque_nm, point.failed = point.turn_deg, 0.0, 0.0, False
            if self.reach():
                point.job = job(point, self._chance.factor(self._jitter))
            else:
                point.failed = True
        self.changed()

    def _finish(self, point: Point, phase: Phase) -> None:
        point.angle_deg = point.turn_deg - point.began_deg
        point.torque_nm = phase.torque[1]
        point.failed = point.verdict is LockState.FAILED
        point.tight = point.verdict is LockState.LOCKED or (point.stuck and point.turn_deg >= self.plant.turn_deg)

    def _lock_job(self, point: Point, slow: float) -> list[Phase]:
        plant, t0 = self.plant, self.clock.plant
        total = plant.lock_s * slow
        socket = (total * SOCKET_SHARE, point.turn_deg, 0.0, 1.0)
        run = total * (1.0 - SOCKET_SHARE - TIGHTEN_SHARE - HOLD_SHARE)
        snug = plant.turn_deg - TIGHTEN_DEG
        flaw = self.flaw(point.number)
        point.verdict = LockState.FAILED if flaw else LockState.LOCKED
        start = min(point.turn_deg, snug)
        if flaw == "stripped":
            ends = plant.turn_deg + plant.limit_deg
            steps = [socket, (run, snug, RUN_NM, RUN_NM), (total * TIGHTEN_SHARE * 2.0, ends, SNUG_NM, SNUG_NM)]
        elif flaw == "crossed":
            steps = [socket, (run * 0.4, start + 0.4 * (snug - start), SNUG_NM, plant.target_nm)]
        else:
            tighten = (total * TIGHTEN_SHARE, plant.turn_deg, SNUG_NM, plant.target_nm)
            hold = (total * HOLD_SHARE, plant.turn_deg, plant.target_nm, plant.target_nm)
            steps = [socket, (run, max(snug, point.turn_deg), RUN_NM, RUN_NM), tighten, hold]
        return self._phases(t0, point.turn_deg, steps)

    def _unlock_job(self, point: Point, slow: float) -> list[Phase]:
        plant, t0 = self.plant, self.clock.plant
        total = plant.unlock_s * slow
        point.verdict = LockState.FREE
        point.tight = point.tight and point.stuck
        broken = -BREAK * plant.target_nm
        if point.stuck:
            point.verdict = LockState.FAILED
            return self._phases(t0, point.turn_deg, [(total * 0.3, point.turn_deg, 0.0, broken * 1.5)])
        seat = min(point.turn_deg, plant.turn_deg)
        steps = [
            (total * 0.1, point.turn_deg, 0.0, broken if point.turn_deg >= plant.turn_deg else 0.0),
            (total * 0.1, max(0.0, seat - TIGHTEN_DEG), broken / 2.0, -RUN_NM),
            (total * 0.8, 0.0, -RUN_NM, 0.0),
        ]
        return self._phases(t0, point.turn_deg, steps)

    def _phases(self, t0: float, turn: float, steps: list[tuple[float, float, float, float]]) -> list[Phase]:
        """Phases from (duration, end turn, torque before, torque after), cut where the thread begins to hold."""
        phases: list[Phase] = []
        for lasts, ends, before, after in steps:
            engage = self.plant.engage_deg - (0.0 if ends > turn else 0.001)
            if min(turn, ends) < engage < max(turn, ends):
                cut = lasts * (engage - turn) / (ends - turn)
                middle = before + (after - before) * cut / lasts
                phases.append(Phase(t0, t0 + cut, (turn, engage), (before, middle)))
                phases.append(Phase(t0 + cut, t0 + lasts, (engage, ends), (middle, after)))
            else:
                phases.append(Phase(t0, t0 + lasts, (turn, ends), (before, after)))
            t0, turn = t0 + lasts, ends
        return phases
