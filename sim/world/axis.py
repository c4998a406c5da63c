"""One driven axis: trapezoid motion, controlled stop, jam."""

import math
from collections.abc import Sequence

from sim.world.chance import Chance
from sim.world.clock import Clock
from sim.world.profile import Profile, plan_move, plan_stop


class Axis:
    """Place in mm, speed in mm/s, acceleration in mm/s². Brake on whenever it stands."""

    def __init__(
        self,
        clock: Clock,
        at_mm: float,
        accel: float,
        max_speed: float,
        chance: Chance,
        jitter: float = 0.0,
        stop_s: float = math.inf,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._jitter = jitter
        self.accel = accel
        self.stop_accel = max(accel, max_speed / stop_s)
        """Of its stop ramp (CiA 402, object 6085h): from full speed it stands within `stop_s`."""
        self.max_speed = max_speed
        self.asked_mm_s = max_speed
        self.runs_on = False
        """A fault: its drive takes no stop, whoever gives it."""
        self.profile = Profile((), clock.plant, at_mm)
        self._marks: list[tuple[float, float, bool]] = []
        self._open = False

    @property
    def mm(self) -> float:
        """Present place."""
        return self.profile.position(self._clock.plant)

    @property
    def mm_s(self) -> float:
        """Present speed, signed."""
        return self.profile.speed(self._clock.plant)

    @property
    def moving(self) -> bool:
        """Is it between start and end of a motion?"""
        return self._clock.plant < self.profile.ends_s

    @property
    def target_mm(self) -> float:
        """Where the present motion ends."""
        return self.profile.end

    def go(self, target_mm: float, speed_mm_s: float, marks: Sequence[float] = ()) -> None:
        """Move to a place; `marks` are the places whose crossing `passed` reports."""
        self.asked_mm_s = abs(speed_mm_s)
        speed = min(abs(speed_mm_s), self.max_speed) / self._chance.factor(self._jitter)
        self._take(plan_move(self.mm, self.mm_s, target_mm, speed, self.accel, self._clock.plant), marks)

    def halt(self, marks: Sequence[float] = ()) -> None:
        """Controlled stop: decelerate, then brake."""
        if self.runs_on:
            return
        self._take(plan_stop(self.mm, self.mm_s, self.stop_accel, self._clock.plant), marks)

    def jam(self) -> None:
        """Stop dead (something mechanical holds it)."""
        self._take(Profile((), self._clock.plant, self.mm), ())

    def put(self, at_mm: float) -> None:
        """Place it by hand (start conditions)."""
        self._take(Profile((), self._clock.plant, at_mm), ())

    def due(self) -> float:
        """Time of the next mark or of the end of the motion; infinity when it stands."""
        if self._marks:
            return self._marks[0][0]
        return self.profile.ends_s if self._open else math.inf

    def passed(self) -> list[tuple[float, bool]]:
        """Take the (mark, upward) crossings up to now, in order; acknowledges the end of the motion."""
        now = self._clock.plant
        taken: list[tuple[float, bool]] = []
        while self._marks and self._marks[0][0] <= now:
            _, mark, up = self._marks.pop(0)
            taken.append((mark, up))
        if now >= self.profile.ends_s:
            self._open = False
        return taken

    def _take(self, profile: Profile, marks: Sequence[float]) -> None:
        self.profile = profile
        self._marks = profile.crossings(marks) if marks else []
        self._open = bool(profile.legs)
