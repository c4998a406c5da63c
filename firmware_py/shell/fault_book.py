"""Since when each fault stands, and its lines in the log: the first at once, repeats counted and told once a minute."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware_py.core.fault_table import FAULTS
from firmware_py.core.faults import Fault
from firmware_py.shell.timers import Timers

_log = logging.getLogger(__name__)
COUNT_S: Final = 60.0
"""Repeats are counted over so long. Both the words of the log and the wear of a disk ask for it."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Since:
    """When a fault was raised: wall clock in ms since 1970 UTC, and monotonic s. `times`: how often in this run."""

    wall_ms: int
    mono_s: float
    times: int


class FaultBook:
    """Told of each raise and clear. `clock` is monotonic s, `now_ms` the wall clock, `close` ends its timers."""

    def __init__(self, clock: Callable[[], float], now_ms: Callable[[], int]) -> None:
        self._clock = clock
        self._now_ms = now_ms
        self._since: dict[Key, Since] = {}
        self._times: Counter[Key] = Counter()
        self._repeats: dict[Key, int] = {}
        """Repeats since the last line, of faults whose minute runs."""
        self._quiet: set[Key] = set()
        """Faults whose last raise was counted and not told: their clear is not told either."""
        self._minutes = Timers(self._minute_over)

    def raised(self, fault: Fault) -> Since:
        """A fault stands from now on."""
        key = _key(fault)
        self._times[key] += 1
        since = self._since[key] = Since(self._now_ms(), self._clock(), self._times[key])
        if key in self._repeats:
            self._repeats[key] += 1
            self._quiet.add(key)
            return since
        row = FAULTS[fault.code]
        fields = {"code": key[0], "device": key[1], "severity": row.severity.value, "text": fault.text}
        _log.warning("fault-raised", {**fields, "remedy": row.remedy})
        self._begin_minute(key)
        return since

    def cleared(self, fault: Fault) -> None:
        """A fault is gone."""
        key = _key(fault)
        since = self._since.pop(key, None)
        if key in self._quiet:
            self._quiet.discard(key)
            return
        stood_s = None if since is None else round(self._clock() - since.mono_s, 3)
        _log.info("fault-cleared", {"code": key[0], "device": key[1], "stood_s": stood_s})

    def since(self, fault: Fault) -> Since:
        """When a standing fault was raised."""
        return self._since[_key(fault)]

    def age_s(self, fault: Fault) -> float:
        """How long a fault has stood."""
        return self._clock() - self.since(fault).mono_s

    def close(self) -> None:
        """No line comes after it. Repeats that were not told yet are told now."""
        for key, count in self._repeats.items():
            _tell_repeats(key, count)
        self._repeats.clear()
        self._minutes.clear()

    def _begin_minute(self, key: Key) -> None:
        self._repeats[key] = 0
        self._minutes.arm("/".join(key), COUNT_S)

    def _minute_over(self, name: str) -> None:
        code, _, device = name.partition("/")
        count = self._repeats.pop((code, device))
        _tell_repeats((code, device), count)
        if count:
            self._begin_minute((code, device))


def _tell_repeats(key: Key, count: int) -> None:
    if count:
        text = f"{count} time{'s' if count > 1 else ''} in the last minute"
        _log.warning("fault-repeated", {"code": key[0], "device": key[1], "text": text})


def _key(fault: Fault) -> Key:
    return fault.code.value, fault.device
