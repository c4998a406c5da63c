"""The two files of a wire log, written by a thread: a slow disk costs lines of the log, never time of the station."""

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from firmware_py.shell.wirelog.can_files import CanFile, create, new_can_file, write_all
from firmware_py.shell.wirelog.kinds import CanBatch, CanFormat
from firmware_py.shell.wirelog.lines import WIRES, line

T = TypeVar("T")

_log = logging.getLogger(__name__)
EVERY_S: Final = 0.05
"""Between two writes: a process that is killed loses what came in this time, and no more."""
WAITING_BYTES: Final = 8 * 1024 * 1024
"""What may wait for the disk. All that comes then is dropped and counted."""
MAX_BYTES: Final = 2 * 1024**3
"""Where a log ends by itself: it shares its disk with the journal."""
_AT_ONCE: Final = 1000
"""Batches of frames that are written together in virtual time."""


class LogTaken(OSError):
    """The folder cannot be written to, or holds a wire log. The text says which."""


class WireFiles:
    """A `Sink`, and an async context manager: entering makes the folder and its files, leaving writes all that waits.

    Whole lines leave in one system call and nothing is kept back in the process, so a reader of a killed one finds
    whole lines. Entering raises `LogTaken`. Where the disk fails or `max_bytes` are reached, `error` says so and the
    log ends; the station goes on.
    """

    def __init__(
        self,
        folder: Path,
        header: bytes,
        can: CanFormat = CanFormat.CANDUMP,
        channels: Sequence[str] = (),
        *,
        max_bytes: int = MAX_BYTES,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        """`channels`: the station's CAN links, for a format that numbers them."""
        self.folder = folder
        self._new_can_file = partial(new_can_file, folder, can, channels)
        self.error = ""
        self.lines = 0
        self.dropped = 0
        """Lines that are not in the log. A line with `gap` stands where they are missing."""
        self._gap = 0
        self._max_bytes, self._waiting_bytes = max_bytes, waiting_bytes
        self._written = 0
        self._lock = threading.Lock()
        self._entries: list[bytes] = [header]
        self._batches: list[CanBatch] = []
        self._waiting = len(header)
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, entry: bytes, batch: CanBatch | None = None) -> None:
        """See `Sink.put`."""
        size = len(entry) + (0 if batch is None else batch.size)
        with self._lock:
            if self.error or self._waiting + size > self._waiting_bytes:
                self.dropped += 1
                self._gap += 1
                return
            if self._gap:
                self._entries.append(line({"gap": self._gap}))
                self._gap = 0
            self._entries.append(entry)
            if batch is not None:
                self._batches.append(batch)
            self._waiting += size
            self.lines += 1

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[OSError | None] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._write, args=(opened,), name="wire-log", daemon=True)
        self._thread.start()
        error = await opened
        if error is not None:
            raise LogTaken(f"{self.folder}: {error.strerror or error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for the disk without blocking the loop; one who is cancelled meanwhile blocks, for the log is whole."""
        with self._lock:
            if self._gap and not self.error:
                self._entries.append(line({"gap": self._gap}))
            self._entries.append(line({"end": "closed"}))
        self._end.set()
        try:
            await self._closed
        finally:
            if self._thread is not None:
                self._thread.join()

    # below here: the thread

    def _write(self, opened: asyncio.Future[OSError | None]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            wires, can = create(self.folder / WIRES), self._new_can_file()
        except OSError as error:
            self._tell(opened, error)
            return
        self._tell(opened, None)
        try:
            last = False
            while not last and not self.error:
                last = self._end.wait(EVERY_S)
                self._drain(wires, can)
        except OSError as error:
            self._give_up(f"{self.folder}: {error.strerror or error}")
        finally:
            os.close(wires)
            can.close()
            self._tell(self._closed, None)

    def _tell(self, waiter: "asyncio.Future[T]", answer: T) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, waiter, answer)

    def _drain(self, wires: int, can: CanFile) -> None:
        with self._lock:
            entries, batches, size = b"".join(self._entries), self._batches, self._waiting
            self._entries, self._batches, self._waiting = [], [], 0
        self._written += size
        if self._written > self._max_bytes:
            write_all(wires, line({"end": f"limit of {self._max_bytes} bytes"}))
            self._give_up(f"{self.folder}: the limit of {self._max_bytes} bytes is reached")
            return
        can.add(batches)  # first: a line that announces frames never stands there without them
        write_all(wires, entries)

    def _give_up(self, text: str) -> None:
        with self._lock:
            self.error = text
        _log.warning("wire-log-ended", {"text": text})


class InlineFiles:
    """A `Sink` without a thread, for a loop in virtual time and for tools. Entering raises `LogTaken`."""

    def __init__(
        self, folder: Path, header: bytes, can: CanFormat = CanFormat.CANDUMP, channels: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self._header = header
        self._new_can_file = partial(new_can_file, folder, can, channels)
        self._batches: list[CanBatch] = []

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._wires = os.fdopen(create(self.folder / WIRES), "wb")
            self._can = self._new_can_file()
        except OSError as error:
            raise LogTaken(f"{self.folder}: {error.strerror or error}") from error
        self.put(self._header)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.put(line({"end": "closed"}))
        self._can.add(self._batches)
        self._can.close()
        self._wires.close()

    def put(self, entry: bytes, batch: CanBatch | None = None) -> None:
        """See `Sink.put`."""
        self._wires.write(entry)
        if batch is not None:
            self._batches.append(batch)
        if len(self._batches) >= _AT_ONCE:
            self._can.add(self._batches)
            self._batches = []


def _settle(waiter: "asyncio.Future[T]", answer: T) -> None:
    if not waiter.done():  # else its owner was cancelled meanwhile
        waiter.set_result(answer)
