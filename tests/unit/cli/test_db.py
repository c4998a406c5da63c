"""`swapstation db`: what a person sees and gets, beside a running controller and on files that are not whole."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from firmware_py.cli.app import build
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb
from tests.unit.test_journal_schema import old_file

STAMP = Stamp(1.0, 2.0, ClockSource.GPS)


def run(state: Path, *words: str) -> Result:
    command, *rest = words
    return CliRunner().invoke(build(), ["db", command, "choco-14", *rest, "--state-dir", str(state)])


def told(state: Path, *words: str) -> Any:
    result = run(state, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def keep(state: Path, *rows: Row) -> Path:
    path = state / "journal.sqlite"
    db = JournalDb(path)
    db.append(draft(rows, lambda: STAMP))
    db.close()
    return path


def kinds(state: Path) -> list[str]:
    lines = run(state, "export").stdout.splitlines()
    return [json.loads(line)["kind"] for line in lines]


ORDER = Row("order", {"swap_id": "s-1"}, "s-1")


def test_check_tells_what_is_there(tmp_path: Path) -> None:
    keep(tmp_path, ORDER, Row("note"))
    found = told(tmp_path, "check")
    assert {k: found[k] for k in ("schema", "rows", "first_seq", "last_seq", "open_swaps", "problems")} == {
        **{"schema": 2, "rows": 2, "first_seq": 1, "last_seq": 2, "open_swaps": ["s-1"], "problems": []}
    }
    assert "whole, schema 2, 2 rows (1 to 2)" in run(tmp_path, "check").stdout


def test_check_finds_a_page_that_is_not_as_it_was_written(tmp_path: Path) -> None:
    path = keep(tmp_path, *(Row("note", {"text": "x" * 3000}) for _ in range(40)))
    with path.open("r+b") as file:
        file.seek(4096 * 8 + 2)
        file.write(b"\xff" * 40)
    result = run(tmp_path, "check")
    assert result.exit_code == 1
    assert "problem" in result.stdout or "malformed" in result.output


def test_check_finds_a_body_that_is_no_json(tmp_path: Path) -> None:
    path = keep(tmp_path, Row("note"), Row("note"))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER journal_keeps")
        db.execute("UPDATE journal SET body = '{' WHERE seq = 2")
    result = run(tmp_path, "check")
    assert (result.exit_code, "row 2: its body is no JSON" in result.stdout) == (1, True)


@pytest.mark.parametrize("command", ["check", "export", "migrate"])
def test_where_there_is_no_journal_it_says_so_and_makes_none(tmp_path: Path, command: str) -> None:
    result = run(tmp_path, command)
    assert result.exit_code == 1
    assert "there is no journal at" in result.output
    assert list(tmp_path.iterdir()) == []


def test_export_gives_every_row_in_order_and_goes_on_behind_a_number(tmp_path: Path) -> None:
    keep(tmp_path, ORDER, Row("note", {"text": "N·m"}))
    lines = [json.loads(line) for line in run(tmp_path, "export").stdout.splitlines()]
    assert lines == [
        {"seq": 1, "t_mono": 1.0, "t_wall": 2.0, "clock_source": "gps", "kind": "order", "swap_id": "s-1",
         "body": {"swap_id": "s-1"}},
        {"seq": 2, "t_mono": 1.0, "t_wall": 2.0, "clock_source": "gps", "kind": "note", "swap_id": None,
         "body": {"text": "N·m"}},
    ]  # fmt: skip
    assert json.loads(run(tmp_path, "export", "--after", "1").stdout) == lines[1]


def test_export_into_a_file_overwrites_nothing(tmp_path: Path) -> None:
    keep(tmp_path, ORDER)
    target = tmp_path / "rows.jsonl"
    assert run(tmp_path, "export", "--output", str(target)).exit_code == 0
    assert json.loads(target.read_text())["kind"] == "order"
    assert run(tmp_path, "export", "--output", str(target)).exit_code == 1


def test_a_running_controller_is_looked_at_and_copied_but_never_changed(tmp_path: Path) -> None:
    db = JournalDb(tmp_path / "journal.sqlite")
    db.append(draft([ORDER], lambda: STAMP))
    assert told(tmp_path, "check")["rows"] == 1
    assert kinds(tmp_path) == ["order"]
    copy = tmp_path / "copy.sqlite"
    assert told(tmp_path, "backup", str(copy))["rows"] == 1
    for words in (("migrate",), ("restore", str(copy))):
        result = run(tmp_path, *words)
        assert result.exit_code == 69, words
        assert "another controller runs" in result.output
    db.append(draft([Row("note")], lambda: STAMP))
    db.close()
    assert kinds(tmp_path) == ["order", "note"]


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    keep(tmp_path, ORDER)
    target = tmp_path / "copy.sqlite"
    target.write_text("mine")
    result = run(tmp_path, "backup", str(target))
    assert (result.exit_code, target.read_text()) == (1, "mine")


def test_a_restore_brings_the_backup_back_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    keep(tmp_path, Row("one"))
    told(tmp_path, "backup", str(tmp_path / "copy.sqlite"))
    keep(tmp_path, Row("two"))
    first = told(tmp_path, "restore", str(tmp_path / "copy.sqlite"))
    assert kinds(tmp_path) == ["one", "restored"]
    told(tmp_path, "restore", str(tmp_path / "copy.sqlite"))
    with closing(sqlite3.connect(first["before"])) as db:
        assert db.execute("SELECT kind FROM journal").fetchall() == [("one",), ("two",)]
    assert sorted(each.name for each in tmp_path.glob("*before*")) == [
        "journal.sqlite.before-restore-1",
        "journal.sqlite.before-restore-2",
    ]


def test_a_backup_that_is_not_whole_is_not_restored(tmp_path: Path) -> None:
    keep(tmp_path, Row("one"))
    bad = tmp_path / "bad.sqlite"
    bad.write_bytes(b"no database" * 500)
    assert run(tmp_path, "restore", str(bad)).exit_code == 1
    assert kinds(tmp_path) == ["one"]


def test_an_old_file_is_migrated_once(tmp_path: Path) -> None:
    old_file(tmp_path / "journal.sqlite", "UPDATE journal SET kind = 'note'")
    assert run(tmp_path, "check").exit_code == 1
    assert run(tmp_path, "export").exit_code == 1
    assert told(tmp_path, "migrate")["reached"] == [2]
    assert told(tmp_path, "migrate")["reached"] == []
    assert told(tmp_path, "check")["schema"] == 2
    assert kinds(tmp_path) == ["note"]


def test_migration_waits_for_the_end_of_an_open_swap(tmp_path: Path) -> None:
    path = old_file(tmp_path / "journal.sqlite")
    result = run(tmp_path, "migrate")
    assert result.exit_code == 1
    assert "swap s-1 is open" in result.output
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_where_no_shared_memory_can_be_made_beside_it_the_file_is_still_read(tmp_path: Path) -> None:
    """As on a disk that is mounted read-only."""
    keep(tmp_path, ORDER)
    (tmp_path / "journal.sqlite-shm").mkdir()
    assert told(tmp_path, "check")["rows"] == 1
    assert kinds(tmp_path) == ["order"]
