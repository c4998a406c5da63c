"""The reserve on the disk: given up when it is full, so that what happens is still kept, and made again."""

import asyncio
import resource
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import JournalError, Query, Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb, connect
from firmware_py.shell.journal_space import MIB, Ballast, Space
from firmware_py.shell.journal_writer import SqliteJournal
from sim.disk.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, READONLY, Disk, Op

ROOT = Path(__file__).parents[2]
NOW = Stamp(1.0, 2.0, ClockSource.NTP)


class Room:
    """How much is free on a disk, in MiB."""

    def __init__(self, mib: float) -> None:
        self.mib = mib

    def __call__(self, _: Path) -> int:
        return int(self.mib * MIB)


def ballast(tmp_path: Path, room: Room, size_mib: float = 3) -> Ballast:
    return Ballast(tmp_path / "ballast", int(size_mib * MIB), 10 * MIB, room)


def test_it_grows_bit_by_bit_to_its_size_and_takes_real_room(tmp_path: Path) -> None:
    one = ballast(tmp_path, Room(100), size_mib=2.5)
    assert [one.grow() for _ in range(4)] == [True, True, True, False]
    found = (tmp_path / "ballast").stat()
    assert (found.st_size, found.st_blocks * 512 >= found.st_size) == (int(2.5 * MIB), True)


def test_it_does_not_take_the_room_that_swaps_need(tmp_path: Path) -> None:
    room = Room(12.9)
    one = ballast(tmp_path, room)
    assert one.grow() is False
    assert not (tmp_path / "ballast").exists()
    room.mib = 13.0
    assert one.grow() is True


def test_what_it_says_of_the_disk(tmp_path: Path) -> None:
    room = Room(100)
    one = ballast(tmp_path, room)
    while one.grow():
        pass
    assert one.look() == Space(low=False, full=False, free_mib=100)
    room.mib = 9.5
    assert one.look() == Space(low=True, full=False, free_mib=9)
    assert one.release() is True
    assert one.release() is False
    assert one.look() == Space(low=True, full=True, free_mib=9)
    room.mib = 100
    while one.grow():
        pass
    assert one.look() == Space(low=False, full=False, free_mib=100)


def keep(db: JournalDb, *kinds: str) -> None:
    db.append(draft([Row(kind) for kind in kinds], lambda: NOW))


def kinds(path: Path) -> list[str]:
    db = JournalDb(path)
    found = [entry.row.kind for entry in db.rows(Query())]
    db.close()
    return found


def test_a_full_disk_costs_the_reserve_and_no_row(tmp_path: Path) -> None:
    path, one = tmp_path / "j.sqlite", ballast(tmp_path, Room(100))
    while one.grow():
        pass

    def watch(op: Op) -> int:
        return FULL if op.kind == "write" and full and (tmp_path / "ballast").exists() else OK

    full = False
    with Disk(watch) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs), one)
        keep(db, "before")
        full = True
        keep(db, "intent", "fact")
        assert db.space() == Space(low=False, full=True, free_mib=100)
        keep(db, "after")
        db.close()
    assert kinds(path) == ["before", "intent", "fact", "ballast-freed", "after"]


def test_a_disk_that_stays_full_ends_the_journal(tmp_path: Path) -> None:
    path, one = tmp_path / "j.sqlite", ballast(tmp_path, Room(100))
    one.grow()
    with Disk(lambda _: OK) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs), one)
        keep(db, "before")
        disk.watch = lambda op: FULL if op.kind == "write" else OK
        with pytest.raises(JournalError, match="full"):
            keep(db, "lost")
        disk.watch = lambda _: OK
        with pytest.raises(JournalError, match=r"failed before.*full"):
            keep(db, "too late")
        db.close()
    assert kinds(path) == ["before"]


@pytest.mark.parametrize(("code", "kind"), [(IOERR_FSYNC, "sync"), (IOERR_WRITE, "write"), (READONLY, "write")])
def test_no_other_error_is_tried_again_and_none_is_forgotten(tmp_path: Path, code: int, kind: str) -> None:
    """SQLite says once that a sync failed, and takes the next commit: a row would be lost in silence."""
    path, one = tmp_path / "j.sqlite", ballast(tmp_path, Room(100))
    one.grow()
    with Disk(lambda _: OK) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs), one)
        disk.watch = lambda op: code if op.kind == kind else OK
        with pytest.raises(JournalError):
            keep(db, "lost")
        disk.watch = lambda _: OK
        with pytest.raises(JournalError, match="failed before"):
            keep(db, "too late")
        db.close()
    assert (tmp_path / "ballast").exists()


async def test_the_writer_says_how_the_disk_stands_and_makes_the_reserve_while_it_is_idle(tmp_path: Path) -> None:
    room, told = Room(5), asyncio.Queue[Space]()
    one = ballast(tmp_path, room, size_mib=1)
    journal = SqliteJournal(tmp_path / "j.sqlite", lambda: NOW, reserve=one)
    journal.watch(told.put_nowait, lambda _: None)
    async with journal, asyncio.timeout(10):
        await journal.append([Row("a")])
        assert await told.get() == Space(low=True, full=False, free_mib=5)
        room.mib = 50
        await journal.append([Row("b")])
        assert await told.get() == Space(low=False, full=False, free_mib=50)
        while not (tmp_path / "ballast").exists():
            await asyncio.sleep(0.02)
        await journal.append([Row("c")])
    assert kinds(tmp_path / "j.sqlite") == ["a", "b", "c"]


SMALL = """
import sys
from pathlib import Path
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import JournalError, Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb
db = JournalDb(Path(sys.argv[1]))
for number in range(1000):
    try:
        db.append(draft([Row("note", {"n": number, "x": "x" * 500})], lambda: Stamp(0, 0)))
    except JournalError as error:
        print(error)
        break
    print(number, flush=True)
"""


def test_a_real_limit_of_the_file_size_ends_the_journal_and_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))

    path = tmp_path / "j.sqlite"
    command = [sys.executable, "-c", SMALL, str(path)]
    ended = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, preexec_fn=limit, capture_output=True, text=True, check=True
    )
    *acknowledged, said = ended.stdout.splitlines()
    assert len(acknowledged) > 10
    assert "OperationalError" in said
    assert len(kinds(path)) == len(acknowledged)


def test_the_error_of_a_full_disk_is_told_by_its_name_not_by_its_text() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE a (b)")
    db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        db.execute("INSERT INTO a VALUES (zeroblob(100000))")
    assert caught.value.sqlite_errorname == "SQLITE_FULL"
    db.close()
