"""CAN links to run a contract against: every interface, each with peers on the same channel."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hal.links.backoff import Backoff
from hal.links.can import PythonCanLink
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub
from sim.reach.memory_can import MemoryCanLink
from sim.reach.slcan import SlcanAdapter
from sim.reach.socketcand import serve_socketcand

LIMIT_S = 5.0
INTERFACES = ("memory", "virtual", "socketcand", "slcan", "udp_multicast", "socketcan")
GROUP = "239.74.163.2"
Link = PythonCanLink | MemoryCanLink
Opener = Callable[[], Link]
channels = (f"test-{number}" for number in itertools.count())


@dataclass
class Watch:
    """What a link reported, with something to wait for."""

    link: Link
    frames: list[Frame] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.link.subscribe(lambda frames: (self.frames.extend(frames), self.news.set()))
        self.link.on_state(lambda state: (self.states.append(state), self.news.set()))

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not reached():
                self.news.clear()
                await self.news.wait()

    async def ready(self) -> None:
        await self.until(lambda: self.link.state is LinkState.READY)

    async def down(self) -> None:
        await self.until(lambda: self.link.state is not LinkState.READY)


def backoff(wait_s: float = 0.02) -> Backoff:
    return Backoff(lambda: 1.0, base_s=wait_s, cap_s=wait_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_udp_port() -> int:
    """Datagrams of another group on the same port would be heard, so each test has a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def need_vcan() -> str:
    """A virtual channel of the kernel; few test machines have one, so it may be left out everywhere."""
    try:
        with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
            sock.bind(("vcan0",))
    except OSError as error:
        pytest.skip(f"socketcan: {'no AF_CAN in this kernel' if error.errno == 97 else 'no interface vcan0'}")
    return "vcan0"


@asynccontextmanager
async def interface(name: str, folder: Path) -> AsyncIterator[Opener]:
    """Makes links that share one channel of that interface."""
    channel, hub = next(channels), CanHub()
    match name:
        case "memory":  # what every virtual station runs on
            yield lambda: MemoryCanLink(hub, asyncio.get_running_loop().time)
        case "virtual":
            yield lambda: PythonCanLink("virtual", channel, backoff=backoff())
        case "socketcand":
            async with serve_socketcand({channel: hub}) as port:
                yield lambda: PythonCanLink("socketcand", channel, host="127.0.0.1", port=port, backoff=backoff())
        case "slcan":
            with ExitStack() as adapters:
                yield lambda: slcan_link(adapters.enter_context(SlcanAdapter(hub, folder / next(channels))))
        case "udp_multicast":
            port = free_udp_port()
            yield lambda: PythonCanLink("udp_multicast", GROUP, port=port, hop_limit=0, backoff=backoff())
        case _:
            vcan = need_vcan()
            yield lambda: PythonCanLink("socketcan", vcan, backoff=backoff())


def slcan_link(adapter: SlcanAdapter) -> PythonCanLink:
    return PythonCanLink("slcan", str(adapter.path), bitrate=250_000, backoff=backoff())


@asynccontextmanager
async def opened(*links: Link) -> AsyncIterator[list[Watch]]:
    watches = [Watch(link) for link in links]
    async with AsyncExitStack() as stack:
        for watch in watches:
            await stack.enter_async_context(watch.link)
        for watch in watches:
            await watch.ready()
        await _joined(watches)
        yield watches


async def _joined(watches: list[Watch]) -> None:
    """A server takes a client into the channel a little after it said so: call until all others hear."""
    hello = Frame(0x7FF, b"", extended=False)
    async with asyncio.timeout(LIMIT_S):
        while len(watches) > 1 and not all(watch.frames for watch in watches):
            for watch in watches:
                await watch.link.send(hello)
            await asyncio.sleep(0.01)
    end = Frame(0x7FE, b"", extended=False)
    for watch in watches:
        others = [other for other in watches if other is not watch]
        await watch.link.send(end)
        for other in others:
            await other.until(lambda other=other: end in other.frames)
        for each in watches:
            each.frames.clear()
