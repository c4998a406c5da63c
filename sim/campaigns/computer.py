"""The computer of a station in memory: it runs the controller as a process, which may be killed at any instant.

A killed one is gone at once, without a `finally`: none of its tasks and timers ever runs again, its links are cut as
the system cuts those of a dead process, and its journal keeps what was committed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from firmware_py.shell.controller import Controller
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.plant import Links
from sim.campaigns.virtual_modbus import Line, Opening
from sim.reach.memory_mqtt import MemoryMqttLink
from sim.vloop import OWNER, VirtualLoop

T = TypeVar("T")


class Dead(Exception):
    """The process that was asked is dead, or died over it."""


class Life:
    """Owner of all that one process does."""

    def __init__(self) -> None:
        self.over = False
        self._context = copy_context()
        self._context.run(OWNER.set, self)

    def within(self, call: Callable[..., T], *args: Any) -> T:
        """Call as this process does: what is scheduled by it dies with it."""
        return self._context.copy().run(call, *args)

    def inside(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """The callback as one of this process: it is not called any more once that is dead."""

        def called(told: Any) -> None:
            if not self.over:
                self.within(callback, told)

        return called


@dataclass
class Wires:
    """What a process has of the world outside; `opening` opens what needs the loop for it, `stack` closes the rest."""

    links: Links
    lines: dict[str, Line]
    opening: Opening
    cloud: MemoryMqttLink
    stack: ExitStack

    def cut(self) -> None:
        """Whoever had them is dead."""
        for line in self.lines.values():
            line.down = True
        self.cloud.cut()
        self.stack.close()


@dataclass
class Process:
    """One run of the controller."""

    controller: Controller
    wires: Wires
    journal: InlineJournal


class Computer:
    """Runs one process at a time in `group`. `boot` makes one, the first has number 1."""

    def __init__(self, group: asyncio.TaskGroup, boot: Callable[[int, Life], Process]) -> None:
        self._group = group
        self._boot = boot
        self._boots = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._begin()

    def _begin(self) -> None:
        self._boots += 1
        self._life = life = Life()
        self._died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.process = life.within(self._boot, self._boots, life)
        name = "controller" if self._boots == 1 else f"controller-{self._boots}"
        self._tasks.append(life.within(lambda: self._group.create_task(_run(self.process), name=name)))

    @property
    def dead(self) -> bool:
        """Nothing runs."""
        return self._life.over

    def switch_off(self, off: bool) -> None:
        """Kill it, or start it again. Killing the dead and starting the living does nothing."""
        if off is self.dead:
            return
        if not off:
            self._begin()
            return
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop), "only in virtual time can a process be stopped for good"
        loop.freeze(self._life)
        self._life.over = True
        self.process.wires.cut()
        self._died.set_result(None)

    async def ask(self, asked: Coroutine[Any, Any, T]) -> T:
        """What the process answers to somebody who asks it from outside. Raises Dead where it does not any more."""
        if self.dead:
            asked.close()
            raise Dead("nobody answers")
        loop = asyncio.get_running_loop()
        task: asyncio.Task[T] = self._life.within(loop.create_task, asked)
        over = loop.create_future()
        for end in (task, self._died):
            end.add_done_callback(lambda _: None if over.done() else over.set_result(None))
        try:
            await over
        finally:
            task.cancel()
        if task.done():
            return task.result()
        self._tasks.append(task)
        raise Dead("it died over the answer")

    async def end(self) -> None:
        """Let the living end, and clear away what is left of the dead."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, VirtualLoop):
            loop.thaw_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _run(process: Process) -> None:
    wires = process.wires
    with wires.stack:
        async with AsyncExitStack() as stack:
            await wires.opening(stack)
            await stack.enter_async_context(wires.cloud)
            await process.controller.run()
