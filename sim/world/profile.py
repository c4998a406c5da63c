"""Closed-form motion: legs of constant acceleration, their crossings, and the plan of a trapezoid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Leg:
    """Motion at constant acceleration `a` from place `x` with speed `v` at time `at_s`, for `lasts_s`."""

    at_s: float
    x: float
    v: float
    a: float
    lasts_s: float

    def position(self, t: float) -> float:
        """Place at time `t` (inside the leg)."""
        dt = t - self.at_s
        return self.x + self.v * dt + 0.5 * self.a * dt * dt

    def speed(self, t: float) -> float:
        """Signed speed at time `t` (inside the leg)."""
        return self.v + self.a * (t - self.at_s)


class Profile:
    """A planned motion: stands at its first place before, at `end` after."""

    __slots__ = ("end", "ends_s", "legs", "starts_s")

    def __init__(self, legs: tuple[Leg, ...], starts_s: float, end: float) -> None:
        self.legs = legs
        self.starts_s = starts_s
        self.ends_s = legs[-1].at_s + legs[-1].lasts_s if legs else starts_s
        self.end = end

    def _leg(self, t: float) -> Leg:
        for leg in self.legs:
            if t < leg.at_s + leg.lasts_s:
                return leg
        return self.legs[-1]

    def position(self, t: float) -> float:
        """Place at time `t`, exact at the end."""
        if t >= self.ends_s:
            return self.end
        return self._leg(max(t, self.starts_s)).position(max(t, self.starts_s))

    def speed(self, t: float) -> float:
        """Signed speed at time `t`, 0 outside the motion."""
        if t >= self.ends_s or t < self.starts_s:
            return 0.0
        return self._leg(t).speed(t)

    def crossings(self, marks: Sequence[float]) -> list[tuple[float, float, bool]]:
        """Every (time, mark, upward) at which the motion reaches a mark, in time order; its start is none."""
        found: list[tuple[float, float, bool]] = []
        for leg in self.legs:
            for mark in marks:
                for dt in roots(0.5 * leg.a, leg.v, leg.x - mark, leg.lasts_s):
                    if leg.at_s + dt - self.starts_s > _TINY:
                        found.append((leg.at_s + dt, mark, leg.v + 0.5 * leg.a * dt > 0.0))
        found.sort()
        return found


def roots(a: float, b: float, c: float, upto: float) -> list[float]:
    """Ascending roots of a t² + b t + c in (0, upto], with a little room at `upto` for rounding."""
    if abs(a) < _TINY:
        found = [] if abs(b) < _TINY else [-c / b]
    else:
        square = b * b - 4.0 * a * c
        if square < 0.0:
            if square < -1e-6:
                return []
            square = 0.0
        q = -0.5 * (b + math.copysign(math.sqrt(square), b))
        found = sorted({q / a, c / q} if abs(q) > _TINY else {q / a})
    return [min(t, upto) for t in found if _TINY < t <= upto + _TINY]


def plan_stop(x: float, v: float, accel: float, t: float) -> Profile:
    """Controlled stop from speed `v` with deceleration `accel` (> 0)."""
    if abs(v) < _TINY:
        return Profile((), t, x)
    lasts = abs(v) / accel
    leg = Leg(t, x, v, -math.copysign(accel, v), lasts)
    return Profile((leg,), t, x + 0.5 * v * lasts)


def plan_move(x: float, v: float, target: float, speed: float, accel: float, t: float) -> Profile:
    """Fastest trapezoid from (x, v) to rest at `target`; brakes to rest and turns back where it cannot stop in time."""
    rest = x + v * abs(v) / (2.0 * accel)
    way = math.copysign(1.0, target - x)
    legs: list[Leg] = []
    at = t
    if abs(v) > _TINY and (v * way < 0.0 or (target - rest) * way < -_TINY):
        lasts = abs(v) / accel
        legs.append(Leg(at, x, v, -math.copysign(accel, v), lasts))
        at, x, v = at + lasts, rest, 0.0
        way = math.copysign(1.0, target - x)
    u, gap = abs(v), abs(target - x)
    if gap < _TINY and u < _TINY:
        return Profile(tuple(legs), t, target)
    peak = min(max(speed, _TINY), math.sqrt(max(0.0, accel * gap + 0.5 * u * u)))
    ramps = (abs(u * u - peak * peak) + peak * peak) / (2.0 * accel)
    cruise = max(0.0, gap - ramps) / peak
    # (time, speed before, speed after) of: to the peak, along it, to rest
    for lasts, before, after in ((abs(peak - u) / accel, u, peak), (cruise, peak, peak), (peak / accel, peak, 0.0)):
        if lasts > _TINY:
            legs.append(Leg(at, x, way * before, way * (after - before) / lasts, lasts))
            at, x = at + lasts, x + way * 0.5 * (before + after) * lasts
    return Profile(tuple(legs), t, target)


def first_closer(a: Profile, b: Profile, gap: float, after_s: float) -> float:
    """First time after `after_s` at which `b` is less than `gap` beyond `a`; infinity if never."""
    times = {after_s}
    for profile in (a, b):
        for leg in profile.legs:
            times.update(t for t in (leg.at_s, leg.at_s + leg.lasts_s) if t > after_s)
    ordered = sorted(times)
    for begin, end in pairwise(ordered):
        middle = 0.5 * (begin + end)
        d0 = b.position(begin) - a.position(begin) - gap
        d1 = b.speed(middle) - a.speed(middle)
        bend = _acceleration(b, middle) - _acceleration(a, middle)
        slope = d1 - bend * (middle - begin)
        for dt in roots(0.5 * bend, slope, d0 + 1e-6, end - begin):
            if slope + bend * dt < 0.0:
                return begin + dt
    return math.inf


def _acceleration(profile: Profile, t: float) -> float:
    for leg in profile.legs:
        if leg.at_s <= t < leg.at_s + leg.lasts_s:
            return leg.a
    return 0.0
