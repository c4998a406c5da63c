"""The journal's database: one SQLite file, write-ahead log, each commit synced to the disk."""

import errno
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from firmware_py.shell import journal_schema as schema
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Draft, Entry, JournalError, JournalTaken, Query, Row, Stamp
from firmware_py.shell.journal_retention import Keep, Thinning
from firmware_py.shell.journal_space import Space

BUSY_S: Final = 2.0
"""Patience with somebody else's lock on the file, in s. There should be none: we are the only writer."""
IN_MEMORY: Final = ":memory:"
FULL: Final = 2
"""`synchronous`: the log is synced at each commit. NORMAL (1) loses acknowledged rows in a power cut."""
COPY_AFTER: Final = 200
"""The write-ahead log is copied into the file after so many commits, about 4 MiB, as soon as nobody writes.

By ourselves: SQLite's own way of doing it at the end of a commit keeps to itself that the disk has failed there.
"""
COPY_AT_LAST: Final = 5 * COPY_AFTER
"""And at the latest after so many, whoever waits."""

SETTINGS: Final[tuple[tuple[str, str | int], ...]] = (
    ("journal_mode", "wal"),
    ("synchronous", FULL),
    ("wal_autocheckpoint", 0),
    ("temp_store", 2),  # in memory: a sort needs no second place on the disk
)
"""Set when a file is opened, then read back: a setting that did not take would be noticed in a power cut only."""

COLUMNS: Final = "seq, t_mono, t_wall, clock_source, kind, swap_id, body"
INSERT: Final = "INSERT INTO journal (t_mono, t_wall, clock_source, kind, swap_id, body) VALUES (?, ?, ?, ?, ?, ?)"
TAIL: Final = 100
"""So many of the last rows are read at the start: they must be whole and follow each other."""

FREED: Final = "ballast-freed"
"""Kind of the row that says that the disk was full: it is kept in the room that the reserve has left."""


_DISK_IS_BROKEN: Final = frozenset({errno.EIO, errno.EROFS})


class Reserve(Protocol):
    """Room on the disk that can be given up: see `journal_space.Ballast`."""

    def release(self) -> bool:
        """Give it up; False where there was none."""
        ...

    def grow(self) -> bool:
        """A step towards the whole of it; True while there are more."""
        ...

    def look(self) -> Space:
        """How the disk stands."""
        ...


Connect = Callable[[str], sqlite3.Connection]
"""The seam to SQLite: everything above it is the production code, whatever disk lies below."""


def connect(path: str, vfs: str | None = None) -> sqlite3.Connection:
    """A connection on the file system of this machine, or on SQLite's VFS of that name. Raises sqlite3.Error."""
    where = path if vfs is None else f"{Path(path).absolute().as_uri()}?vfs={vfs}"
    return sqlite3.connect(where, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=vfs is not None)


class InstanceLock:
    """Lock on a file beside the database: two controllers on one journal would be two controllers on one station."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(f"cannot make the lock file {path}: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise JournalTaken(f"{path} is locked: another controller runs on this journal") from error

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two others lock two different files."""
        os.close(self._descriptor)


def lock_of(path: Path) -> Path:
    """The lock file of a journal."""
    return path.with_name(f"{path.name}.lock")


class JournalDb:
    """Rows in a SQLite file. Not for the event loop: calls wait for the disk. Any error is final (`failed`).

    Opening makes a new file, and raises SchemaMismatch for one of another schema, JournalTaken for one in use and
    JournalError where the disk, the settings or the last rows are not as they must be.
    """

    def __init__(
        self,
        path: Path | str,
        connect: Connect = connect,
        reserve: Reserve | None = None,
        keep: Keep | None = None,
    ) -> None:
        self.failed: str | None = None
        self._reserve = reserve
        self._thinning = None if keep is None else Thinning(keep)
        self.commits = 0
        self._copied = 0
        """Commits until the log was copied last."""
        in_memory = str(path) == IN_MEMORY
        self._lock = None if in_memory else InstanceLock(lock_of(Path(path)))
        try:
            self._connection = connect(str(path))
            try:
                found = _known_version(self._connection)  # before anything is set: a file of others stays as it is
                _set(self._connection, in_memory=in_memory)
                self._prepare(found)
            except BaseException:
                self._connection.close()
                raise
        except BaseException as error:
            self._release()
            if isinstance(error, sqlite3.Error):
                raise JournalError(f"cannot open {path}: {error}") from error
            raise

    def append(self, drafts: Sequence[Draft]) -> None:
        """Keep all drafts in one transaction, durable on return. Raises JournalError, and from then on always."""
        self.check()
        try:
            try:
                self._write(drafts)
            except sqlite3.Error as error:
                if not self._make_room(error):
                    raise
                self._write([*drafts, Draft(drafts[-1].stamp, FREED, None, "{}")])
        except sqlite3.Error as error:
            raise self.fail(f"{type(error).__name__}: {error}") from error
        self.commits += 1
        if self.commits - self._copied >= COPY_AT_LAST:
            self.tend(drafts[-1].stamp)

    @property
    def is_due(self) -> bool:
        """The write-ahead log waits to be copied."""
        return self.commits - self._copied >= COPY_AFTER

    def tend(self, now: Stamp) -> bool:
        """A small step of upkeep, for when nobody waits; True while there is more. Raises JournalError as `append`."""
        self.check()
        try:
            if self.is_due:
                self._copied = self.commits
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
                return True
            if self._reserve is not None and self._reserve.grow():
                return True
            return self._thinning is not None and self._thinning.step(self._connection, now)
        except OSError as error:
            if error.errno in _DISK_IS_BROKEN:
                raise self.fail(f"the reserve: {error}") from error
            return False  # no room for a reserve: `space` says so
        except sqlite3.Error as error:
            if not _is_full(error):
                raise self.fail(f"{type(error).__name__}: {error}") from error
            self._roll_back()
            return False

    def space(self) -> Space | None:
        """How the disk stands; None where nobody watches, or it does not say."""
        try:
            return None if self._reserve is None else self._reserve.look()
        except OSError:
            return None

    def rows(self, query: Query) -> list[Entry]:
        """Kept entries. Raises JournalError, and from then on always."""
        self.check()
        try:
            return read(self._connection, query)
        except (sqlite3.Error, ValueError) as error:
            raise self.fail(f"{type(error).__name__}: {error}") from error

    def problems(self) -> list[str]:
        """What is wrong with the pages of the file: looks at all of them. Raises JournalError, as `rows` does."""
        self.check()
        try:
            return integrity(self._connection)
        except sqlite3.Error as error:
            raise self.fail(f"{type(error).__name__}: {error}") from error

    def check(self) -> None:
        """Raise JournalError if an earlier call has failed."""
        if self.failed is not None:
            raise JournalError(f"the journal has failed before: {self.failed}")

    def fail(self, reason: str) -> JournalError:
        """Latch the failure; gives the error to raise. The first reason is the one that is remembered."""
        self.failed = self.failed or reason
        return JournalError(reason)

    def close(self) -> None:
        """Close the file and let others have it. An open transaction is dropped."""
        self._connection.close()
        self._release()

    def _write(self, drafts: Sequence[Draft]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(INSERT, [(*d.stamp, d.kind, d.swap_id, d.body) for d in drafts])
        self._connection.execute("COMMIT")

    def _make_room(self, error: sqlite3.Error) -> bool:
        """A full disk alone leaves the file as it was, so that the same rows may be tried once more."""
        if self._reserve is None or not _is_full(error):
            return False
        self._roll_back()
        try:
            return self._reserve.release()
        except OSError:
            return False

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _prepare(self, version: int) -> None:
        if version == 0:
            schema.create(self._connection)
        try:
            tail = read(self._connection, Query(newest_first=True, limit=TAIL))
        except ValueError as error:
            raise JournalError(f"the last rows are not whole: {error}") from error
        gaps = [entry.seq for entry, after in pairwise(reversed(tail)) if after.seq != entry.seq + 1]
        if gaps:
            raise JournalError(f"rows are missing behind number {gaps[-1]}: the file was tampered with, or is damaged")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"


def read(connection: sqlite3.Connection, query: Query) -> list[Entry]:
    """Entries of an open file. Raises sqlite3.Error; ValueError for a body that is no JSON, a clock that is none."""
    where: list[str] = ["seq > ?"]
    values: list[object] = [query.after_seq]
    for column, wanted in (("kind", query.kind), ("swap_id", query.swap_id)):
        if wanted is not None:
            where.append(f"{column} = ?")
            values.append(wanted)
    order = "DESC" if query.newest_first else "ASC"
    sql = f"SELECT {COLUMNS} FROM journal WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?"
    return [
        Entry(seq, Stamp(t_mono, t_wall, ClockSource(source)), Row(kind, json.loads(body), swap_id))
        for seq, t_mono, t_wall, source, kind, swap_id, body in connection.execute(sql, (*values, query.limit))
    ]


def integrity(connection: sqlite3.Connection) -> list[str]:
    """What is wrong with the pages and indices of an open file; empty where nothing is. Raises sqlite3.Error."""
    return [str(line) for (line,) in connection.execute("PRAGMA integrity_check(20)") if line != "ok"]


def _known_version(connection: sqlite3.Connection) -> int:
    """0 for a new file. Raises SchemaMismatch, and JournalError where it is no journal."""
    found = schema.version_of(connection)
    if found not in {0, schema.VERSION}:
        raise schema.SchemaMismatch(found, schema.VERSION)
    return found


def _set(connection: sqlite3.Connection, *, in_memory: bool) -> None:
    for name, wanted in SETTINGS:
        if in_memory and name == "journal_mode":
            continue
        connection.execute(f"PRAGMA {name} = {wanted}").close()
    for name, wanted in SETTINGS:
        (got,) = connection.execute(f"PRAGMA {name}").fetchone()
        if got != ("memory" if in_memory and name == "journal_mode" else wanted):
            raise JournalError(f"the database does not take {name} = {wanted} (it has {got!r})")
