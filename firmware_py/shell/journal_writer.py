"""The production journal: one thread writes, rows that arrive during a commit share the next one."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

from firmware_py.shell.journal import ALL, Clock, Draft, Entry, JournalError, Query, Row, draft
from firmware_py.shell.journal_db import Connect, JournalDb, Reserve, connect
from firmware_py.shell.journal_retention import Keep
from firmware_py.shell.journal_space import Space

STEP_S: Final = 0.05
"""Between two steps of upkeep while there are more, in s: only where nobody wrote for so long."""
IDLE_S: Final = 10.0
"""Between two looks at a disk that nobody writes to, in s."""
LEAVE_S: Final = 1.0
"""Longest time, in s, that the end of the process waits for a disk that does not answer."""
MAX_GROUP: Final = 256
"""Calls that share a commit at most, so that none waits for a transaction without end."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Rows to keep, or a query to answer, and who waits for it."""

    waiter: asyncio.Future[Any]
    drafts: list[Draft]
    query: Query | None = None


class SqliteJournal:
    """Journal in a SQLite file. An async context manager: entering opens the file, leaving commits what was accepted.

    Entering raises JournalError where the file cannot be opened or another controller has it. A disk that does not
    answer delays the leaving by `LEAVE_S` at most: what it has not taken by then is as lost as in a power cut.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        connect: Connect = connect,
        reserve: Reserve | None = None,
        keep: Keep | None = None,
    ) -> None:
        self._reserve = reserve
        self._keep = keep
        self._told: Callable[[Space], None] = lambda _: None
        self._failed: Callable[[str], None] = lambda _: None
        self._space: Space | None = None
        self._path = path
        self._connect = connect
        self._clock = clock
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._db: JournalDb | None = None
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._write, args=(opened,), name="journal", daemon=True)
        self._thread.start()
        try:
            await opened
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    async def append(self, rows: Sequence[Row]) -> None:
        """See `Journal`."""
        await self._ask(draft(rows, self._clock), None)

    async def rows(self, query: Query = ALL) -> list[Entry]:
        """See `Journal`."""
        found: list[Entry] = await self._ask([], query)
        return found

    def watch(self, space: Callable[[Space], None], failed: Callable[[str], None]) -> None:
        """See `Journal`."""
        self._told, self._failed = space, failed

    @property
    def commits(self) -> int:
        """Transactions so far: fewer than calls where calls shared one."""
        return self._db.commits if self._db else 0

    async def _ask(self, drafts: list[Draft], query: Query | None) -> Any:
        if self._thread is None or self._db is None:
            raise JournalError("the journal is not open")
        self._db.check()
        waiter: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(_Job(waiter, drafts, query))
        return await waiter

    def _stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(LEAVE_S)

    # below here: the writer's thread

    def _write(self, opened: asyncio.Future[None]) -> None:
        try:
            self._db = db = JournalDb(self._path, self._connect, self._reserve, self._keep)
        except Exception as error:  # edge of the thread: whoever waits for it must hear of it
            self._tell([(opened, error)])
            return
        self._tell([(opened, None)])
        try:
            more, group = True, list[_Job | None]()
            while None not in group:
                group = self._next_group(STEP_S if more or db.is_due else IDLE_S)
                self._serve(db, [job for job in group if job is not None])
                more = self._tend(db) if not group else more
                self._look(db)
        finally:
            db.close()

    def _tend(self, db: JournalDb) -> bool:
        try:
            return db.failed is None and db.tend(self._clock())
        except JournalError as error:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._failed, str(error))
            return False

    def _look(self, db: JournalDb) -> None:
        space = db.space()
        if space is not None and (self._space is None or space[:2] != self._space[:2]) and not self._loop.is_closed():
            self._space = space
            self._loop.call_soon_threadsafe(self._told, space)

    def _next_group(self, idle_s: float) -> list[_Job | None]:
        """What waits; nothing where nobody came for so long."""
        try:
            group = [self._jobs.get(timeout=idle_s)]
        except Empty:
            return []
        while group[-1] is not None and len(group) < MAX_GROUP:
            try:
                group.append(self._jobs.get_nowait())
            except Empty:
                break
        return group

    def _serve(self, db: JournalDb, group: list[_Job]) -> None:
        drafts = [one for job in group for one in job.drafts]
        try:
            if drafts:
                db.append(drafts)
            answers = [(job.waiter, db.rows(job.query) if job.query else None) for job in group]
        except JournalError as error:
            self._tell([(job.waiter, JournalError(str(error))) for job in group])
        except Exception as error:  # edge of the thread: it must never end with somebody waiting
            text = str(db.fail(f"{type(error).__name__}: {error}"))
            self._tell([(job.waiter, JournalError(text)) for job in group])
        else:
            self._tell(answers)

    def _tell(self, answers: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for waiter, answer in answers:
        if waiter.done():  # its caller was cancelled meanwhile
            continue
        settle: Callable[[Any], None] = waiter.set_exception if isinstance(answer, Exception) else waiter.set_result
        settle(answer)
