"""Which units' values are young enough to count, judged with as little work as the answer allows."""

from collections.abc import Mapping

from hal.devices.unit import ModbusUnit


class Freshness:
    """A value is stale after a few periods of the unit's present poll rate plus its reply time-out.

    `flips(now)` names the units whose state changed since the last call; between two possible changes it costs nothing.
    """

    def __init__(self, units: Mapping[str, ModbusUnit], periods: int) -> None:
        self._units = units
        self._periods = periods
        self._period_s = {name: u.codec.unit.poll.idle_s for name, u in units.items()}
        self._timeout_s = {name: u.codec.info.timeout_s for name, u in units.items()}
        self._fresh = dict.fromkeys(units, False)
        self._settling: dict[str, tuple[float, float]] = {}
        """Unit -> (since when, period before) while it waits for its first poll at a faster pace."""
        self._recheck_s = float("-inf")

    def is_fresh(self, unit: ModbusUnit) -> bool:
        """As of the last `flips`."""
        return self._fresh[unit.name]

    def is_settling(self, unit: ModbusUnit) -> bool:
        """The unit is to be read faster from now on and has not been yet."""
        return unit.name in self._settling

    def set_period(self, name: str, period_s: float, now: float) -> None:
        """The unit is polled at this period from now on.

        Until its first poll at a faster pace its values count as fresh by the old period: what was watched does not
        become unknown by it, but nothing of it may start to move.
        """
        if period_s < self._period_s[name]:
            self._settling[name] = (now, self._period_s[name])
        self._period_s[name] = period_s
        self._recheck_s = float("-inf")

    def polled(self, unit: ModbusUnit) -> None:
        """New values of a unit came in."""
        settling = self._settling.get(unit.name)
        if settling is not None and unit.at_s >= settling[0]:
            del self._settling[unit.name]
            self._recheck_s = float("-inf")
        elif not self._fresh[unit.name]:
            self._recheck_s = float("-inf")

    def flips(self, now: float) -> list[str]:
        """Names of units that became fresh or stale since the last call."""
        if now < self._recheck_s:
            return []
        changed = []
        self._recheck_s = float("inf")
        for name, unit in self._units.items():
            settling = self._settling.get(name)
            period_s = self._period_s[name] if settling is None else settling[1]
            until_s = unit.at_s + self._periods * period_s + self._timeout_s[name]
            fresh = now <= until_s
            if fresh:
                self._recheck_s = min(self._recheck_s, until_s)
            if fresh is not self._fresh[name]:
                self._fresh[name] = fresh
                changed.append(name)
        return changed
