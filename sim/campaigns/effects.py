"""Effect boundaries of a run: rows are kept, a command leaves, an answer is told; between any two the power may go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from firmware_py.shell.controller import Controller
from firmware_py.shell.journal import Entry, Row
from hal.commands import Command, Heartbeat
from hal.ports import Message
from sim.campaigns.audit import owed, restored_at
from sim.campaigns.ear import NOW, listen
from sim.campaigns.virtual import VirtualStation

Reached = Callable[[int, str], bool]
"""A boundary by its number, from 1, and what has just been done. Returns whether the controller has died there."""


class Effects:
    """Hears every effect of a station's controllers, and stops at each of the first one's."""

    def __init__(self, reached: Reached) -> None:
        self.number = 0
        self._owing: list[tuple[float, str]] = []
        self._reached = reached

    def booted(self, controller: Controller) -> None:
        """Another controller begins."""
        listen(controller, self._heard)

    def watch(self, running: VirtualStation) -> None:
        """Stop at what the present controller does, from now on."""
        process = running.computer.process
        process.journal.committed = self._committed
        for name, modbus in process.wires.links.modbus.items():
            modbus.write = self._sent(name, modbus.write)  # type: ignore[method-assign]  # stopped where it is done
        for name, can in process.wires.links.can.items():
            can.send = self._sent(name, can.send)  # type: ignore[method-assign]  # stopped where it is done
        cloud, topics = process.wires.cloud, {running.topics.order_reply, running.topics.record}
        publish = cloud.publish

        async def told(message: Message) -> None:
            await publish(message)
            if message.topic in topics:
                await self._done(f"told {message.topic}")

        cloud.publish = told  # type: ignore[method-assign]  # stopped where it is done

    def _heard(self, command: Command) -> None:
        words = owed(command)
        if words is not None:
            self._owing.append((asyncio.get_running_loop().time(), words))

    def owing(self, entries: Sequence[Entry]) -> list[str]:
        """Commands that need an intent in this journal, as `audit` wants them."""
        restored = restored_at(entries)
        since_s = 0.0 if restored is None else restored.stamp.t_mono
        return [words for at_s, words in self._owing if at_s >= since_s]

    def _committed(self, rows: Sequence[Row]) -> None:
        self._count("kept " + ", ".join(_named(row) for row in rows))

    def _sent(self, link: str, send: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
        async def sent(*what: Any, **how: Any) -> None:
            command = NOW.get()
            if command is None or isinstance(command, Heartbeat):  # the same again, by itself
                await send(*what, **how)
                return
            try:
                await send(*what, **how)
            finally:
                await self._done(f"sent {command} by {link}")

        return sent

    async def _done(self, what: str) -> None:
        if self._count(what):
            await asyncio.sleep(0)  # for ever: the dead do not wake up

    def _count(self, what: str) -> bool:
        self.number += 1
        return self._reached(self.number, what)


def _named(row: Row) -> str:
    words = (str(row.body[key]) for key in ("row", "command", "result", "code", "answer") if row.body.get(key))
    return " ".join([row.kind, *words])
