"""The simulated disk: SQLite runs on it and fails by it, and after a power cut it holds what a real one may hold."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sim.disk.power_cut import Platter
from sim.disk.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, READONLY, Disk, Op


@pytest.fixture
def seen() -> list[Op]:
    return []


@pytest.fixture
def disk(seen: list[Op]) -> Iterator[Disk]:
    def watch(op: Op) -> int:
        seen.append(op)
        return OK

    with Disk(watch) as disk:
        yield disk


@pytest.fixture
def db(disk: Disk, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(disk.uri(tmp_path / "a.db"), uri=True, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL").close()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE a (b)")
        yield db


def test_it_is_the_library_that_python_uses_and_the_files_are_real(db: sqlite3.Connection, tmp_path: Path) -> None:
    db.execute("INSERT INTO a VALUES (7)")
    with closing(sqlite3.connect(tmp_path / "a.db")) as other:
        assert other.execute("SELECT b FROM a").fetchall() == [(7,)]


def test_a_commit_is_writes_to_the_log_and_then_one_sync(db: sqlite3.Connection, seen: list[Op]) -> None:
    seen.clear()
    db.execute("INSERT INTO a VALUES (7)")
    assert [(op.kind, op.file) for op in seen] == [("write", "a.db-wal")] * 2 + [("sync", "a.db-wal")]


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("sync", IOERR_FSYNC, "SQLITE_IOERR_FSYNC"),
        ("write", IOERR_WRITE, "SQLITE_IOERR_WRITE"),
        ("write", FULL, "SQLITE_FULL"),
        ("write", READONLY, "SQLITE_READONLY"),
    ],
)
def test_what_the_disk_refuses_sqlite_says_once_and_goes_on(
    db: sqlite3.Connection, disk: Disk, kind: str, code: int, said: str
) -> None:
    fine, disk.watch = disk.watch, lambda op: code if op.kind == kind else OK
    with pytest.raises(sqlite3.OperationalError) as caught:
        db.execute("INSERT INTO a VALUES (1)")
    assert caught.value.sqlite_errorname == said
    disk.watch = fine
    db.execute("INSERT INTO a VALUES (2)")
    assert db.execute("SELECT b FROM a").fetchall() == [(2,)], "the row before was lost, and only one call said so"


def test_a_file_is_opened_again_and_two_disks_do_not_hear_each_other(disk: Disk, tmp_path: Path) -> None:
    other: list[Op] = []

    def watch(op: Op) -> int:
        other.append(op)
        return OK

    with Disk(watch) as another:
        for where in (disk, another, disk):
            with closing(sqlite3.connect(where.uri(tmp_path / "b.db"), uri=True, isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode = WAL").close()
                db.execute("CREATE TABLE IF NOT EXISTS a (b)")
                db.execute("INSERT INTO a VALUES (1)")
                (count,) = db.execute("SELECT count(*) FROM a").fetchone()
    assert count == 3
    with pytest.raises(sqlite3.OperationalError, match="no such vfs"):
        sqlite3.connect(another.uri(tmp_path / "b.db"), uri=True)
    assert {op.file for op in other} == {"b.db", "b.db-wal"}


def contents(*ops: Op, draws: int = 400) -> set[bytes | None]:
    """What a file `f` may hold after a cut behind these."""
    platter = Platter()
    for op in ops:
        platter.done(op)
    draw = random.Random(1)
    return {platter.after_cut(draw).get("f") for _ in range(draws)}


A, B = Op("write", "f", 0, b"A" * 1024), Op("write", "f", 512, b"B" * 1024)
SYNC = Op("sync", "f")


def test_what_was_synced_is_there_after_every_cut() -> None:
    assert contents(A, SYNC) == {b"A" * 1024}
    assert contents(A, SYNC, B, SYNC) == {b"A" * 512 + b"B" * 1024}


def test_what_was_not_synced_survives_in_any_part() -> None:
    found = contents(A, SYNC, B)
    assert found == {
        b"A" * 1024,
        b"A" * 512 + b"B" * 1024,
        b"A" * 512 + b"B" * 512,
        b"A" * 1024 + b"B" * 512,
    }


def test_a_file_that_was_never_synced_may_be_gone() -> None:
    assert {None, b"A" * 1024} <= contents(A)


def test_of_two_writes_the_later_one_alone_may_survive() -> None:
    assert bytes(512) + b"B" * 1024 in contents(A, B)


def test_a_delete_lasts_once_the_folder_is_synced() -> None:
    gone = Op("delete", "f")
    assert contents(A, SYNC, gone) == {None, b"A" * 1024}
    assert contents(A, SYNC, Op("delete", "f", lasting=True)) == {None}
    assert contents(A, SYNC, gone, Op("sync", "g", lasting=True)) == {None}
    assert contents(A, SYNC, gone, Op("sync", "g")) == {None, b"A" * 1024}


def test_the_first_sync_of_a_new_log_makes_it_last(db: sqlite3.Connection, seen: list[Op]) -> None:
    del db
    first = [op.lasting for op in seen if op.kind == "sync" and op.file == "a.db-wal"]
    assert first[0]
    assert not any(first[1:])


def test_a_truncate_counts_once_it_is_synced() -> None:
    cut = Op("truncate", "f", 512)
    assert contents(A, SYNC, cut) == {b"A" * 1024, b"A" * 512}
    assert contents(A, SYNC, cut, SYNC) == {b"A" * 512}
