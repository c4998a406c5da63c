"""The journal without a thread: the same database run inside the event loop, with a latency that is only waited for."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware_py.shell.journal import ALL, Clock, Entry, JournalError, Query, Row, draft
from firmware_py.shell.journal_db import IN_MEMORY, Connect, JournalDb, Reserve, connect
from firmware_py.shell.journal_retention import Keep
from firmware_py.shell.journal_space import Space


class InlineJournal:
    """Journal for a loop in virtual time and for tools. Opens at once; raises JournalError as `SqliteJournal` does.

    `latency_s` is waited for half before and half after the commit, so that a crash in between finds rows kept that
    nobody was told of. `close()` without having waited is a crash, as far as the file can tell.
    """

    def __init__(
        self,
        path: Path | str = IN_MEMORY,
        *,
        clock: Clock,
        latency_s: float = 0.0,
        connect: Connect = connect,
        reserve: Reserve | None = None,
        keep: Keep | None = None,
    ) -> None:
        self.latency_s = latency_s
        self._clock = clock
        self._db = JournalDb(path, connect, reserve, keep)
        self._told: Callable[[Space], None] = lambda _: None
        self._failed: Callable[[str], None] = lambda _: None
        self._space: Space | None = None
        self._goes = asyncio.Event()
        self._goes.set()
        self.committed: Callable[[Sequence[Row]], None] = lambda _: None
        """Told of rows that are kept, before anybody else knows."""

    async def append(self, rows: Sequence[Row]) -> None:
        """See `Journal`."""
        drafts = draft(rows, self._clock)
        self._db.check()
        await asyncio.sleep(self.latency_s / 2)
        await self._goes.wait()
        self._db.append(drafts)
        self.tend()
        self.committed(rows)
        await asyncio.sleep(self.latency_s / 2)

    def tend(self) -> None:
        """A step of upkeep and a look at the disk, as the writer's thread does when it is idle."""
        try:
            self._db.tend(self._clock())
        except JournalError as error:
            self._failed(str(error))
        space = self._db.space()
        if space is not None and (self._space is None or space[:2] != self._space[:2]):
            self._space = space
            self._told(space)

    def watch(self, space: Callable[[Space], None], failed: Callable[[str], None]) -> None:
        """See `Journal`."""
        self._told, self._failed = space, failed

    def hang(self, on: bool) -> None:
        """Let every commit wait from now on, or go on."""
        if on:
            self._goes.clear()
        else:
            self._goes.set()

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
