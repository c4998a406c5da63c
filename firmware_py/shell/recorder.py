"""One ordered way into the journal: facts are queued, intents are awaited, commits are shared."""

import asyncio
from collections.abc import Callable

from firmware_py.shell.journal import Journal, JournalError, Row
from firmware_py.shell.progress import NO_DUTY, Duty


class Recorder:
    """Feeds the journal in order. The first journal error is final: every later intent fails, and `failed` is told.

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
        self._queue: asyncio.Queue[tuple[Row, asyncio.Future[None] | None]] = asyncio.Queue()
        self._error: JournalError | None = None

    def note(self, row: Row) -> None:
        """Queue a fact; it is durable before any later intent is."""
        self._put(row, None)

    async def intend(self, row: Row) -> None:
        """Returns when the row is durable. Raises `JournalError` otherwise: then the command must not leave."""
        if self._error is not None:
            raise JournalError(str(self._error))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(row, future)
        await future

    def _put(self, row: Row, future: asyncio.Future[None] | None) -> None:
        self._queue.put_nowait((row, future))
        self._duty.taken()

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
                    self._error = error
                    self._failed(str(error))
            for _, future in batch:
                if future is not None and not future.done():
                    if self._error is None:
                        future.set_result(None)
                    else:
                        future.set_exception(JournalError(str(self._error)))
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
