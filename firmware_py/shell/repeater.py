"""Repeats commands that their device drops when it does not hear them again: levers, speed words, enables.

A repetition carries a stored intent: it passes the gate each time and is not journalled again. It begins after the
command was sent. It ends with a stop, with the next command for the same part, and when gate or link refuses it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from firmware_py.core.effects import Act
from firmware_py.core.gate_words import Refusal
from hal.commands import Command, Drive, MoveSlot
from hal.errors import HalError, LinkDown

LOST_IN_A_ROW: Final = 2
"""Repetitions; a device file lets its unit drop out after two at the soonest (`drops_after_s`)."""

Resend = Callable[[Command, Callable[[], bool]], Awaitable[None]]
"""Sends the repeated part of a command again: (command, still wanted?)."""


@dataclass(slots=True)
class _Standing:
    act: Act
    every_s: float
    due_s: float
    lost: int = 0


def aim_of(command: Command) -> str:
    """Which part of its device a command is for: a later one for the same part takes its place."""
    match command:
        case MoveSlot(slot=slot):
            return slot.value
        case Drive(actuator=actuator):
            return actuator.value
        case _:
            return ""


class Repeater:
    """The standing commands of one device. `ended` is told of an end that nobody asked for: (act, result, text)."""

    def __init__(
        self,
        judge: Callable[[Command], Refusal | None],
        resend: Resend,
        ended: Callable[[Act, Refusal | HalError], None],
    ) -> None:
        self._judge = judge
        self._resend = resend
        self._ended = ended
        self._standing: dict[str, _Standing] = {}
        self._changed = asyncio.Event()

    def __bool__(self) -> bool:
        """Something is being repeated."""
        return bool(self._standing)

    def begin(self, act: Act, every_s: float) -> None:
        """The command was sent just now; repeat it from now on."""
        self._standing[aim_of(act.command)] = _Standing(act, every_s, asyncio.get_running_loop().time() + every_s)
        self._changed.set()

    def replace(self, command: Command) -> None:
        """Another command for the same part is about to leave."""
        self._standing.pop(aim_of(command), None)

    def end(self) -> None:
        """Nothing is wanted any more."""
        self._standing.clear()

    async def run(self) -> None:
        """Repeat for ever."""
        loop = asyncio.get_running_loop()
        while True:
            nearest = min(self._standing.items(), key=lambda item: item[1].due_s, default=None)
            if nearest is not None and nearest[1].due_s <= loop.time():
                await self._again(*nearest)
                continue
            self._changed.clear()
            try:
                async with asyncio.timeout_at(None if nearest is None else nearest[1].due_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _again(self, aim: str, one: _Standing) -> None:
        def still() -> bool:
            return self._standing.get(aim) is one

        refusal = self._judge(one.act.command)
        if refusal is not None:
            del self._standing[aim]
            self._ended(one.act, refusal)
            return
        one.due_s = asyncio.get_running_loop().time() + one.every_s
        try:
            await self._resend(one.act.command, still)
        except HalError as error:
            one.lost += 1
            if still() and (one.lost >= LOST_IN_A_ROW or isinstance(error, LinkDown)):
                del self._standing[aim]
                self._ended(one.act, error)
        else:
            one.lost = 0
