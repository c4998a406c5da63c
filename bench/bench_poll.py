"""Jitter of the fastest poll while a swap runs, on real wires: how far two polls are from their pace."""

import asyncio
import os
from itertools import pairwise
from statistics import quantiles
from typing import Any, Final

from bench.figure import Comparison, Figure
from bench.wire import wire
from hal.config.bundle import Station
from hal.config.station import UnitsDevice
from sim.emulators.unit import UnitEmulator

STATIONS: Final = tuple(os.environ.get("BENCH_STATIONS", "choco-14 latch-30").split())
WINDOW_S: Final = float(os.environ.get("BENCH_POLL_S", "60"))
SUBJECT: Final = (
    *("firmware_py/**/*.py", "hal/links/*.py", "hal/devices/*.py", "hal/codecs/*.py", "sim/reach/*.py"),
    *("config/stations/*.toml", "config/devices/**/*.toml"),
)
COMMAND: Final = "make bench NAMES=poll"


class Clocked:
    """Writes down when an emulated unit is asked for its first block."""

    def __init__(self, unit: UnitEmulator) -> None:
        self.at_s: list[float] = []
        self._read = unit.read
        self._first: tuple[Any, ...] | None = None
        unit.read = self._listen  # type: ignore[method-assign]

    def _listen(self, table: Any, address: int, count: int, now: float) -> tuple[int, ...]:
        self._first = self._first or (table, address)
        if (table, address) == self._first:
            self.at_s.append(asyncio.get_running_loop().time())
        return self._read(table, address, count, now)


def fastest(station: Station) -> str:
    """The unit of the safety PLC that is polled in motion."""
    device = station.config.devices["safety"]
    assert isinstance(device, UnitsDevice)
    return device.units[0]


async def _measure(name: str) -> tuple[float, float, int]:
    """p99 of the jitter and the pace in s, and the number of polls."""
    async with wire(station=name) as w:
        unit = fastest(w.served.station)
        emulators = w.served.rig.emulators
        assert emulators is not None
        clocked = Clocked(emulators.units[unit])
        await w.ask("reset")
        await w.until(lambda s: s["packml"] == "Idle", 30.0)
        w.served.send_car()
        await w.until(lambda s: s["packml"] == "Execute", 60.0)
        await asyncio.sleep(1.0)
        clocked.at_s.clear()
        await asyncio.sleep(WINDOW_S)
        polls = list(clocked.at_s)
        status = await w.status()
        assert status["packml"] == "Execute", (
            f"the window must lie within one swap: {status['packml']}, {status['faults']}"
        )
        pace_s = w.served.station.units[unit].poll.motion_s
    gaps = [later - sooner for sooner, later in pairwise(polls)]
    jitter = [abs(gap - pace_s) for gap in gaps]
    return quantiles(jitter, n=100)[98], pace_s, len(polls)


def run() -> list[Figure]:
    """One swap of each station, packs sending, no other load."""
    figures = []
    for name in STATIONS:
        p99_s, pace_s, polls = asyncio.run(_measure(name))
        title = f"fast poll of {name}, jitter p99"
        note = f"safety PLC every {1000 * pace_s:g} ms, {polls} polls within a swap, device latency in it"
        figures.append(Figure(title, "5", Comparison.AT_MOST, 1000 * p99_s, "ms", COMMAND, SUBJECT, note))
    return figures
