"""What a person does with a journal's file beside the controller: migrate, check, export, back up, restore."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware_py.shell import journal_schema as schema
from firmware_py.shell.journal import JournalError, Query, Row, Stamp, draft
from firmware_py.shell.journal_db import BUSY_S, INSERT, InstanceLock, connect, integrity, lock_of, read
from firmware_py.shell.look_back import RESTORED

_BESIDE: Final = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Report:
    """What a file holds. `problems` is empty where it is whole."""

    schema: int
    rows: int
    first_seq: int
    last_seq: int
    open_swaps: tuple[str, ...]
    bytes: int
    problems: tuple[str, ...]


def migrate(path: Path) -> list[int]:
    """Bring a file to the newest schema; gives the numbers reached. Refused beside a controller and with an open swap.

    Raises JournalError.
    """
    with _locked(path), _errors(path), closing(connect(str(path))) as db:
        found = schema.version_of(db)
        if found != schema.VERSION and (swaps := schema.open_swaps(db)):
            raise JournalError(
                f"swap {swaps[-1]} is open: end or clear it with the program that wrote schema {found}, then migrate"
            )
        db.execute("PRAGMA synchronous = FULL")
        return schema.migrate(db)


def check(path: Path) -> Report:
    """Look at every page and every row; changes nothing, and may be done beside a controller. Raises JournalError."""
    with _errors(path), _reading(path) as db:
        problems = integrity(db)
        version = schema.version_of(db)
        if version == 0:
            raise JournalError(f"{path} is empty: no controller has kept anything in it")
        if version != schema.VERSION:
            problems.append(str(schema.SchemaMismatch(version, schema.VERSION)))
        count, first, last = db.execute("SELECT count(*), min(seq), max(seq) FROM journal").fetchone()
        problems += [f"row {seq}: {text}" for seq, text in _broken_rows(db)]
        size = sum(each.stat().st_size for each in _files(path))
        return Report(version, count, first or 0, last or 0, tuple(schema.open_swaps(db)), size, tuple(problems))


def export(path: Path, after_seq: int = 0) -> Iterator[dict[str, Any]]:
    """Every row behind `after_seq`, oldest first, in short reads that hold no writer up. Raises JournalError."""
    with _errors(path), _reading(path) as db:
        version = schema.version_of(db)
        if version != schema.VERSION:
            raise schema.SchemaMismatch(version, schema.VERSION)
        while page := read(db, Query(after_seq=after_seq)):
            for seq, stamp, row in ((entry.seq, entry.stamp, entry.row) for entry in page):
                yield {
                    **{"seq": seq, "t_mono": stamp.t_mono, "t_wall": stamp.t_wall},
                    **{"clock_source": stamp.clock_source.value, "kind": row.kind},
                    **{"swap_id": row.swap_id, "body": row.body},
                }
            after_seq = page[-1].seq


def backup(path: Path, target: Path) -> Report:
    """Copy the file as it is between two commits, and check the copy. Beside a controller too. Raises JournalError."""
    if target.exists():
        raise JournalError(f"{target} is there already: nothing is overwritten")
    fresh = target.with_name(f".{target.name}.new")
    with _errors(path), _reading(path) as db:
        _copy(db, fresh)
    report = check(fresh)
    if report.problems:
        raise JournalError(f"the copy is not whole: {report.problems[0]}; it is left at {fresh}")
    fresh.replace(target)
    _sync(target.parent)
    return report


def restore(path: Path, source: Path, now: Stamp) -> Path | None:
    """Put a backup in the place of the file; gives where the file that was there is now. Raises JournalError.

    `now`: for the row that tells of it. Refused beside a controller, and where the backup is not whole.
    """
    report = check(source)
    if report.problems:
        raise JournalError(f"{source} is not whole: {report.problems[0]}")
    with _locked(path), _errors(path):
        fresh = path.with_name(f".{path.name}.new")
        with _reading(source) as db:
            _copy(db, fresh)
        with closing(connect(str(fresh))) as new:
            tell_restored(new, source.name, now)
        _sync(fresh)
        aside = _set_aside(path)
        fresh.replace(path)
        _sync(path.parent)
        return aside


def tell_restored(db: sqlite3.Connection, source: str, now: Stamp) -> None:
    """The row by which the next start knows that rows are missing behind this one. Raises sqlite3.Error."""
    (last,) = db.execute("SELECT max(seq) FROM journal").fetchone()
    (told,) = draft([Row(RESTORED, {"from": source, "last_seq": last or 0})], lambda: now)
    db.execute(INSERT, (*told.stamp, told.kind, told.swap_id, told.body))


def _broken_rows(db: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    for seq, body in db.execute("SELECT seq, body FROM journal ORDER BY seq"):
        try:
            json.loads(body)
        except ValueError as error:
            yield seq, f"its body is no JSON ({error})"


def _copy(db: sqlite3.Connection, fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as new:
        db.backup(new)
        new.execute("PRAGMA journal_mode = DELETE").close()  # one file, nothing beside it
    _sync(fresh)


def _set_aside(path: Path) -> Path | None:
    """The present file, with what its write-ahead log has, under another name."""
    if not path.exists():
        return None
    with closing(connect(str(path))) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    number = next(n for n in range(1, 10_000) if not path.with_name(f"{path.name}.before-restore-{n}").exists())
    aside = path.with_name(f"{path.name}.before-restore-{number}")
    for end in ("", *_BESIDE):
        old = path.with_name(path.name + end)
        if old.exists():
            old.replace(aside.with_name(aside.name + end))
    return aside


def _has_wal(path: Path) -> bool:
    """Commits stand in the write-ahead log that are not in the file yet: they must not be overlooked."""
    wal = path.with_name(f"{path.name}-wal")
    return wal.is_file() and wal.stat().st_size > 0


def _files(path: Path) -> list[Path]:
    return [each for end in ("", *_BESIDE) if (each := path.with_name(path.name + end)).is_file()]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = InstanceLock(lock_of(path))
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{path}: {error}") from error


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open for reading alone. Where the disk is read-only there can be no shared memory beside the file: without it."""
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}")
    for how in ("mode=ro", "immutable=1"):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_S)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").close()
        except sqlite3.OperationalError as error:
            db.close()
            if how == "mode=ro" and error.sqlite_errorname == "SQLITE_CANTOPEN" and not _has_wal(path):
                continue
            raise
        with closing(db):
            yield db
        return


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
