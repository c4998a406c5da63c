"""Brokers to run a contract against: ours in this process, and mosquitto as a process of its own."""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

from sim.broker.core import BrokerCore, Limits
from sim.broker.server import BrokerServer, serve_broker

ACL = "topic readwrite #\ntopic readwrite $data/#\ntopic deny denied/#\n"
PACKET_BYTES = 5_000_000
QUEUED = 5_000


class OurBroker:
    """The broker of the simulator on a port. `restart` forgets all sessions."""

    name = "ours"

    def __init__(self) -> None:
        self.core = BrokerCore()
        self.port = 0
        self._server: BrokerServer | None = None
        self._stack = AsyncExitStack()

    async def start(self, limits: Limits | None = None) -> None:
        self.core = BrokerCore(limits or Limits(packet_bytes=PACKET_BYTES, queued=QUEUED))
        self.core.faults.refuse("denied/#")
        self._server = await self._stack.enter_async_context(serve_broker(self.core, port=self.port))
        self.port = self._server.port

    async def kill(self) -> None:
        if self._server is not None:
            self._server.kill()

    async def stop(self) -> None:
        await self._stack.aclose()


class Mosquitto:
    """A mosquitto process without persistence, which forgets all sessions when killed."""

    name = "mosquitto"

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    async def start(self) -> None:
        acl, conf = self._folder / "acl", self._folder / "mosquitto.conf"
        acl.write_text(ACL)
        acl.chmod(0o600)
        limits = f"max_packet_size {PACKET_BYTES}\nmax_queued_messages {QUEUED}"
        settings = f"allow_anonymous true\n{limits}\nacl_file {acl}\nuser root\n"
        conf.write_text(f"listener {self.port} 127.0.0.1\n{settings}")
        arguments = ["-c", str(conf)]
        self._process = await asyncio.create_subprocess_exec(
            self._program, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while not await self._answers():
                await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        await self.kill()


AnyBroker = OurBroker | Mosquitto
