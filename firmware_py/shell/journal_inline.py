"""The journal without a thread: the same database run inside the event loop, with a latency that is only waited for."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from firmware_py.shell.journal import ALL, Clock, Entry, Query, Row, draft
from firmware_py.shell.journal_db import IN_MEMORY, Connect, JournalDb, connect


class InlineJournal:
    """Journal for a loop in virtual time and for tools. Opens at once; raises JournalError as `SqliteJournal` does.

    `latency_s` is waited for half before and half after the commit, so that a crash in between finds rows kept that
    nobody was told of. `close()` without having waited is a crash, as far as the file can tell.
    """

    def __init__(
        self, path: Path | str = IN_MEMORY, *, clock: Clock, latency_s: float = 0.0, connect: Connect = connect
    ) -> None:
        self.latency_s = latency_s
        self._clock = clock
        self._db = JournalDb(path, connect)

    async def append(self, rows: Sequence[Row]) -> None:
        """See `Journal`."""
        drafts = draft(rows, self._clock)
        self._db.check()
        await asyncio.sleep(self.latency_s / 2)
        self._db.append(drafts)
        await asyncio.sleep(self.latency_s / 2)

    async def rows(self, query: Query = ALL) -> list[Entry]:
        """See `Journal`."""
        await asyncio.sleep(self.latency_s / 2)
        return self._db.rows(query)

    def fail(self, reason: str) -> None:
        """Break the disk: this and every later call raises JournalError."""
        self._db.fail(reason)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
