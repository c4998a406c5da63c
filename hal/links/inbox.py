"""Bounded queue from a reader thread into the event loop."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from hal.ports import Frame

AT_ONCE: Final = 256
"""Frames that one turn of the loop takes, so that a full queue of one channel does not hold up everything else."""


class Inbox:
    """Keeps the newest `limit` frames; the loop is woken once for all that wait, however many batches there are."""

    def __init__(self, limit: int) -> None:
        self.takers: list[Callable[[list[Frame]], None]] = []
        """Called in the loop with what waited, oldest first, `AT_ONCE` frames at a time."""
        self.dropped = 0
        """Frames that the loop was too slow to take."""
        self.ignored = 0
        """What the reader did not put in; it counts here, so that the count outlives it."""
        self._limit = limit
        self._frames: deque[Frame] = deque(maxlen=limit)
        self._lock = threading.Lock()
        self._wake_is_under_way = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver into `loop` from now on."""
        self._loop = loop

    def put(self, frames: list[Frame]) -> None:
        """From the reader thread."""
        with self._lock:
            self.dropped += max(0, len(self._frames) + len(frames) - self._limit)
            self._frames.extend(frames)
            awake, self._wake_is_under_way = self._wake_is_under_way, True
        if not awake:
            self.call_in_loop(self._deliver)

    def call_in_loop(self, callback: Callable[..., None], *args: object) -> None:
        """From the reader thread. A loop that is closed needs no call any more."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(callback, *args)

    def _deliver(self) -> None:
        with self._lock:
            frames = [self._frames.popleft() for _ in range(min(AT_ONCE, len(self._frames)))]
            more = self._wake_is_under_way = bool(self._frames)
        if more:
            self.call_in_loop(self._deliver)
        for take in self.takers:
            take(frames)
