"""One life of a controller: a process on the simulator's wires, asked as a person asks it, killed by signal 9."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from firmware_py.shell import places
from firmware_py.shell.line_client import NobodyListens, ask_async
from sim.campaigns.children import Child, ChildDied, child
from sim.campaigns.kills_sight import Ready
from sim.campaigns.kills_words import Wishes

START_S: Final = 30.0
ANSWER_S: Final = 8.0


class Life:
    """`killed_s`: when it was, on the loop's clock."""

    def __init__(self, wishes: Wishes, controller: Child, ready: Ready) -> None:
        self._wishes = wishes
        self._controller = controller
        self._ready = ready
        self._clock = asyncio.get_running_loop().time
        self.began_s = self._clock()
        self.killed_s: float | None = None

    def kill(self) -> None:
        """At once, and without a word."""
        self._controller.process.kill()
        self.killed_s = self._clock()

    async def ready(self) -> float:
        """When it said READY=1. Raises TimeoutError."""
        async with asyncio.timeout(START_S):
            await self._ready.said.wait()
        return self._ready.at_s

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Over its control socket. Where it dies of our hand meanwhile this never returns: the life ends."""
        try:
            return await ask_async(self._wishes.folder / places.CONTROL, request, ANSWER_S)
        except (NobodyListens, TimeoutError):
            if self.killed_s is None:
                raise
            await asyncio.Event().wait()
            raise

    async def until_killed(self) -> None:
        """Raises `ChildDied` where it ends by itself."""
        try:
            await self._controller.watch()
        except ChildDied:
            if self.killed_s is None:
                raise


@asynccontextmanager
async def life(wishes: Wishes, number: int, ready: Ready) -> AsyncIterator[Life]:
    """Start a controller on the journal that is there. Where it lives at the end of the block it ends in good order."""
    folder = wishes.folder
    run = ["run", wishes.station, "--links", str(folder / places.OVERLAY), "--state-dir", str(folder)]
    run += ["--socket", str(folder / places.CONTROL)]
    ready.begin()
    log, more = folder / f"controller-{number}.log", {"NOTIFY_SOCKET": str(ready.path)}
    async with child("controller", run, log, more) as controller:
        yield Life(wishes, controller, ready)


async def live(lives: Life, tend: Callable[[Life], Awaitable[None]]) -> None:
    """Tend it until it is killed, or there is nothing more to tend."""

    async def tended() -> None:
        await tend(lives)

    async with asyncio.TaskGroup() as group:
        tending = group.create_task(tended(), name="tend")
        watching = group.create_task(lives.until_killed(), name="watch")
        watching.add_done_callback(lambda _: tending.cancel())
        tending.add_done_callback(lambda _: watching.cancel())
