"""The journal's database: one SQLite file, write-ahead log, each commit synced to the disk."""

import fcntl
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware_py.shell.journal import Draft, Entry, JournalError, Query, Row, Stamp

SCHEMA_VERSION: Final = 1
BUSY_S: Final = 2.0
"""Patience with somebody else's lock on the file, in s. There should be none: we are the only writer."""
IN_MEMORY: Final = ":memory:"

SCHEMA: Final = (
    """CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        t_mono REAL NOT NULL,
        t_wall REAL NOT NULL,
        kind TEXT NOT NULL,
        swap_id TEXT,
        body TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX journal_by_swap ON journal (swap_id, seq) WHERE swap_id IS NOT NULL",
    "CREATE INDEX journal_by_kind ON journal (kind, seq)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
INSERT: Final = "INSERT INTO journal (t_mono, t_wall, kind, swap_id, body) VALUES (?, ?, ?, ?, ?)"


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
            raise JournalError(f"{path} is locked: another controller runs on this journal") from error

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two others lock two different files."""
        os.close(self._descriptor)


class JournalDb:
    """Rows in a SQLite file. Not for the event loop: calls wait for the disk. Any error is final (`failed`)."""

    def __init__(self, path: Path | str) -> None:
        self.failed: str | None = None
        self.commits = 0
        in_memory = str(path) == IN_MEMORY
        self._lock = None if in_memory else InstanceLock(Path(f"{path}.lock"))
        try:
            self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare("memory" if in_memory else "wal")
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
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, [(*d.stamp, d.kind, d.swap_id, d.body) for d in drafts])
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self.fail(f"{type(error).__name__}: {error}") from error
        self.commits += 1

    def rows(self, query: Query) -> list[Entry]:
        """Kept entries. Raises JournalError, and from then on always."""
        self.check()
        where: list[str] = ["seq > ?"]
        values: list[object] = [query.after_seq]
        for column, wanted in (("kind", query.kind), ("swap_id", query.swap_id)):
            if wanted is not None:
                where.append(f"{column} = ?")
                values.append(wanted)
        order = "DESC" if query.newest_first else "ASC"
        sql = f"SELECT seq, t_mono, t_wall, kind, swap_id, body FROM journal WHERE {' AND '.join(where)}"
        try:
            found = self._connection.execute(f"{sql} ORDER BY seq {order} LIMIT ?", (*values, query.limit)).fetchall()
        except sqlite3.Error as error:
            raise self.fail(f"{type(error).__name__}: {error}") from error
        return [
            Entry(seq, Stamp(t_mono, t_wall), Row(kind, json.loads(body), swap_id))
            for seq, t_mono, t_wall, kind, swap_id, body in found
        ]

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

    def _prepare(self, mode: str) -> None:
        (got,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if got != mode:
            raise JournalError(f"the file system refuses a write-ahead log (got {got!r})")
        self._connection.execute("PRAGMA synchronous = FULL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                self._connection.execute(statement)
            self._connection.execute("COMMIT")
        elif version != SCHEMA_VERSION:
            raise JournalError(f"the journal has schema {version}, this program knows {SCHEMA_VERSION}")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
