"""The disk of a station in memory: it can become full, or nearly so, and has a reserve that is given up."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from firmware_py.shell.journal_space import Space
from hal.config.process import JournalProcess

PLENTY_MIB: Final = 100_000.0


class MemoryDisk:
    """Reserve and connection of a journal in memory. `free_mib` is what is left beside the reserve."""

    def __init__(self, config: JournalProcess) -> None:
        self.free_mib = PLENTY_MIB
        self._config = config
        self._held_mib = config.ballast_mib
        self._given_up = False

    def connect(self, path: str) -> sqlite3.Connection:
        """A connection that refuses rows while nothing is free."""
        connection = sqlite3.connect(path, isolation_level=None, factory=_Connection)
        connection.disk = self
        return connection

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
