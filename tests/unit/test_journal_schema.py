"""Migrations: forward only, one transaction each; an old file is never half new, and never opened as if it were."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmware_py.shell import journal_schema as schema
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import JournalError, Query, Stamp, draft
from firmware_py.shell.journal_db import JournalDb
from tests.unit.test_journal import intents

SCHEMA_1 = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, t_mono REAL NOT NULL, t_wall REAL NOT NULL, kind TEXT NOT NULL,
    swap_id TEXT, body TEXT NOT NULL
) STRICT;
CREATE INDEX journal_by_swap ON journal (swap_id, seq) WHERE swap_id IS NOT NULL;
CREATE INDEX journal_by_kind ON journal (kind, seq);
INSERT INTO journal (t_mono, t_wall, kind, swap_id, body) VALUES (1.5, 2.5, 'order', 's-1', '{"swap_id":"s-1"}');
PRAGMA user_version = 1;
"""
"""A file as the first release left it: typed here, for the program's own statements may not change it."""


def old_file(path: Path, *more: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA_1)
        for statement in more:
            db.execute(statement)
        db.commit()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def old(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(old_file(path), isolation_level=None)) as db:
        yield db


def test_an_old_file_gets_the_new_schema_and_keeps_its_rows(old: sqlite3.Connection, path: Path) -> None:
    assert schema.migrate(old) == [2]
    assert schema.migrate(old) == [], "it is there already"
    old.close()
    db = JournalDb(path)
    (entry,) = db.rows(Query())
    assert (entry.stamp, entry.row.kind, entry.row.swap_id) == (Stamp(1.5, 2.5, ClockSource.NONE), "order", "s-1")
    db.append(draft(intents(1), lambda: Stamp(1, 2, ClockSource.GPS)))
    assert [(e.seq, e.stamp.clock_source) for e in db.rows(Query())] == [(1, "none"), (2, "gps")]
    db.close()


def test_a_migrated_file_and_a_new_one_are_alike(old: sqlite3.Connection, tmp_path: Path) -> None:
    schema.migrate(old)
    JournalDb(tmp_path / "new.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as new:
        columns = [db.execute("PRAGMA table_xinfo(journal)").fetchall() for db in (old, new)]
        others = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') ORDER BY name"
        indices = [db.execute(others).fetchall() for db in (old, new)]
    assert columns[0] == columns[1]
    assert indices[0] == indices[1]


NOTES = "INSERT INTO journal (t_mono, t_wall, kind, body) VALUES (0, 0, ?, ?)"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET body = '{}' WHERE seq = 2",
        "UPDATE journal SET t_wall = 0",
        "DELETE FROM journal WHERE seq = 2",
        "DELETE FROM journal WHERE seq > 2",
        "DELETE FROM journal",
    ],
)
def test_rows_are_never_changed_and_none_goes_unsaid(path: Path, statement: str) -> None:
    JournalDb(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executemany(NOTES, [("note", '{"n":1}'), ("note", '{"n":2}'), ("note", '{"n":3}')])
        with pytest.raises(sqlite3.IntegrityError, match="rows of the journal"):
            db.execute(statement)
        assert [n for (n,) in db.execute("SELECT body FROM journal")] == ['{"n":1}', '{"n":2}', '{"n":3}']


def test_only_what_the_last_removal_names_goes(path: Path) -> None:
    JournalDb(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        notes = [("note", "{}")] * 4
        db.executemany(NOTES, [*notes, ("thinned", '{"first":1,"last":2,"rows":2}')])
        db.execute("DELETE FROM journal WHERE seq <= 2")
        for seq in (3, 5):
            with pytest.raises(sqlite3.IntegrityError, match="go only where a row says so"):
                db.execute("DELETE FROM journal WHERE seq = ?", (seq,))
        assert [seq for (seq,) in db.execute("SELECT seq FROM journal")] == [3, 4, 5]


def test_a_step_that_fails_leaves_the_step_before_it_whole(old: sqlite3.Connection) -> None:
    steps = (*schema.MIGRATIONS, ("CREATE TABLE three (a)",), ("CREATE TABLE four (a)", "CREATE TABLE journal (a)"))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(old, steps)
    assert old.execute("PRAGMA user_version").fetchone() == (3,)
    tables = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "three" in tables
    assert "four" not in tables
    assert not old.in_transaction


@pytest.mark.parametrize(("version", "said"), [(1, "db migrate"), (3, "newer program"), (99, "newer program")])
def test_a_file_of_another_schema_is_not_opened_and_not_touched(path: Path, version: int, said: str) -> None:
    before = old_file(path, f"PRAGMA user_version = {version}").read_bytes()
    with pytest.raises(schema.SchemaMismatch, match=said) as caught:
        JournalDb(path)
    assert (caught.value.found, caught.value.known) == (version, 2)
    assert path.read_bytes() == before


def test_a_newer_file_is_not_migrated_back(old: sqlite3.Connection) -> None:
    old.execute("PRAGMA user_version = 7")
    with pytest.raises(schema.SchemaMismatch, match=r"schema 7.*newer program"):
        schema.migrate(old)


@pytest.mark.parametrize("statement", ["CREATE TABLE recipes (a)", "PRAGMA user_version = 1"])
def test_somebody_elses_database_is_no_journal(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="no journal"):
        JournalDb(path)
    assert path.read_bytes() == before


def test_open_swaps_are_those_that_neither_ended_nor_were_cleared(old: sqlite3.Connection) -> None:
    assert schema.open_swaps(old) == ["s-1"]
    row = "INSERT INTO journal (t_mono, t_wall, kind, swap_id, body) VALUES (0, 0, ?, ?, ?)"
    old.execute(row, ("swap-cleared", None, '{"swap_id":"s-1"}'))
    old.execute(row, ("order", "s-2", "{}"))
    assert schema.open_swaps(old) == ["s-2"]
    old.execute(row, ("swap-ended", "s-2", "{}"))
    assert schema.open_swaps(old) == []
