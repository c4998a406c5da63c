"""The journal: how often the core decides while a sync of the disk hangs; one swap in rows, bytes and time."""

import asyncio
import threading
import time
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

from bench.figure import Comparison, Figure
from bench.virtual import STATION
from firmware_py.core.faults import FaultCode
from firmware_py.shell.journal import ALL, Entry, Query, Row, Stamp
from firmware_py.shell.journal_db import connect
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.journal_writer import SqliteJournal
from hal.config.loader import load_station
from sim.campaigns.director import Director
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import virtual_station
from sim.disk.vfs import OK, Disk, Op
from sim.scenario import load_scenario
from sim.vloop import run_virtual

HANG_S: Final = 2.0
ROUNDS: Final = 25
PACE: Final = {"safety_plc": 0.02}
"""How often the safety PLC is asked while drives are enabled: each answer is a decision."""
SUBJECT: Final = (
    "firmware_py/shell/journal*.py",
    "firmware_py/shell/recorder.py",
    "firmware_py/shell/controller.py",
    "firmware_py/core/**/*.py",
    "sim/disk/*.py",
    "config/stations/choco-14.toml",
)
COMMAND: Final = "make bench NAMES=journal"


class _Threaded(InlineJournal):
    """The production writer with its thread, where a station in memory has one without."""

    def __init__(self, writer: SqliteJournal) -> None:
        super().__init__(clock=lambda: Stamp(0.0, 0.0))
        self._writer = writer

    async def append(self, rows: Sequence[Row]) -> None:
        await self._writer.append(rows)

    async def rows(self, query: Query = ALL) -> list[Entry]:
        return await self._writer.rows(query)


async def _intervals(folder: Path) -> tuple[list[float], list[float]]:
    """Times between decisions in s, in real time: while the disk is well, and while each sync of it hangs."""
    clock = asyncio.get_running_loop().time
    never, hanging, at = threading.Event(), threading.Event(), list[float]()

    def watch(op: Op) -> int:
        if op.kind == "sync" and hanging.is_set():
            never.wait(HANG_S)
        return OK

    calm, stalled = list[float](), list[float]()
    with Disk(watch) as disk:
        writer = SqliteJournal(folder / "j.sqlite", lambda: Stamp(clock(), 0.0), partial(connect, vfs=disk.vfs))
        async with writer, virtual_station(load_station(STATION), 1, journal=_Threaded(writer)) as running:
            controller = running.controller
            await controller.ready.wait()
            decided = controller.progress.decided

            def noted() -> None:
                at.append(clock())
                decided()

            controller.progress.decided = noted  # type: ignore[method-assign]
            for poller in controller._pollers:  # noqa: SLF001 - the pace of motion, without any
                poller.set_periods(PACE)
            await asyncio.sleep(HANG_S)
            for number in range(2 * ROUNDS):
                if number % 2:
                    hanging.set()
                at.clear()
                kept = asyncio.ensure_future(writer.append([Row("note")]))
                await asyncio.sleep(0.9 * HANG_S)
                if number % 2 == kept.done():
                    raise RuntimeError("the disk did not hang when it should, or hung when it should not")
                (stalled if number % 2 else calm).extend(b - a for a, b in pairwise(at))
                hanging.clear()
                await kept
            if any(fault.code is FaultCode.JOURNAL_FAILED for fault in controller.state.faults):
                raise RuntimeError("the journal has failed")
    return calm, stalled


class _Timed(InlineJournal):
    """Counts rows and the time that commits take on the disk of this machine, in s."""

    kept = 0
    busy_s = 0.0

    async def append(self, rows: Sequence[Row]) -> None:
        began_s, self.kept = time.perf_counter(), self.kept + len(rows)
        await super().append(rows)  # it has no latency of its own: nobody else runs meanwhile
        self.busy_s += time.perf_counter() - began_s


async def _swap(path: Path, disk: Disk) -> tuple[int, float]:
    named, clock = load_scenario("happy"), asyncio.get_running_loop().time
    journal = _Timed(path, clock=lambda: Stamp(clock(), 0.0), connect=partial(connect, vfs=disk.vfs))
    async with virtual_station(load_station(named.scenario.station), 1, journal=journal) as running:
        director = Director(named.scenario, stage_of(running))
        director.prepare()
        await director.run()
    journal.close()
    return journal.kept, journal.busy_s


def _cost() -> tuple[int, int, float]:
    """Rows, bytes written to the disk and s spent in commits, from the start of a controller to the end of a swap."""
    written = 0

    def watch(op: Op) -> int:
        nonlocal written
        written += len(op.data)
        return OK

    with TemporaryDirectory() as folder, Disk(watch) as disk:
        rows, busy_s = run_virtual(_swap(Path(folder) / "j.sqlite", disk))
    return rows, written, busy_s


def run() -> list[Figure]:
    """p99.9 of both kinds, taken in turns, and their ratio; then the cost of a swap."""
    with TemporaryDirectory() as folder:
        calm, stalled = asyncio.run(_intervals(Path(folder)))
    alone, beside = (quantiles([1000 * t for t in each], n=1000, method="inclusive")[998] for each in (calm, stalled))
    note = (
        f"{ROUNDS} syncs of {HANG_S:g} s, in turns with as long without; safety PLC asked each 20 ms, devices in memory"
    )
    name = "between two decisions while a sync hangs"
    rows, written, busy_s = _cost()
    cost = "one swap from the start of the controller, no retries"
    none = Comparison.NONE
    return [
        Figure("between two decisions, disk well, p99.9", "", none, alone, "ms", COMMAND, SUBJECT, note),
        Figure(f"{name}, p99.9", "50", Comparison.AT_MOST, beside, "ms", COMMAND, SUBJECT, note),
        Figure(
            f"{name}, p99.9 against disk well", "1.5", Comparison.AT_MOST, beside / alone, "", COMMAND, SUBJECT, note
        ),
        Figure("journal, rows of a swap", "", none, rows, "", COMMAND, SUBJECT, cost),
        Figure("journal, bytes of a swap written", "", none, written / 2**20, "MiB", COMMAND, SUBJECT, cost),
        Figure("journal, time of a swap in commits", "", none, 1000 * busy_s, "ms", COMMAND, SUBJECT, cost),
    ]
