"""Between the calls the log is copied into the file, and a disk that fails there is found out."""

import asyncio
import errno
from functools import partial
from pathlib import Path

import pytest

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import JournalError, Query, Row, Stamp, draft
from firmware_py.shell.journal_db import COPY_AFTER, COPY_AT_LAST, JournalDb, connect
from firmware_py.shell.journal_space import Space
from firmware_py.shell.journal_writer import SqliteJournal
from sim.disk.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, READONLY, Disk, Op

NOW = Stamp(1.0, 2.0, ClockSource.NTP)
FILE = "j.sqlite"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def keep(db: JournalDb, commits: int) -> None:
    for number in range(commits):
        db.append(draft([Row("note", {"n": number, "text": "x" * 200})], lambda: NOW))


def kept(path: Path) -> int:
    db = JournalDb(path)
    found = len(db.rows(Query(limit=1_000_000)))
    db.close()
    return found


def log_bytes(path: Path) -> int:
    return path.with_name(f"{FILE}-wal").stat().st_size


def to_the_file(op: Op) -> bool:
    return op.file == FILE


def test_no_commit_waits_for_the_copy_as_long_as_there_are_pauses(path: Path) -> None:
    ops = list[Op]()

    def watch(op: Op) -> int:
        ops.append(op)
        return OK

    with Disk(watch) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs))
        for _ in range(5):
            ops.clear()
            keep(db, COPY_AFTER)
            assert not any(map(to_the_file, ops))
            assert db.is_due
            assert db.tend(NOW)
            assert any(op.kind == "sync" for op in filter(to_the_file, ops))
            assert not db.is_due
        assert log_bytes(path) < 8 * 2**20, "it is begun anew after each copy"
        db.close()


def test_without_a_pause_the_log_is_bounded_too(path: Path) -> None:
    with Disk(lambda _: OK) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs))
        db._connection.execute("PRAGMA synchronous = OFF")
        keep(db, COPY_AT_LAST)
        once = log_bytes(path)
        keep(db, 3 * COPY_AT_LAST)
        assert log_bytes(path) <= 1.2 * once
        db.close()


@pytest.mark.parametrize(("kind", "code"), [("write", IOERR_WRITE), ("write", READONLY), ("sync", IOERR_FSYNC)])
def test_a_disk_that_fails_in_the_copy_ends_the_journal_and_loses_nothing(path: Path, kind: str, code: int) -> None:
    """A commit of SQLite's own that copies says nothing of it: the disk would go on failing unseen."""
    with Disk(lambda _: OK) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs))
        keep(db, COPY_AFTER)
        disk.watch = lambda op: code if to_the_file(op) and op.kind == kind else OK
        with pytest.raises(JournalError):
            db.tend(NOW)
        disk.watch = lambda _: OK
        with pytest.raises(JournalError, match="failed before"):
            keep(db, 1)
        db.close()
    assert kept(path) == COPY_AFTER


def test_a_disk_that_is_full_in_the_copy_has_lost_nothing(path: Path) -> None:
    with Disk(lambda _: OK) as disk:
        db = JournalDb(path, partial(connect, vfs=disk.vfs))
        keep(db, COPY_AFTER)
        disk.watch = lambda op: FULL if to_the_file(op) else OK
        assert db.tend(NOW) is False
        keep(db, 1)
        disk.watch = lambda _: OK
        db.close()
    assert kept(path) == COPY_AFTER + 1


class Broken:
    """A reserve whose disk says no."""

    def __init__(self, number: int) -> None:
        self.number = number

    def release(self) -> bool:
        return False

    def grow(self) -> bool:
        raise OSError(self.number, "no")

    def look(self) -> Space:
        return Space(low=False, full=False, free_mib=1)


@pytest.mark.parametrize(("number", "fails"), [(errno.EIO, True), (errno.EROFS, True), (errno.ENOSPC, False)])
def test_the_reserve_finds_out_that_the_disk_is_broken(path: Path, number: int, fails: bool) -> None:
    db = JournalDb(path, reserve=Broken(number))
    if fails:
        with pytest.raises(JournalError, match="reserve"):
            db.tend(NOW)
    else:
        assert db.tend(NOW) is False
    assert bool(db.failed) is fails
    db.close()


async def test_what_is_found_between_the_calls_is_told_to_who_listens(path: Path) -> None:
    told = asyncio.Queue[str]()
    journal = SqliteJournal(path, lambda: NOW, reserve=Broken(errno.EIO))
    journal.watch(lambda _: None, told.put_nowait)
    async with journal, asyncio.timeout(5):
        assert "reserve" in await told.get()
        with pytest.raises(JournalError, match="failed before"):
            await journal.append([Row("a")])
    assert told.empty(), "and once"
