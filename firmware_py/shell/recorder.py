"""One ordered way into the journal: facts are queued, intents are awaited, commits are shared."""

import asyncio
from collections.abc import Callable

from firmware_py.shell.journal import Journal, JournalError, Row
from firmware_py.shell.progress import NO_DUTY, Duty

Kept = Callable[[bool], None]
"""Told once what became of a row: durable, or not."""


class Recorder:
    """Feeds the journal in order. The first journal error is final: every later intent fails, and `failed` is told.

    Rows that are put without a wait between them are kept in one transaction, all or none: the rows of one decision,
    an order together with what was decided on it.

    `slow` is told when a commit is pending for more than `commit_s`, and again when it is over.
    """

    def __init__(
        self,
        journal: Journal,
        failed: Callable[[str], None],
        duty: Duty = NO_DUTY,
        commit_s: float = float("inf"),
        slow: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._duty = duty
        self._commit_s = commit_s
        self._slow = slow
        self._late = False
        self._journal = journal
        self._failed = failed
        self._queue: asyncio.Queue[tuple[Row, Kept]] = asyncio.Queue()
        self._error: JournalError | None = None

    @property
    def error(self) -> str:
        """Why nothing is kept any more; empty where rows are."""
        return "" if self._error is None else str(self._error)

    def fail(self, text: str) -> None:
        """The journal has failed, by a call or between the calls."""
        if self._error is None:
            self._error = JournalError(text)
            self._failed(text)

    def note(self, row: Row, kept: Kept = lambda _: None) -> None:
        """Queue a fact; it is durable before any later intent is. `kept` is told when, and whether, it is."""
        self._queue.put_nowait((row, kept))
        self._duty.taken()

    def promise(self, row: Row) -> asyncio.Future[None]:
        """Queue a row now; done when it is durable, or with `JournalError`, which is raised at once after a failure."""
        if self._error is not None:
            raise JournalError(str(self._error))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.note(row, lambda kept: self._settle(future, kept))
        return future

    async def intend(self, row: Row) -> None:
        """Returns when the row is durable. Raises `JournalError` otherwise: then the command must not leave."""
        await self.promise(row)

    def _settle(self, future: asyncio.Future[None], kept: bool) -> None:
        if future.done():
            return
        if kept:
            future.set_result(None)
        else:
            future.set_exception(JournalError(str(self._error)))

    async def run(self) -> None:
        """Write for ever, everything that waits in one commit."""
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            if self._error is None:
                try:
                    await self._keep([row for row, _ in batch])
                except JournalError as error:
                    self.fail(str(error))
            for _, kept in batch:
                kept(self._error is None)
            self._duty.done(more=not self._queue.empty())

    async def _keep(self, rows: list[Row]) -> None:
        watch = None
        if self._commit_s < float("inf"):
            watch = asyncio.get_running_loop().call_later(self._commit_s, self._tell, True)
        try:
            await self._journal.append(rows)
        finally:
            if watch is not None:
                watch.cancel()
        if self._late:
            self._tell(False)

    def _tell(self, late: bool) -> None:
        self._late = late
        self._slow(late)
