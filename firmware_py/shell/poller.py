"""One task per Modbus link: polls its units, each at the period that fits what moves, and probes silent ones slowly."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from firmware_py.shell.observer import Observer
from hal.config.station import FreshnessConfig
from hal.devices.unit import ModbusUnit
from hal.errors import DeviceStrange, HalError


class Watcher(Protocol):
    """Who wants to know what polling found."""

    def polled(self, unit: ModbusUnit) -> None: ...
    def lost(self, unit: ModbusUnit, why: str) -> None: ...
    def strange(self, unit: ModbusUnit, why: str) -> None: ...
    def found(self, unit: ModbusUnit) -> None: ...
    def round_done(self, link: str) -> None: ...


class LinkPoller:
    """Polls the units of one link in order of their due times. `set_periods` may hasten it at any time.

    A unit that fails `lost_after` polls in a row is lost, and probed slowly: its silence costs its line one time-out
    each `probe_s`.
    """

    def __init__(
        self,
        link: str,
        units: Sequence[ModbusUnit],
        observer: Observer,
        watcher: Watcher,
        clock: Callable[[], float],
        freshness: FreshnessConfig,
    ) -> None:
        self.link = link
        self._lost_after = freshness.lost_after
        self._probe_s = freshness.probe_s
        self.names = tuple(u.name for u in units)
        self._units = {u.name: u for u in units}
        self._observer = observer
        self._watcher = watcher
        self._clock = clock
        self._period_s = {u.name: u.codec.unit.poll.idle_s for u in units}
        self._due_s = {u.name: 0.0 for u in units}
        self._fails = dict.fromkeys(self._units, 0)
        self._strange: set[str] = set()
        self._wake: asyncio.Future[None] | None = None
        self._polled = asyncio.Event()

    def set_periods(self, periods_s: Mapping[str, float]) -> None:
        """Poll these units at these periods from now on. A shorter period takes effect at once."""
        now, sooner = self._clock(), False
        for name, period_s in periods_s.items():
            if name in self._units and period_s != self._period_s[name]:
                if period_s < self._period_s[name] and not self._fails[name]:
                    self._due_s[name] = now
                    sooner = True
                self._period_s[name] = period_s
                self._observer.set_period(name, period_s)
        if sooner and self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def gap(self, room_s: float) -> None:
        """Returns when no poll is due for `room_s`, at the latest after one: other traffic of the line goes between."""
        if min(self._due_s.values()) - self._clock() < room_s:
            self._polled.clear()
            await self._polled.wait()

    async def run(self) -> None:
        """Poll for ever."""
        while True:
            name = min(self._due_s, key=self._due_s.__getitem__)
            wait_s = self._due_s[name] - self._clock()
            if wait_s > 0:
                await self._sleep(wait_s)
                continue
            await self._poll(self._units[name])

    async def _poll(self, unit: ModbusUnit) -> None:
        started = self._clock()
        try:
            await unit.poll()
        except DeviceStrange as error:
            self._is_strange(unit, error)
        except HalError as error:
            self._failed(unit, error)
        else:
            if self._fails[unit.name] >= self._lost_after or unit.name in self._strange:
                self._strange.discard(unit.name)
                self._watcher.found(unit)
            self._fails[unit.name] = 0
            self._due_s[unit.name] = started + self._period_s[unit.name]
            self._watcher.polled(unit)
        self._polled.set()
        self._watcher.round_done(self.link)

    def _is_strange(self, unit: ModbusUnit, error: DeviceStrange) -> None:
        """It answers, so it is not lost; it is asked again as slowly as a lost one."""
        was_lost, self._fails[unit.name] = self._fails[unit.name] >= self._lost_after, 0
        self._due_s[unit.name] = self._clock() + max(self._probe_s, self._period_s[unit.name])
        if was_lost or unit.name not in self._strange:
            self._strange.add(unit.name)
            self._watcher.strange(unit, str(error))

    def _failed(self, unit: ModbusUnit, error: HalError) -> None:
        self._fails[unit.name] += 1
        lost = self._fails[unit.name] >= self._lost_after
        pause_s = max(self._probe_s, self._period_s[unit.name]) if lost else self._period_s[unit.name]
        self._due_s[unit.name] = self._clock() + pause_s
        if self._fails[unit.name] == self._lost_after:
            self._watcher.lost(unit, f"{unit.name}: {error}")

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_later(seconds, _set, self._wake)
        try:
            await self._wake
        finally:
            handle.cancel()
            self._wake = None


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
