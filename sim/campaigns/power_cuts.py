"""Power cuts on the production journal: swaps run on a recorded disk, which is then cut off at each of its operations.

What the disk may hold after a cut is opened by the production code. Everything that was acknowledged must be in it,
whole and in order, and every command that had left by then must have its intent there.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from firmware_py.shell import journal_schema as schema
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Entry, JournalError, Query, Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb, connect
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.journal_retention import DAY_S, Keep
from firmware_py.shell.journal_space import Space
from hal.commands import Command
from hal.config.loader import load_station
from sim.campaigns.audit import audit, owed, thinned
from sim.campaigns.director import Director
from sim.campaigns.ear import listen
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import EPOCH_MS, virtual_station
from sim.disk.power_cut import Platter
from sim.disk.vfs import FULL, OK, Disk, Op
from sim.scenario import load_scenario
from sim.vloop import run_virtual

FILE: Final = "journal.sqlite"
ALL: Final = Query(limit=1_000_000)
FAST: Final = Path("/dev/shm")
"""Where cut disks are laid out: in memory, where there is such a place."""


@dataclass(frozen=True, slots=True)
class Kept:
    """So many rows were acknowledged by now: those numbers, from 1."""

    rows: int


@dataclass(frozen=True, slots=True)
class Left:
    """A command reached its device that must have an intent: see `audit.owed`."""

    words: str


@dataclass
class Tape:
    """What went by, in order, and the rows as they stood at the end."""

    events: list[Op | Kept | Left] = field(default_factory=list)
    rows: dict[int, Entry] = field(default_factory=dict)
    """Every row that was ever kept, by number."""
    ops: int = 0
    """Operations of the disk."""
    kept: int = 0
    """Rows acknowledged so far."""

    def did(self, op: Op) -> int:
        """An operation of the disk; lets it be done."""
        self.events.append(op)
        self.ops += 1
        return OK

    def saw(self, db: JournalDb) -> None:
        """Take note of the rows that are there now."""
        self.rows |= {entry.seq: entry for entry in db.rows(ALL)}

    def acknowledged(self, rows: int) -> None:
        """So many more rows."""
        self.kept += rows
        self.events.append(Kept(self.kept))


@dataclass
class Verdict:
    """Cuts that were made, and what was wrong after them, by kind."""

    cuts: int = 0
    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing was wrong."""
        return not (self.lost or self.corrupt or self.unaccounted)

    def add(self, other: "Verdict") -> None:
        """Sum up."""
        self.cuts += other.cuts
        self.lost += other.lost
        self.corrupt += other.corrupt
        self.unaccounted += other.unaccounted


Touch = Callable[[JournalDb], object]
"""Something done to a journal that was just opened."""


def swaps(scenarios: Sequence[str], seed: int = 1, touch: Touch = lambda _: None) -> Tape:
    """Run scenarios one after another, each with a new controller on the journal that the one before left."""
    with _taping() as (disk, path, tape):
        for boot, name in enumerate(scenarios, seed):
            run_virtual(_play(name, boot, path, disk, tape, touch), boot)
    return tape


def migration() -> Tape:
    """A file of the first schema, with rows, is brought to the present one."""
    with _taping() as (disk, path, tape), closing(connect(str(path), disk.vfs)) as db:
        db.execute("PRAGMA journal_mode = WAL").close()
        db.execute("PRAGMA synchronous = FULL")
        schema.create(db, schema.MIGRATIONS[:1])
        for number in range(20):
            values = (number, "note", '{"text":"' + 300 * "x" + '"}')
            db.execute("INSERT INTO journal (t_mono, t_wall, kind, body) VALUES (?, 0, ?, ?)", values)
            tape.acknowledged(1)
        schema.migrate(db)
    return tape


def upkeep() -> Tape:
    """Old rows are removed while new ones are kept, and once the disk is full and its reserve is given up."""
    now, room = Stamp(0.0, EPOCH_MS / 1000, ClockSource.NTP), _Room()
    with _taping() as (disk, path, tape):
        disk.watch = lambda op: FULL if op.kind == "write" and room.full else tape.did(op)
        keep = Keep(age_s=DAY_S, rows=20, most_bytes=1 << 40)
        with closing(JournalDb(path, partial(connect, vfs=disk.vfs), room, keep)) as db:
            for day in range(12):
                now = now._replace(t_wall=now.t_wall + DAY_S / 2)
                for number in range(10):
                    room.full = (day, number) == (5, 5)
                    rows = [Row("note", {"text": f"{day} {number} " + 200 * "x"})] * 4
                    db.append(draft(rows, partial(_as_it_is, now)))
                    tape.acknowledged(4 + (day == number == 5))
                tape.saw(db)
                while db.tend(now):
                    tape.saw(db)
                    tape.acknowledged(1)
    return tape


def _as_it_is(now: Stamp) -> Stamp:
    return now


class _Room:
    """A reserve that makes all the room that is needed."""

    full = False

    def release(self) -> bool:
        """See `Reserve`."""
        self.full = False
        return True

    def grow(self) -> bool:
        """See `Reserve`."""
        return False

    def look(self) -> Space:
        """See `Reserve`."""
        return Space(low=False, full=False, free_mib=1000)


@contextmanager
def _taping() -> Iterator[tuple[Disk, Path, Tape]]:
    tape = Tape()

    with _folder() as folder, Disk(tape.did) as disk:
        path = folder / FILE
        yield disk, path, tape
        with closing(JournalDb(path)) as db:
            tape.saw(db)


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as folder:
        yield Path(folder)


async def _play(name: str, seed: int, path: Path, disk: Disk, tape: Tape, touch: Touch) -> None:
    clock = asyncio.get_running_loop().time
    scenario = load_scenario(name).scenario
    station = load_station(scenario.station)
    stamp = lambda: Stamp(clock(), EPOCH_MS / 1000 + clock(), ClockSource.NTP)  # noqa: E731 - it is the journal's clock
    journal = _Acknowledging(path, clock=stamp, connect=partial(connect, vfs=disk.vfs))
    journal.taped(tape, touch)
    async with virtual_station(
        station, seed, journal=journal, booted=partial(listen, heard=partial(effect, tape))
    ) as running:
        director = Director(scenario, stage_of(running), f"{seed}-order")
        director.prepare()
        await director.run()
        running.journal.close()


class _Acknowledging(InlineJournal):
    """Notes when rows are acknowledged."""

    def taped(self, tape: Tape, touch: Touch) -> None:
        """Where to, and what is done first."""
        self._tape = tape
        touch(self._db)

    async def append(self, rows: Sequence[Row]) -> None:
        await super().append(rows)
        self._tape.acknowledged(len(rows))


def effect(tape: Tape, command: Command) -> None:
    """Note a command that reaches its device, where it must have an intent."""
    words = owed(command)
    if words is not None:
        tape.events.append(Left(words))


def cut(tape: Tape, count: int, seed: int = 1, part: int = 0, parts: int = 1) -> Verdict:
    """About `count` cuts, spread over every operation; of `parts` slices of the tape this does one."""
    draw = random.Random(seed * parts + part)
    verdict, platter, kept, left, number = Verdict(), Platter(), 0, list[str](), 0
    with _folder() as folder:
        for event in tape.events:
            match event:
                case Kept(rows):
                    kept = rows
                case Left(words):
                    left.append(words)
                case Op():
                    platter.done(event)
                    number += 1
                    due = count * number // tape.ops - count * (number - 1) // tape.ops
                    for _ in range(due if number % parts == part else 0):
                        lay_out(folder, platter, draw)
                        _judge(folder, tape, (number, kept, left), verdict)
    return verdict


def lay_out(folder: Path, platter: Platter, draw: random.Random) -> None:
    """What the disk may hold after a cut now, into an empty folder."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in platter.after_cut(draw).items():
        (folder / name).write_bytes(content)


def _judge(folder: Path, tape: Tape, at: tuple[int, int, list[str]], into: Verdict) -> None:
    number, kept, left = at
    into.cuts += 1
    try:
        rows, problems = _start_again(folder / FILE)
    except JournalError as error:
        into.corrupt.append(f"cut {number}: {error}")
        return
    if problems or any(tape.rows.get(entry.seq) != entry for entry in rows):
        into.corrupt.append(f"cut {number}: {problems or 'other rows than were written'}")
    there = {entry.seq for entry in rows} | set(thinned(rows))
    if missing := set(range(1, kept + 1)) - there:
        into.lost.append(f"cut {number}: of {kept} acknowledged rows {len(missing)} are missing, from {min(missing)}")
    if found := audit(rows, left):
        into.unaccounted.append(f"cut {number}: {found[0]}")


def _start_again(path: Path) -> tuple[list[Entry], list[str]]:
    """The rows that are there, and what is wrong with the file; it must take another row, too."""
    try:
        db = JournalDb(path)
    except schema.SchemaMismatch:
        with closing(connect(str(path))) as old:
            schema.migrate(old)
        db = JournalDb(path)
    with closing(db):
        rows = db.rows(ALL)
        db.append(draft([Row("boot")], lambda: Stamp(0.0, 0.0)))
        return rows, db.problems()
