"""A two-position actuator: it travels between two ends and is seen at each by a switch."""

import math
from dataclasses import dataclass

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

    def is_out(self, t: float) -> bool:
        """Is its working-position switch made?"""
        return self.at(t) >= 1.0 - END_SHARE - _ROUNDING

    def is_home(self, t: float) -> bool:
        """Is its home switch made?"""
        return self.at(t) <= END_SHARE + _ROUNDING

    def ends_s(self) -> float:
        """When the travel ends, infinity when it stands."""
        if self.rate == 0.0:
            return math.inf
        return self.since_s + ((1.0 if self.rate > 0.0 else 0.0) - self.share) / self.rate

    def travel(self, t: float, out_s: float, home_s: float, *, allowed: bool) -> None:
        """From plant time `t` on go where the outputs say, in these times for the whole way, or stand."""
        self.share, self.since_s, self.rate = self.at(t), t, 0.0
        if not allowed or self.jammed or self.out == self.home:
            return
        if self.out and self.share < 1.0:
            self.rate = 1.0 / out_s
        elif self.home and self.share > 0.0:
            self.rate = -1.0 / home_s

    def next_s(self) -> float:
        """End of the travel; on the way the point where each end switch changes."""
        if self.rate == 0.0:
            return math.inf
        marks = (END_SHARE, 1.0 - END_SHARE) if self.rate > 0.0 else (1.0 - END_SHARE, END_SHARE)
        for mark in marks:
            wait = (mark - self.share) / self.rate
            if wait > _ROUNDING:
                return self.since_s + wait
        return self.ends_s()

    def passes(self, t: float) -> None:
        """A point of the travel is reached at plant time `t`."""
        if self.rate != 0.0:
            self.share = self.at(t) if t < self.ends_s() else (1.0 if self.rate > 0.0 else 0.0)
            self.since_s = t
            if self.share in (0.0, 1.0):
                self.rate = 0.0
