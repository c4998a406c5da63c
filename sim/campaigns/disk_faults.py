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
from firmware_py.shell.journal_space import Space
from hal.config.loader import load_station
from sim.campaigns.director import Director, Outcome
from sim.campaigns.ear import listen
from sim.campaigns.power_cuts import Left, Tape, effect
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import EPOCH_MS, VirtualStation, virtual_station
from sim.disk.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, READONLY, Disk, Op
from sim.referee import steel_moves
from sim.scenario import load_scenario
from sim.vloop import run_virtual


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to fail: SQLite is told `code` at `op`; the fault that must be found is `fault`."""

    op: str = ""
    code: int = OK
    fault: FaultCode = FaultCode.JOURNAL_FAILED
    once: bool = False


HANG: Final = "hang"
UPKEEP: Final = "upkeep"
RESERVE: Final = "ENOSPC with a reserve"
KINDS: Final = {
    "EIO": Kind("write", IOERR_WRITE),
    "ENOSPC": Kind("write", FULL),
    "EROFS": Kind("write", READONLY),
    "fsync": Kind("sync", IOERR_FSYNC, once=True),
    RESERVE: Kind("write", FULL, FaultCode.DISK_FULL, once=True),
    HANG: Kind(fault=FaultCode.JOURNAL_SLOW),
    UPKEEP: Kind(),
}
"""A failed fsync is told once, and the next one is fine again. What hangs goes on hanging. Upkeep comes after a call.

Two of them are no end: a commit that takes long, and a full disk that a reserve has made room on. Where no swap is on
its way there is nothing to hold then, and none begins.
"""
LOOK_S: Final = 0.005
AFTER_S: Final = 4.0
"""A mover that cannot tell that it stands is taken to stand after 3 s."""


@dataclass
class Seen:
    """What came of it. Times in s from the finding; None: it did not happen."""

    fault: FaultCode = FaultCode.JOURNAL_FAILED
    """What must have been found."""
    at_rest: bool = False
    """No swap was on its way when it was found."""
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
    reserve = _Reserve() if kind == RESERVE else None
    opened = partial(connect, vfs=disk.vfs)
    journal = _Failing(path, clock=stamp, latency_s=0.0005, connect=opened, reserve=reserve)
    journal.fails(disk, call, kind)
    seen = Seen(KINDS[kind].fault)
    async with virtual_station(
        load_station(named.scenario.station), seed, journal=journal, booted=partial(listen, heard=partial(effect, tape))
    ) as running:
        director = Director(named.scenario, stage_of(running))
        director.prepare()
        playing = asyncio.ensure_future(director.run())
        if await _finding(running, seen.fault, playing):
            await _watch(running, tape, seen)
        playing.cancel()
        seen.calls = journal.calls
        seen.packml = running.controller.state.packml
        seen.faults = [fault.code for fault in running.controller.state.faults]
        alarm = running.topics.alarm(seen.fault.value, "journal")
        seen.alarmed = any(line.split()[1] == alarm for line in running.trace)
        seen.breaches = len(running.world.referee.breaches)
    journal.close()
    return seen


async def _finding(running: VirtualStation, fault: FaultCode, playing: asyncio.Future[Outcome]) -> bool:
    while not playing.done():
        if running.controller.state.fault(fault, "journal") is not None:
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _watch(running: VirtualStation, tape: Tape, seen: Seen) -> None:
    loop, before = asyncio.get_running_loop(), len(tape.events)
    since = running.controller.books.faults.since
    seen.at_rest = running.controller.state.swap is None
    (fault,) = [f for f in running.controller.state.faults if f.code is seen.fault]
    seen.found_at_s = since(fault).mono_s
    while loop.time() < seen.found_at_s + AFTER_S:
        running.world.advance(loop.time())
        after_s = loop.time() - seen.found_at_s
        if seen.off_after_s is None and not running.world.safety.drives_enabled:
            seen.off_after_s = after_s
        if seen.rest_after_s is None and not steel_moves(running.world):
            seen.rest_after_s = after_s
        await asyncio.sleep(LOOK_S)
    left = [event.words for event in tape.events[before:] if isinstance(event, Left)]
    lamps = seen.fault is FaultCode.DISK_FULL  # the books are kept: people are told by the lamp too
    seen.left_after = [words for words in left if not (lamps and words.startswith("Signal"))]


OFF_S: Final = 0.1
"""The drives are off within so long, whatever was in motion."""
REST_S: Final = 0.7
"""And what was in motion stands: 0.6 s are the ramp of a slot from 600 mm/s at 1,000 mm/s²."""


_NO_SWAP: Final = frozenset({PackML.STOPPED, PackML.IDLE})


def wrong(seen: Seen) -> list[str]:
    """What is not as it must be after a failure of the journal, at whichever call."""
    found = []
    if seen.fault not in seen.faults or not seen.alarmed:
        found.append("nobody was told")
    final = seen.fault is FaultCode.JOURNAL_FAILED
    if seen.packml is not PackML.HELD and (final or not seen.at_rest or seen.packml not in _NO_SWAP):
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


LOOK_BACK: Final = frozenset({"boot", "configuration"})
"""Kinds of rows of a start, before there is anything to hold: a disk that hangs there keeps the controller from it."""


class _Failing(InlineJournal):
    """Counts the calls, and lets the disk fail at one of them."""

    calls = 0

    def fails(self, disk: Disk, call: int | None, kind: str) -> None:
        """Where, and how."""
        self._disk, self._call, self._name, self._kind = disk, call, kind, KINDS[kind]
        self._at_work = self._struck = False

    @property
    def _due(self) -> bool:
        return self._call is not None and self.calls >= self._call and not self._struck

    async def append(self, rows: Sequence[Row]) -> None:
        self.calls += 1
        self._at_work = self._at_work or any(row.kind not in LOOK_BACK for row in rows)
        if self._name == HANG and self._at_work and self._due:
            self.hang(True)
        if self._due and self._kind.op:
            self._struck = True
            self._disk.watch = self._watch
        try:
            await super().append(rows)
        finally:
            self._disk.watch = lambda _: OK

    def _watch(self, op: Op) -> int:
        if op.kind != self._kind.op:
            return OK
        if self._kind.once:
            self._disk.watch = lambda _: OK
        return self._kind.code

    async def rows(self, query: Query = ALL) -> list[Entry]:
        self.calls += 1
        if self._due and self._kind.op and self._name != RESERVE:
            self.fail("disk I/O error")  # a read is mostly served from memory: as if it were not
        return await super().rows(query)

    def tend(self) -> None:
        if self._name == UPKEEP and self._due:
            self.fail("disk I/O error")  # it mostly has nothing to do: as if it had
        super().tend()


class _Reserve:
    """Makes room once."""

    def __init__(self) -> None:
        self._given_up = False

    def release(self) -> bool:
        """See `Reserve`."""
        self._given_up = True
        return True

    def grow(self) -> bool:
        """See `Reserve`."""
        return False

    def look(self) -> Space:
        """See `Reserve`."""
        return Space(low=False, full=self._given_up, free_mib=1000)
