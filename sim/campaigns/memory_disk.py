"""The disk of a station in memory: it can become full, or nearly so, and has a reserve; its journal can be restored."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final

from firmware_py.shell.journal import Clock, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.journal_space import Space
from firmware_py.shell.journal_tools import tell_restored
from hal.config.process import JournalProcess

PLENTY_MIB: Final = 100_000.0
LATENCY_S: Final = 0.0005
"""Of a commit."""


class MemoryDisk:
    """Reserve and connection of a journal in memory. `free_mib` is what is left beside the reserve."""

    def __init__(self, config: JournalProcess) -> None:
        self.free_mib = PLENTY_MIB
        self._config = config
        self._held_mib = config.ballast_mib
        self._given_up = False
        self._copy = b""
        self._last: sqlite3.Connection | None = None

    def connect(self, path: str) -> sqlite3.Connection:
        """A connection that refuses rows while nothing is free. It has what the one before has left."""
        connection = sqlite3.connect(path, isolation_level=None, factory=_Connection)
        connection.disk = self
        if self._last is not None:
            self._last.backup(connection)
            self._last.close()
        self._last = connection
        return connection

    def back_up(self) -> None:
        """Keep what the journal has now."""
        self._copy = b"" if self._last is None else self._last.serialize()

    def restore(self, now: Stamp) -> None:
        """Put that in its place, as `db restore` does. Only while no controller runs."""
        if self._last is not None:
            self._last.deserialize(self._copy)
            tell_restored(self._last, "backup.sqlite", now)

    def fill(self, on: bool) -> None:
        """Somebody takes all there is, or gives it back."""
        self.free_mib = 0.0 if on else PLENTY_MIB

    def narrow(self, on: bool) -> None:
        """Half of the floor is left, or plenty again."""
        self.free_mib = self._config.floor_mib / 2 if on else PLENTY_MIB

    def release(self) -> bool:
        """See `Reserve`."""
        held, self._held_mib = self._held_mib, 0.0
        self.free_mib += held
        self._given_up = True
        return held > 0

    def grow(self) -> bool:
        """See `Reserve`: all at once."""
        missing = self._config.ballast_mib - self._held_mib
        if self.free_mib < self._config.floor_mib + missing:
            return False
        self._held_mib += missing
        self._given_up = False
        return False

    def look(self) -> Space:
        """See `Reserve`."""
        return Space(self.free_mib < self._config.floor_mib, self._given_up, int(self.free_mib))


class JournalFile:
    """The journal of a station on a disk in memory: opened anew by each process, or `given` and used by all of them."""

    def __init__(self, config: JournalProcess, clock: Clock, given: InlineJournal | None) -> None:
        self._disk = MemoryDisk(config)
        self._clock = clock
        self._given = given
        self._hangs = False
        self._now: InlineJournal | None = given

    def open(self) -> InlineJournal:
        """As a process finds it at its start."""
        if self._given is None:
            disk = self._disk
            self._now = InlineJournal(clock=self._clock, latency_s=LATENCY_S, connect=disk.connect, reserve=disk)
            self._now.hang(self._hangs)
        assert self._now is not None
        return self._now

    def close(self) -> None:
        """The station is over."""
        if self._given is None and self._now is not None:
            self._now.close()

    def hooks(self) -> dict[str, Callable[[bool], None]]:
        """What can happen to it. What fails once has failed for the process that has it open."""
        return {
            "journal-fails": lambda _: self._now.fail("no space left on device") if self._now else None,
            "journal-backup": lambda _: self._disk.back_up(),
            "journal-restored": lambda _: self._disk.restore(self._clock()),
            "disk-hangs": self._hang,
            "disk-full": self._disk.fill,
            "disk-low": self._disk.narrow,
        }

    def _hang(self, on: bool) -> None:
        self._hangs = on
        if self._now is not None:
            self._now.hang(on)


class _Connection(sqlite3.Connection):
    disk: MemoryDisk

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        if self.disk.free_mib <= 0:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
        return super().executemany(sql, rows)
