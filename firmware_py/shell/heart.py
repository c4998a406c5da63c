"""Feeds the safety PLC while drives are wanted, by progress: a stalled task or core starves it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from firmware_py.shell.effector import Effector
from firmware_py.shell.poller import LinkPoller
from firmware_py.shell.progress import Progress
from hal.errors import HalError


class Heart:
    """One beat every `period_s`. A beat shares its line with the fastest poll, so it goes between two of them.

    `poller` is that of the safety PLC's link, `None` where there is none; `room_s` the time that a beat may take there.
    """

    def __init__(
        self,
        effector: Effector,
        progress: Progress,
        period_s: float,
        poller: LinkPoller | None,
        room_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._effector = effector
        self._progress = progress
        self._period_s = period_s
        self._poller = poller
        self._room_s = room_s
        self._clock = clock

    async def run(self) -> None:
        """Beat for ever."""
        wanted = self._effector.enable_wanted
        while True:
            await wanted.wait()
            due_s = self._clock() + self._period_s
            if self._poller is not None:
                await self._poller.gap(self._room_s)
            if wanted.is_set() and self._progress.drives_may_run:
                with suppress(HalError):  # the poller of that link raises the fault; the PLC's dead-man does the rest
                    await self._effector.heartbeat()
            await asyncio.sleep(due_s - self._clock())
