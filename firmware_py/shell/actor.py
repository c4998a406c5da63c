"""Carries commands out, one task per device: gate, then journal, then the wire. Stops overtake everything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from firmware_py.core.effects import Act
from firmware_py.core.gate import judge
from firmware_py.core.gate_words import GateLimits, Refusal
from firmware_py.core.image import Image
from firmware_py.shell.journal import JournalError
from firmware_py.shell.progress import NO_DUTY, Duty
from firmware_py.shell.repeater import Repeater
from hal.commands import Command
from hal.errors import HalError

Send = Callable[[Command, bool, Callable[[], bool]], Awaitable[None]]
"""Sends a command to its device: (command, urgent, still wanted?)."""


class Repeats(Protocol):
    """What a device wants to hear again."""

    def repeat_every_s(self, command: Command) -> float | None:
        """How often, or `None` where once is enough."""
        ...

    async def repeat(self, command: Command, *, still: Callable[[], bool]) -> None:
        """Send the part that is repeated."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command."""

    act: Act
    result: str
    text: str = ""


class Actor:
    """Commands of one device, in order. `intend` makes the intent durable before the command leaves.

    `duty` is told of the stops: a stop that hangs is no progress. What the device wants to hear again is repeated until
    a stop; where the gate or the link refuses a repetition, `halt` is sent.
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
        repeats: Repeats | None = None,
        halt: Command | None = None,
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
        self._repeats = repeats
        self._halt = halt
        self._repeater: Repeater | None = None
        if repeats is not None:
            self._repeater = Repeater(self._judge, lambda c, still: repeats.repeat(c, still=still), self._not_repeated)
        self._epoch = 0
        """Grows with each stop: what was wanted before it is not wanted any more."""

    def act(self, act: Act) -> None:
        """Queue a command."""
        self._acts.put_nowait((self._epoch, act))

    def stop(self, *commands: Command) -> None:
        """Forget what is queued and send these now."""
        self._epoch += 1
        if self._repeater is not None:
            self._repeater.end()
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

    async def run_repeats(self) -> None:
        """Repeat for ever what is to be repeated."""
        if self._repeater is not None:
            await self._repeater.run()

    @property
    def repeating(self) -> bool:
        """A command is being repeated."""
        return bool(self._repeater)

    async def stops_sent(self) -> None:
        """Returns when every stop so far was sent, or has failed."""
        await self._stops.join()

    async def _one(self, epoch: int, act: Act) -> None:
        def still() -> bool:
            return epoch == self._epoch

        refusal = self._judge(act.command)
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
        refusal = self._judge(act.command)
        if refusal is not None:
            self._report(self._refused(act, refusal))
            return
        if self._repeater is not None:
            self._repeater.replace(act.command)
        try:
            await self._send(act.command, False, still)
        except HalError as error:
            self._report(Outcome(act, "failed", str(error)))
            return
        self._report(Outcome(act, "sent" if still() else "dropped"))
        if still() and self._repeats is not None and self._repeater is not None:
            every_s = self._repeats.repeat_every_s(act.command)
            if every_s is not None:
                self._repeater.begin(act, every_s)

    def _judge(self, command: Command) -> Refusal | None:
        return judge(command, self._image(), self._limits)

    def _not_repeated(self, act: Act, why: Refusal | HalError) -> None:
        """The device drops what it does not hear again, in its own time: do not wait for that."""
        if self._halt is not None:
            self.stop(self._halt)
        self._report(self._refused(act, why) if isinstance(why, Refusal) else Outcome(act, "failed", str(why)))

    def _refused(self, act: Act, refusal: Refusal) -> Outcome:
        """The interlock, what was seen, and how old that reading is."""
        age_s = self._age_s(refusal.seen.partition(".")[0])
        old = "" if age_s is None else f" (read {age_s:.3f} s ago)"
        return Outcome(act, "refused", f"interlock {refusal.interlock}: {refusal.seen}{old}")


def _always() -> bool:
    return True
