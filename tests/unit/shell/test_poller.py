"""One link's poller: pace by what moves, silence told once, silent units probed slowly and never in the way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from firmware_py.shell.poller import LinkPoller
from hal.config.station import FreshnessConfig
from hal.errors import DeviceStrange, LinkTimeout
from tests.unit.shell.fakes import virtual

READ_S = 0.01
PROBE_S = 2.0
FRESHNESS = FreshnessConfig(periods=3, lost_after=3, probe_s=PROBE_S, pack_s=1.0, car_s=1.0)


@dataclass
class Unit:
    """A unit that answers after `READ_S`, or is silent."""

    name: str
    idle_s: float = 1.0
    silent: bool = False
    other: bool = False
    at: list[float] = field(default_factory=list)

    @property
    def codec(self) -> Any:
        return SimpleNamespace(unit=SimpleNamespace(poll=SimpleNamespace(idle_s=self.idle_s)))

    async def poll(self) -> None:
        self.at.append(round(asyncio.get_running_loop().time(), 3))
        await asyncio.sleep(READ_S)
        if self.silent:
            raise LinkTimeout(f"{self.name} says nothing")
        if self.other:
            raise DeviceStrange(f"{self.name} is another")


@dataclass
class Log:
    """Observer and watcher in one."""

    told: list[tuple[str, str]] = field(default_factory=list)
    periods: list[tuple[str, float]] = field(default_factory=list)
    rounds: int = 0

    def polled(self, unit: Any) -> None:
        if ("polled", unit.name) not in self.told:
            self.told.append(("polled", unit.name))

    def lost(self, unit: Any, why: str) -> None:
        self.told.append(("lost", why))

    def strange(self, unit: Any, why: str) -> None:
        self.told.append(("strange", why))

    def found(self, unit: Any) -> None:
        self.told.append(("found", unit.name))

    def round_done(self, link: str) -> None:
        self.rounds += 1

    def set_period(self, unit: str, period_s: float) -> None:
        self.periods.append((unit, period_s))


def poll(*units: Unit, seconds: float, play: Callable[[LinkPoller], None] = lambda _: None) -> Log:
    """Poll units for a while."""
    log = Log()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        poller = LinkPoller("line", cast(Any, units), cast(Any, log), log, loop.time, FRESHNESS)
        play(poller)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(poller.run())
            await asyncio.sleep(seconds)
            task.cancel()

    virtual(main())
    return log


def test_each_unit_is_polled_at_its_own_period_from_start_to_start() -> None:
    fast, slow = Unit("fast", 0.5), Unit("slow", 1.0)
    poll(fast, slow, seconds=2.2)
    assert fast.at == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert slow.at == [0.01, 1.01, 2.01]


def test_a_shorter_period_takes_effect_at_once_and_is_told_to_the_observer() -> None:
    unit = Unit("a")

    def play(poller: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(0.3, poller.set_periods, {"a": 0.1, "elsewhere": 0.1})

    log = poll(unit, seconds=0.65, play=play)
    assert unit.at == [0.0, 0.3, 0.4, 0.5, 0.6]
    assert log.periods == [("a", 0.1)]


def test_a_longer_or_equal_period_wakes_nobody() -> None:
    unit = Unit("a", 0.5)

    def play(poller: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(0.2, poller.set_periods, {"a": 2.0})
        asyncio.get_running_loop().call_later(0.3, poller.set_periods, {"a": 2.0})

    log = poll(unit, seconds=3.0, play=play)
    assert unit.at == [0.0, 0.5, 2.5]
    assert log.periods == [("a", 2.0)]


def test_silence_is_told_once_after_so_many_failures_and_the_return_too() -> None:
    unit = Unit("a", 0.1, silent=True)

    def play(_: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(5.0, setattr, unit, "silent", False)

    log = poll(unit, seconds=8.0, play=play)
    assert log.told == [("lost", "a: a says nothing"), ("found", "a"), ("polled", "a")]
    assert unit.at[:5] == [0.0, 0.11, 0.22, 2.23, 4.24], "three at its own period, then slowly"


def test_another_product_is_told_once_asked_slowly_and_its_end_is_told() -> None:
    unit = Unit("a", 0.1, other=True)

    def play(_: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(5.0, setattr, unit, "other", False)

    log = poll(unit, seconds=7.0, play=play)
    assert log.told == [("strange", "a is another"), ("found", "a"), ("polled", "a")]
    assert unit.at[:3] == [0.0, 2.01, 4.02]


def test_a_silent_unit_that_comes_back_as_another_is_told_again() -> None:
    unit = Unit("a", 0.1, other=True)

    def play(_: LinkPoller) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, setattr, unit, "silent", True)
        loop.call_later(10.0, setattr, unit, "silent", False)

    told = poll(unit, seconds=14.0, play=play).told
    assert told == [("strange", "a is another"), ("lost", "a: a says nothing"), ("strange", "a is another")]


def test_one_failure_is_no_loss() -> None:
    unit = Unit("a", 0.1, silent=True)

    def play(_: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(0.05, setattr, unit, "silent", False)

    assert poll(unit, seconds=1.0, play=play).told == [("polled", "a")]


def test_a_silent_unit_is_probed_slowly_and_does_not_slow_the_others() -> None:
    dead, living = Unit("dead", 0.1, silent=True), Unit("living", 0.1)
    log = poll(dead, living, seconds=5.0)
    assert len(dead.at) <= 3 + 5 / PROBE_S
    assert len(living.at) >= 49
    assert log.rounds == len(dead.at) + len(living.at), "a round is done whatever it brought"


def test_a_lost_unit_is_not_hastened_by_a_faster_pace() -> None:
    dead = Unit("dead", 0.1, silent=True)

    def play(poller: LinkPoller) -> None:
        asyncio.get_running_loop().call_later(2.0, poller.set_periods, {"dead": 0.02})

    poll(dead, seconds=3.0, play=play)
    assert len([t for t in dead.at if t > 1.9]) <= 2


def test_other_traffic_of_the_line_goes_right_after_a_poll_where_the_next_one_is_near() -> None:
    unit, gaps = Unit("a", 0.5), []

    def play(poller: LinkPoller) -> None:
        async def ask(at_s: float) -> None:
            await asyncio.sleep(at_s)
            await poller.gap(0.2)
            gaps.append(round(asyncio.get_running_loop().time(), 3))

        for at_s in (0.1, 0.29, 0.31, 0.505):
            tasks.append(asyncio.get_running_loop().create_task(ask(at_s)))

    tasks: list[asyncio.Task[None]] = []
    poll(unit, seconds=1.2, play=play)
    assert unit.at == [0.0, 0.5, 1.0]
    assert gaps == [0.1, 0.29, 0.51, 0.51]


def test_a_poll_that_fails_makes_room_as_well() -> None:
    unit, gaps = Unit("a", 0.5, silent=True), []

    async def ask(poller: LinkPoller) -> None:
        await poller.gap(0.2)
        gaps.append(round(asyncio.get_running_loop().time(), 3))

    tasks: list[asyncio.Task[None]] = []
    poll(unit, seconds=0.2, play=lambda p: tasks.append(asyncio.get_running_loop().create_task(ask(p))))
    assert gaps == [0.01]
