"""Platform: two-position actuators driven by output pairs, their switches and the lane."""

import math
from dataclasses import dataclass

from hal.commands import Actuator
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.plant import Plant

END_SHARE = 0.02
"""Width of the end switches, as a share of the travel."""
_ROUNDING = 1e-9


@dataclass(slots=True)
class Cylinder:
    """One actuator: `share` 0 = home, 1 = working position; closed-centre valve, so both outputs off holds it."""

    share: float = 0.0
    since_s: float = 0.0
    rate: float = 0.0
    out: bool = False
    home: bool = False
    jammed: bool = False

    def at(self, t: float) -> float:
        """Share of the travel at plant time `t`."""
        return min(1.0, max(0.0, self.share + self.rate * (t - self.since_s)))

    def ends_s(self) -> float:
        """When the travel ends, infinity when it stands."""
        if self.rate == 0.0:
            return math.inf
        return self.since_s + ((1.0 if self.rate > 0.0 else 0.0) - self.share) / self.rate


class Platform(Part):
    """The outputs stay as they were written; without the safety PLC's release their supply is cut and nothing moves."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.allowed = False
        self.cylinders = {a: Cylinder() for a in Actuator}
        self._chance = chance
        self._jitter = jitter

    @property
    def moving(self) -> bool:
        """Does any actuator travel?"""
        return any(c.rate != 0.0 for c in self.cylinders.values())

    def travels(self, actuator: Actuator) -> bool:
        """Does this one travel?"""
        return self.cylinders[actuator].rate != 0.0

    def share(self, actuator: Actuator) -> float:
        """0 = home (retracted, down, closed), 1 = working position (extended, raised, open)."""
        return self.cylinders[actuator].at(self.clock.plant)

    def is_out(self, actuator: Actuator) -> bool:
        """Is its working-position switch made?"""
        return self.share(actuator) >= 1.0 - END_SHARE - _ROUNDING

    def is_home(self, actuator: Actuator) -> bool:
        """Is its home switch made?"""
        return self.share(actuator) <= END_SHARE + _ROUNDING

    def drive(self, actuator: Actuator, *, out: bool, home: bool) -> None:
        """Set the pair of outputs. Both on or both off = the valve is centred."""
        cylinder = self.cylinders[actuator]
        if (cylinder.out, cylinder.home) != (out, home):
            cylinder.out, cylinder.home = out, home
            self._set(actuator)
            self.changed()

    def jam(self, actuator: Actuator, on: bool) -> None:
        """Jam an actuator where it is, or free it."""
        self.cylinders[actuator].jammed = on
        self._set(actuator)
        self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC: supply of all outputs."""
        if on != self.allowed:
            self.allowed = on
            for actuator in Actuator:
                self._set(actuator)
            self.changed()

    def due(self) -> float:
        """End of the earliest travel, or its half way (the referee looks at a gate that closes)."""
        return min(self._next(c) for c in self.cylinders.values())

    def fire(self) -> None:
        """End travels."""
        now = self.clock.plant
        for cylinder in self.cylinders.values():
            if cylinder.rate != 0.0:
                cylinder.share = cylinder.at(now) if now < cylinder.ends_s() else (1.0 if cylinder.rate > 0.0 else 0.0)
                cylinder.since_s = now
                if cylinder.share in (0.0, 1.0):
                    cylinder.rate = 0.0
        self.changed()

    def _next(self, cylinder: Cylinder) -> float:
        """End of the travel; on the way the point where each end switch changes."""
        if cylinder.rate == 0.0:
            return math.inf
        marks = (END_SHARE, 1.0 - END_SHARE) if cylinder.rate > 0.0 else (1.0 - END_SHARE, END_SHARE)
        for mark in marks:
            wait = (mark - cylinder.share) / cylinder.rate
            if wait > 1e-9:
                return cylinder.since_s + wait
        return cylinder.ends_s()

    def _set(self, actuator: Actuator) -> None:
        cylinder, now = self.cylinders[actuator], self.clock.plant
        cylinder.share, cylinder.since_s = cylinder.at(now), now
        out_s, home_s = self.plant.actuators[actuator]
        cylinder.rate = 0.0
        if not self.allowed or cylinder.jammed or cylinder.out == cylinder.home:
            return
        slow = self._chance.factor(self._jitter)
        if cylinder.out and cylinder.share < 1.0:
            cylinder.rate = 1.0 / (out_s * slow)
        elif cylinder.home and cylinder.share > 0.0:
            cylinder.rate = -1.0 / (home_s * slow)
