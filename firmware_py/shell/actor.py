"""Carries commands out, one task per device: gate, then journal, then the wire. Stops overtake everything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from firmware_py.core.effects import Act
from firmware_py.core.gate import judge
from firmware_py.core.gate_words import GateLimits, Refusal
from firmware_py.core.image import Image
from firmware_py.shell.journal import JournalError
from firmware_py.shell.progress import NO_DUTY, Duty
from hal.commands import Command
from hal.errors import HalError

Send = Callable[[Command, bool, Callable[[], bool]], Awaitable[None]]
"""Sends a command to its device: (command, urgent, still wanted?)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command."""

    act: Act
    result: str
    text: str = ""


class Actor:
    """Commands of one device, in order. `intend` makes the intent durable before the command leaves.

    `duty` is told of the stops: a stop that hangs is no progress.
    """

    def __init__(
        self,
        device: str,
        image: Callable[[], Image],
        limits: GateLimits,
        intend: Callable[[Act], Awaitable[None]],
        send: Send,
        report: Callable[[Outcome], None],
        age_s: Callable[[str], float | None] = lambda _: None,
        duty: Duty = NO_DUTY,
    ) -> None:
        self.device = device
        self._duty = duty
        self._image = image
        self._limits = limits
        self._intend = intend
        self._send = send
        self._report = report
        self._age_s = age_s
        self._acts: asyncio.Queue[tuple[int, Act]] = asyncio.Queue()
        self._stops: asyncio.Queue[tuple[Command, ...]] = asyncio.Queue()
        self._epoch = 0
        """Grows with each stop: what was wanted before it is not wanted any more."""

    def act(self, act: Act) -> None:
        """Queue a command."""
        self._acts.put_nowait((self._epoch, act))

    def stop(self, *commands: Command) -> None:
        """Forget what is queued and send these now."""
        self._epoch += 1
        self._stops.put_nowait(commands)
        self._duty.taken()

    async def run(self) -> None:
        """Carry out commands for ever."""
        while True:
            epoch, act = await self._acts.get()
            if epoch == self._epoch:
                await self._one(epoch, act)

    async def run_stops(self) -> None:
        """Carry out stops for ever, beside `run`: a command that hangs in its link must not hold a stop back."""
        while True:
            for command in await self._stops.get():
                try:
                    await self._send(command, True, _always)
                except HalError as error:
                    self._report(Outcome(Act("", command), "failed", str(error)))
            self._stops.task_done()
            self._duty.done(more=not self._stops.empty())

    async def stops_sent(self) -> None:
        """Returns when every stop so far was sent, or has failed."""
        await self._stops.join()

    async def _one(self, epoch: int, act: Act) -> None:
        def still() -> bool:
            return epoch == self._epoch

        refusal = judge(act.command, self._image(), self._limits)
        if refusal is not None:
            self._report(self._refused(act, refusal))
            return
        try:
            await self._intend(act)
        except JournalError as error:
            self._report(Outcome(act, "failed", f"not journalled, not sent: {error}"))
            return
        if not still():
            self._report(Outcome(act, "dropped", "a stop came first"))
            return
        refusal = judge(act.command, self._image(), self._limits)
        if refusal is not None:
            self._report(self._refused(act, refusal))
            return
        try:
            await self._send(act.command, False, still)
        except HalError as error:
            self._report(Outcome(act, "failed", str(error)))
        else:
            self._report(Outcome(act, "sent" if still() else "dropped"))

    def _refused(self, act: Act, refusal: Refusal) -> Outcome:
        """The interlock, what was seen, and how old that reading is."""
        age_s = self._age_s(refusal.seen.partition(".")[0])
        old = "" if age_s is None else f" (read {age_s:.3f} s ago)"
        return Outcome(act, "refused", f"interlock {refusal.interlock}: {refusal.seen}{old}")


def _always() -> bool:
    return True
