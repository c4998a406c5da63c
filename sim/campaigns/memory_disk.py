"""The disk of a station in memory: it can become full, or nearly so, and has a reserve; its journal can be restored."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from firmware_py.shell.journal import Stamp
from firmware_py.shell.journal_space import Space
from firmware_py.shell.journal_tools import tell_restored
from hal.config.process import JournalProcess

PLENTY_MIB: Final = 100_000.0


class MemoryDisk:
    """Reserve and connection of a journal in memory. `free_mib` is what is left beside the reserve."""

    def __init__(self, config: JournalProcess) -> None:
        self.free_mib = PLENTY_MIB
        self._config = config
        self._held_mib = config.ballast_mib
        self._given_up = False
        self._copy = b""

    def connect(self, path: str) -> sqlite3.Connection:
        """A connection that refuses rows while nothing is free."""
        self._connection = sqlite3.connect(path, isolation_level=None, factory=_Connection)
        self._connection.disk = self
        return self._connection

    def back_up(self) -> None:
        """Keep what the journal has now."""
        self._copy = self._connection.serialize()

    def restore(self, now: Stamp) -> None:
        """Put that in its place, as `db restore` does. Only while no controller runs."""
        self._connection.deserialize(self._copy)
        tell_restored(self._connection, "backup.sqlite", now)

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


class _Connection(sqlite3.Connection):
    disk: MemoryDisk

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        if self.disk.free_mib <= 0:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
        return super().executemany(sql, rows)
