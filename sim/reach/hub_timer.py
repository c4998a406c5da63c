"""Timer that runs one CAN hub by the clock of the event loop."""

import asyncio
import math
from contextvars import copy_context
from types import TracebackType
from typing import Self

from sim.reach.can_hub import CanHub

LEAST_GAP_S = 0.001
"""Shortest time between two runs: a node that is always due costs frames, not the whole processor."""

LONGEST_WAIT_S = 0.1
"""Longest time between two looks at `next_due`: a node that a fault had silenced comes back without a call."""
FOR_EVER = math.inf
"""Longest wait of a hub that is woken whenever a node may speak earlier than it said."""


class HubTimer:
    """Context manager. A hub has one timer at a time; it must be entered where the loop runs."""

    def __init__(self, hub: CanHub, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._hub = hub
        self._longest_wait_s = longest_wait_s
        self._loop = asyncio.get_running_loop()
        self._last_run = self._loop.time() - LEAST_GAP_S
        self._when = FOR_EVER
        self._handle: asyncio.TimerHandle | None = None
        self._context = copy_context()  # the bus is nobody's: whoever sends on it does not make its timer theirs

    def __enter__(self) -> Self:
        self._idle_wake, self._hub.wake = self._hub.wake, self._arm
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.wake = self._idle_wake
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        due = max(self._hub.next_due(), self._last_run + LEAST_GAP_S)
        when = min(due, self._loop.time() + self._longest_wait_s)
        if when == self._when:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._when = when
        self._handle = None if when == FOR_EVER else self._loop.call_at(when, self._run, context=self._context)

    def _run(self) -> None:
        self._when, self._handle = FOR_EVER, None
        self._last_run = self._loop.time()
        self._hub.run_due(self._last_run)
        self._arm()
