"""A simulated station on real wires in this process, and the controller as a process of its own beside it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hal.config.loader import load_station
from sim.campaigns.serve import Served, serve_station

STATION = "choco-14"
START_LIMIT_S = 20.0


@dataclass
class Wire:
    """What a bench may do with the two."""

    served: Served
    process: asyncio.subprocess.Process
    socket: Path
    started_s: float
    ready_s: float
    """From the start of the process to READY."""

    async def ask(self, action: str) -> dict[str, Any]:
        """One request over the control socket."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        try:
            writer.write(json.dumps({"action": action, "why": "bench"}).encode() + b"\n")
            return dict(json.loads(await reader.readline()))
        finally:
            writer.close()
            await writer.wait_closed()

    async def status(self) -> dict[str, Any]:
        """The controller's own status."""
        return dict((await self.ask("status"))["status"])

    async def until(
        self, holds: Callable[[dict[str, Any]], bool], limit_s: float, every_s: float = 0.05
    ) -> dict[str, Any]:
        """Ask for the status until it is so. A TimeoutError says how it was instead."""
        status: dict[str, Any] = {}
        try:
            async with asyncio.timeout(limit_s):
                while not holds(status := await self.status()):
                    await asyncio.sleep(every_s)
        except TimeoutError:
            seen = {name: status.get(name) for name in ("packml", "place", "held_for", "faults")}
            raise TimeoutError(f"not so after {limit_s:g} s: {seen}") from None
        return status

    def cpu_s(self) -> float:
        """Processor seconds of the controller so far, all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Resident memory of the controller."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@asynccontextmanager
async def wire(seed: int = 1, *, speed: float = 1.0, station: str = STATION) -> AsyncIterator[Wire]:
    """Both, until the block ends. The controller gets SIGTERM and must leave by itself."""
    loop = asyncio.get_running_loop()
    with TemporaryDirectory() as folder:
        async with serve_station(load_station(station), seed, speed=speed) as served:
            links, control = Path(folder, "links.toml"), Path(folder, "control.sock")
            links.write_text(served.overlay)
            notify = Path(folder, "notify.sock")
            ready = loop.create_future()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Ready(ready), local_addr=str(notify), family=_UNIX
            )
            started = loop.time()
            command = [
                "run",
                station,
                "--links",
                str(links),
                "--state-dir",
                str(Path(folder, "state")),
                "--socket",
                str(control),
            ]
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("swapstation")),
                *command,
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
                stdout=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(START_LIMIT_S):
                    at_s = await ready
                yield Wire(served, process, control, started, at_s - started)
            finally:
                transport.close()
                if process.returncode is None:
                    process.terminate()
                await process.wait()


_UNIX = 1


class _Ready(asyncio.DatagramProtocol):
    """Takes the service message that says READY."""

    def __init__(self, future: "asyncio.Future[float]") -> None:
        self._future = future

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if b"READY=1" in data and not self._future.done():
            self._future.set_result(asyncio.get_running_loop().time())
