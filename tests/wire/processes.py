"""Real processes of the program, read line by line."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_S = 15.0
ANSWER_S = 15.0
END_S = 10.0
PROGRAM = Path(sys.executable).with_name("swapstation")
STATION = "choco-14"


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Running:
    """A process that goes on. `lines` are what it has printed so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    over: bool = False

    async def read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            await self._tell(line.decode().rstrip())
        self.over = True
        await self._tell()

    async def _tell(self, *lines: str) -> None:
        async with self.news:
            self.lines += lines
            self.news.notify_all()

    async def until(self, found: Callable[[str], bool], limit_s: float) -> str:
        """The first line that is what is looked for, also of those before."""
        async with asyncio.timeout(limit_s), self.news:
            await self.news.wait_for(lambda: self.over or any(map(found, self.lines)))
        line = next(filter(found, self.lines), None)
        assert line is not None, "\n".join(self.lines)
        return line

    async def terminate(self) -> int:
        """Exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


@dataclass
class Bench:
    """Runs the program with a runtime directory of its own, so that two runs never hear each other."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    """Further variables of what is started from now on."""

    @property
    def environment(self) -> dict[str, str]:
        own = {"XDG_RUNTIME_DIR": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        return {**os.environ, **own, **self.more}

    async def command(self, *words: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *words, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(ANSWER_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[Running]:
        """A process that is ended with the block, by force where SIGTERM does not do."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *words, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        running = Running(process)
        async with asyncio.TaskGroup() as group:
            group.create_task(running.read())
            try:
                yield running
            finally:
                await _end(process)

    @asynccontextmanager
    async def simulator(self, *words: str, station: str = STATION) -> AsyncIterator[dict[str, Any]]:
        """`sim serve`; gives what it says of itself."""
        async with self.running("sim", "serve", station, "--json", *words) as running:
            yield json.loads(await running.until(lambda line: line.startswith("{"), START_S))

    @asynccontextmanager
    async def controller(self, simulator: dict[str, Any]) -> AsyncIterator[Running]:
        """`run` on the simulator's wires, ready."""
        async with self.running(*simulator["run"][1:]) as running:
            await running.until(lambda line: "event=ready" in line, START_S)
            yield running


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A bench in a folder with a short name: a socket's path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:
        yield Bench(Path(folder))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
