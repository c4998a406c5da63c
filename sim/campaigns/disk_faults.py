"""A disk that fails at one call of the journal, whichever: what the station does about it, in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import ALL, Entry, Query, Row, Stamp
from firmware_py.shell.journal_db import connect
from firmware_py.shell.journal_inline import InlineJournal
from hal.config.loader import load_station
from sim.campaigns.director import Director, Outcome
from sim.campaigns.power_cuts import Left, Tape, listen
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import EPOCH_MS, VirtualStation, virtual_station
from sim.disk.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, READONLY, Disk, Op
from sim.referee import steel_moves
from sim.scenario import load_scenario
from sim.vloop import run_virtual

KINDS: Final = {
    "EIO": ("write", IOERR_WRITE),
    "ENOSPC": ("write", FULL),
    "EROFS": ("write", READONLY),
    "fsync": ("sync", IOERR_FSYNC),
}
"""What fails, and what SQLite is told. A failed fsync is told once, and the next one is fine again."""
LOOK_S: Final = 0.005
AFTER_S: Final = 4.0
"""A mover that cannot tell that it stands is taken to stand after 3 s."""


@dataclass
class Seen:
    """What came of it. Times in s from the finding; None: it did not happen."""

    calls: int = 0
    found_at_s: float | None = None
    off_after_s: float | None = None
    """Until the safety PLC had cut the drives."""
    rest_after_s: float | None = None
    """Until nothing heavy moved: what was in motion has run down its ramp."""
    left_after: list[str] = field(default_factory=list)
    """Commands that reached a device after it."""
    packml: PackML = PackML.STOPPED
    faults: list[FaultCode] = field(default_factory=list)
    alarmed: bool = False
    breaches: int = 0


def strike(call: int | None, kind: str = "EIO", scenario: str = "happy", seed: int = 1) -> Seen:
    """Run a scenario whose journal fails at this call, counted from 1 and over reads and writes; None: at none."""
    with TemporaryDirectory() as folder, Disk(lambda _: OK) as disk:
        return run_virtual(_play(Path(folder) / "j.sqlite", disk, call, kind, scenario, seed), seed)


async def _play(path: Path, disk: Disk, call: int | None, kind: str, scenario: str, seed: int) -> Seen:
    loop, named, tape = asyncio.get_running_loop(), load_scenario(scenario), Tape()
    stamp = lambda: Stamp(loop.time(), EPOCH_MS / 1000 + loop.time(), ClockSource.NTP)  # noqa: E731 - the journal's clock
    journal = _Failing(path, clock=stamp, latency_s=0.0005, connect=partial(connect, vfs=disk.vfs))
    journal.fails(disk, call, kind)
    seen = Seen()
    async with virtual_station(
        load_station(named.scenario.station), seed, journal=journal, booted=partial(listen, tape=tape)
    ) as running:
        director = Director(named.scenario, stage_of(running))
        director.prepare()
        playing = asyncio.ensure_future(director.run())
        if await _finding(running, playing):
            await _watch(running, tape, seen)
        playing.cancel()
        seen.calls = journal.calls
        seen.packml = running.controller.state.packml
        seen.faults = [fault.code for fault in running.controller.state.faults]
        alarm = running.topics.alarm(FaultCode.JOURNAL_FAILED.value, "journal")
        seen.alarmed = any(line.split()[1] == alarm for line in running.trace)
        seen.breaches = len(running.world.referee.breaches)
    journal.close()
    return seen


def _found(running: VirtualStation) -> bool:
    return running.controller.state.fault(FaultCode.JOURNAL_FAILED, "journal") is not None


async def _finding(running: VirtualStation, playing: asyncio.Future[Outcome]) -> bool:
    while not playing.done():
        if _found(running):
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _watch(running: VirtualStation, tape: Tape, seen: Seen) -> None:
    loop, before = asyncio.get_running_loop(), len(tape.events)
    since = running.controller.books.faults.since
    (fault,) = [f for f in running.controller.state.faults if f.code is FaultCode.JOURNAL_FAILED]
    seen.found_at_s = since(fault).mono_s
    while loop.time() < seen.found_at_s + AFTER_S:
        running.world.advance(loop.time())
        after_s = loop.time() - seen.found_at_s
        if seen.off_after_s is None and not running.world.safety.drives_enabled:
            seen.off_after_s = after_s
        if seen.rest_after_s is None and not steel_moves(running.world):
            seen.rest_after_s = after_s
        await asyncio.sleep(LOOK_S)
    seen.left_after = [event.words for event in tape.events[before:] if isinstance(event, Left)]


OFF_S: Final = 0.1
"""The drives are off within so long, whatever was in motion."""
REST_S: Final = 0.7
"""And what was in motion stands: 0.6 s are the ramp of a slot from 600 mm/s at 1,000 mm/s²."""


def wrong(seen: Seen) -> list[str]:
    """What is not as it must be after a failure of the journal, at whichever call."""
    found = []
    if FaultCode.JOURNAL_FAILED not in seen.faults or not seen.alarmed:
        found.append("nobody was told")
    if seen.packml is not PackML.HELD:
        found.append(f"the station is {seen.packml.value}")
    if seen.off_after_s is None or seen.off_after_s > OFF_S:
        found.append(f"the drives were off after {seen.off_after_s} s")
    if seen.rest_after_s is None or seen.rest_after_s > REST_S:
        found.append(f"nothing moved after {seen.rest_after_s} s")
    if seen.left_after:
        found.append(f"commands left after it: {', '.join(seen.left_after)}")
    if seen.breaches:
        found.append(f"the referee saw {seen.breaches} breaches")
    return found


class _Failing(InlineJournal):
    """Counts the calls, and lets the disk fail at one of them."""

    calls = 0

    def fails(self, disk: Disk, call: int | None, kind: str) -> None:
        """Where, and how."""
        self._disk, self._call, self._kind = disk, call, KINDS[kind]

    async def append(self, rows: Sequence[Row]) -> None:
        self.calls += 1
        if self.calls != self._call:
            await super().append(rows)
            return
        what, code = self._kind

        def watch(op: Op) -> int:
            if op.kind != what:
                return OK
            if what == "sync":
                self._disk.watch = lambda _: OK
            return code

        self._disk.watch = watch
        try:
            await super().append(rows)
        finally:
            self._disk.watch = lambda _: OK

    async def rows(self, query: Query = ALL) -> list[Entry]:
        self.calls += 1
        if self.calls == self._call:
            self.fail("disk I/O error")  # a read is mostly served from memory: as if it were not
        return await super().rows(query)
