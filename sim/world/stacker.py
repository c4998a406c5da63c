"""Stacker crane: level drive and fork."""

import math
from collections.abc import Callable
from enum import StrEnum

from sim.world.axis import Axis
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.packs import FORK, Inventory
from sim.world.plant import Plant, StackerPlace

LEVEL_TOLERANCE_MM = 5.0
FORK_HOME_MM = 2.0
NO_PLACE, JAMMED = 1, 2
"""Fault words of the stacker: the fork met no place at this level and side; a drive does not follow."""


class Job(StrEnum):
    """What the fork is doing."""

    NONE = "none"
    PICK = "pick"
    PLACE = "place"
    HOME = "home"


class Stacker(Part):
    """The world sets `serve`: where a named place really is (rail places are slots), `None` if nowhere."""

    def __init__(self, clock: Clock, plant: Plant, packs: Inventory, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.packs = packs
        self.allowed = False
        self.fault_word = 0
        self.job = Job.NONE
        self.level = Axis(clock, 0.0, plant.stacker_accel, plant.stacker_mm_s, chance, jitter, plant.stop_s)
        self.fork = Axis(clock, 0.0, 2000.0, _fork_speed(plant), chance, jitter, plant.stop_s)
        self.serve: Callable[[str], str | None] = lambda name: name
        self.missed: list[str] = []
        self.jammed = False

    @property
    def moving(self) -> bool:
        """Does level or fork move?"""
        return self.level.moving or self.fork.moving

    @property
    def fork_home(self) -> bool:
        """Is the fork inside the crane?"""
        return abs(self.fork.mm) <= FORK_HOME_MM

    @property
    def at_level(self) -> bool:
        """Does it stand at the level of a place?"""
        return not self.level.moving and any(
            abs(p.level_mm - self.level.mm) <= LEVEL_TOLERANCE_MM for p in self.plant.places
        )

    def place_at(self, side: int) -> StackerPlace | None:
        """The place in front of the fork on a side (-1 left, +1 right)."""
        level = self.level.mm
        return next(
            (p for p in self.plant.places if p.side == side and abs(p.level_mm - level) <= LEVEL_TOLERANCE_MM), None
        )

    def move(self, level_mm: float) -> None:
        """Travel to a level."""
        if self._able():
            self.level.go(level_mm, self.plant.stacker_mm_s)
            self.changed()

    def pick(self, side: int) -> None:
        """Fork out, take, fork home."""
        self._begin(Job.PICK, side)

    def place(self, side: int) -> None:
        """Fork out, put down, fork home."""
        self._begin(Job.PLACE, side)

    def home(self) -> None:
        """Fork home from wherever it is; what is on it stays on it."""
        if self._able():
            self.job = Job.HOME
            self.fork.go(0.0, self.fork.max_speed)
            self._stroke_done()
            self.changed()

    def stop(self) -> None:
        """Controlled stop of both drives; the job is forgotten."""
        self.level.halt()
        self.fork.halt()
        self.job = Job.NONE
        self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC, behind the link."""
        if on != self.allowed:
            self.allowed = on
            self.stop()

    def due(self) -> float:
        """End of a travel or stroke."""
        return min(self.level.due(), self.fork.due())

    def fire(self) -> None:
        """Next part of a fork job."""
        self.level.passed()
        self.fork.passed()
        self._stroke_done()
        self.changed()

    def _stroke_done(self) -> None:
        """What follows when the fork stands at the end of its stroke, however it came there."""
        if self.fork.moving or self.job is Job.NONE:
            return
        if self.job is Job.HOME:
            self.job = Job.NONE
            return
        self._reach(int(math.copysign(1, self.fork.mm)))
        self.job = Job.HOME
        self.fork.go(0.0, self.fork.max_speed)

    def jam(self, on: bool) -> None:
        """Jam level and fork where they are, or free them: then a fitter has reset the drive."""
        self.jammed, self.fault_word = on, JAMMED if on and self.moving else 0
        if on:
            self.level.jam()
            self.fork.jam()
            self.job = Job.NONE
        self.changed()

    def _able(self) -> bool:
        if self.jammed:
            self.fault_word = JAMMED
            self.changed()
        return self.allowed and not self.jammed

    def _begin(self, job: Job, side: int) -> None:
        if self._able():
            self.job = job
            self.fork.go(side * self.plant.fork_mm, self.fork.max_speed, (-FORK_HOME_MM - 1.0, FORK_HOME_MM + 1.0))
            self._stroke_done()
            self.changed()

    def _reach(self, side: int) -> None:
        target = self.place_at(side)
        real = self.serve(target.name) if target is not None else None
        if real is None:
            self.fault_word = NO_PLACE
            self.missed.append(f"fork out at level {self.level.mm:.0f} mm, side {side:+d}, where no place is")
            if self.job is Job.PLACE:
                self.packs.drop(FORK)
        elif self.job is Job.PICK:
            self.packs.move(real, FORK)
        else:
            self.packs.move(FORK, real)


def _fork_speed(plant: Plant) -> float:
    """Speed that makes one stroke (with its ramps at 2 m/s²) last `fork_stroke_s`."""
    ramp = min(plant.fork_stroke_s, 2.0 * math.sqrt(plant.fork_mm / 2000.0) + 0.01)
    lasts = max(plant.fork_stroke_s, ramp)
    root = math.sqrt(max(0.0, lasts * lasts - 4.0 * plant.fork_mm / 2000.0))
    return 1000.0 * (lasts - root)
