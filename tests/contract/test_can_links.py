"""What every CAN link does, over python-can's in-process bus and over TCP to a simulated channel."""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import can
import pytest

from hal.errors import ConfigError, LinkDown
from hal.links.backoff import Backoff
from hal.links.can import PythonCanLink
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub
from sim.reach.socketcand import serve_socketcand

LIMIT_S = 5.0
channels = (f"test-{number}" for number in itertools.count())


@dataclass
class Watch:
    """What a link reported, with something to wait for."""

    link: PythonCanLink
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


Opener = Callable[[], PythonCanLink]


@pytest.fixture(params=["virtual", "socketcand"])
async def new_link(request: pytest.FixtureRequest) -> AsyncIterator[Opener]:
    """Makes links that share one channel."""
    channel = next(channels)
    if request.param == "virtual":
        yield lambda: PythonCanLink("virtual", channel, backoff=backoff())
        return
    async with serve_socketcand({channel: CanHub()}) as port:
        yield lambda: PythonCanLink("socketcand", channel, host="127.0.0.1", port=port, backoff=backoff())


@asynccontextmanager
async def opened(*links: PythonCanLink) -> AsyncIterator[list[Watch]]:
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


async def test_frames_arrive_complete_and_in_order(new_link: Opener) -> None:
    async with opened(new_link(), new_link()) as (here, there):
        sent = [Frame(0x18FF0000 + number, bytes([number]) * (number % 9)) for number in range(200)]
        sent.append(Frame(0x123, b"\x00\xff", extended=False))
        for frame in sent:
            await here.link.send(frame)
        await there.until(lambda: len(there.frames) >= len(sent))
        assert there.frames == sent
        assert here.frames == [], "a client does not hear itself"


async def test_three_clients_hear_each_other(new_link: Opener) -> None:
    async with opened(new_link(), new_link(), new_link()) as watches:
        for number, watch in enumerate(watches):
            await watch.link.send(Frame(number, b""))
        for number, watch in enumerate(watches):
            await watch.until(lambda watch=watch: len(watch.frames) >= 2)
            assert [frame.can_id for frame in watch.frames] == [other for other in range(3) if other != number]


async def test_a_link_that_is_not_open_refuses_to_send(new_link: Opener) -> None:
    link = new_link()
    with pytest.raises(LinkDown):
        await link.send(Frame(1, b""))
    async with opened(link):
        pass
    assert link.state is LinkState.DISCONNECTED
    with pytest.raises(LinkDown):
        await link.send(Frame(1, b""))


async def test_states_in_their_order_and_no_thread_left(new_link: Opener) -> None:
    before = set(threading.enumerate())
    link = new_link()
    async with opened(link) as (watch,):
        await link.send(Frame(1, b""))
        left = time.perf_counter()
    assert time.perf_counter() - left < 0.3
    assert watch.states == [LinkState.CONNECTING, LinkState.READY, LinkState.DISCONNECTED]
    assert not {thread for thread in set(threading.enumerate()) - before if thread.name.startswith("can-read")}


async def test_error_and_remote_frames_are_counted_and_reach_nobody() -> None:
    channel = next(channels)
    async with opened(PythonCanLink("virtual", channel)) as (watch,):
        with can.Bus(interface="virtual", channel=channel) as peer:
            peer.send(can.Message(is_error_frame=True))
            peer.send(can.Message(arbitration_id=5, is_remote_frame=True))
            peer.send(can.Message(arbitration_id=6, data=b"\x01"))
            await watch.until(lambda: bool(watch.frames))
        assert watch.frames == [Frame(6, b"\x01")]
        assert (watch.link.error_frames, watch.link.ignored) == (1, 1)


async def test_a_flood_while_the_loop_is_busy_is_bounded_and_the_newest_is_kept() -> None:
    channel = next(channels)
    sent = 1500
    async with opened(PythonCanLink("virtual", channel, queue_frames=50)) as (watch,):
        with can.Bus(interface="virtual", channel=channel) as peer:
            read = threading.Event()
            for number in range(sent):
                peer.send(can.Message(arbitration_id=number))
            while watch.link.dropped < 500:  # the loop stands still meanwhile, as it would in a long computation
                read.wait(0.005)
            await watch.until(lambda: bool(watch.frames) and watch.frames[-1].can_id == sent - 1)
        ids = [frame.can_id for frame in watch.frames]
        assert ids == sorted(ids)
        assert len(ids) + watch.link.dropped == sent


async def test_a_bus_that_cannot_be_opened_is_tried_again_and_says_why() -> None:
    link = PythonCanLink("no-such-interface", "can0", backoff=backoff())
    watch = Watch(link)
    async with link:
        await watch.until(lambda: watch.states.count(LinkState.DISCONNECTED) >= 3)
        assert "no-such-interface" in link.error
        assert LinkState.READY not in watch.states


async def test_server_gone_is_noticed_costs_nothing_and_is_found_again_on_the_same_port() -> None:
    hub = CanHub()
    port = free_port()
    link = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port, backoff=backoff(0.3))
    watch = Watch(link)
    async with link:
        for _ in range(2):
            async with serve_socketcand({"can0": hub}, port=port):
                await watch.ready()
                began, spent = time.perf_counter(), time.process_time()
            await watch.down()
            assert link.error
            with pytest.raises(LinkDown):
                await link.send(Frame(1, b""))
        async with serve_socketcand({"can0": hub}, port=port):
            await watch.ready()
            wall, processor = time.perf_counter() - began, time.process_time() - spent
            assert wall > 0.25, "the back-off was kept"
            assert processor < 0.3 * wall, "no thread spins while the adapter is away"
    assert link.openings == 3


async def test_a_server_that_never_greets_does_not_hold_the_link_at_its_end() -> None:
    accepted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)
    async with server:
        async with link:
            async with asyncio.timeout(LIMIT_S):
                await accepted.wait()
            assert link.state is LinkState.CONNECTING
            left = time.perf_counter()
        assert time.perf_counter() - left < 0.3


@pytest.mark.filterwarnings("ignore:.*unclosed.*socket")  # python-can forgets it where its constructor fails
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_channel_that_the_server_does_not_have_is_an_error_not_a_silence() -> None:
    async with serve_socketcand({"can0": CanHub()}) as port:
        link = PythonCanLink("socketcand", "can7", host="127.0.0.1", port=port, backoff=backoff())
        watch = Watch(link)
        async with link:
            await watch.until(lambda: watch.states.count(LinkState.DISCONNECTED) >= 2)
            assert LinkState.READY not in watch.states


def test_socketcand_without_an_address_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="host and port"):
        PythonCanLink("socketcand", "can0")


class Pack:
    """Sends its frame each 5 ms and remembers what it hears."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.next = 0.0
        self.heard: asyncio.Queue[Frame] = asyncio.Queue()

    def on_frame(self, frame: Frame, now: float) -> None:
        self.heard.put_nowait(frame)

    def due(self, now: float) -> list[Frame]:
        if now < self.next:
            return []
        self.next = now + 0.005
        return [self.frame]

    def next_due(self) -> float:
        return self.next


async def test_a_python_can_tool_reads_an_emulated_frame_and_writes_one() -> None:
    pack = Pack(Frame(0x1801F3E8, bytes(range(8))))
    loop = asyncio.get_running_loop()

    def tool(port: int) -> can.Message | None:
        with can.Bus(interface="socketcand", channel="can0", host="127.0.0.1", port=port) as bus:
            bus.send(can.Message(arbitration_id=0x7A, data=b"\x01\x02", is_extended_id=False))
            return bus.recv(LIMIT_S)

    async with serve_socketcand({"can0": CanHub([pack])}) as port:
        message = await loop.run_in_executor(None, tool, port)
        async with asyncio.timeout(LIMIT_S):
            assert await pack.heard.get() == Frame(0x7A, b"\x01\x02", extended=False)
    assert message is not None
    assert (message.arbitration_id, message.data, message.is_extended_id) == (0x1801F3E8, bytes(range(8)), True)


async def _raw_client(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.readuntil(b">") == b"< hi >"
    return reader, writer


async def test_protocol_by_hand() -> None:
    pack = Pack(Frame(0x0F1, b"\xab", extended=False))
    pack.next = float("inf")
    async with serve_socketcand({"can0": CanHub([pack])}) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await _raw_client(port)

        async def ask(command: bytes) -> bytes:
            writer.write(command)
            return await reader.readuntil(b">")

        assert await ask(b"< echo >") == b"< echo >"
        assert b"error" in await ask(b"< rawmode >")
        assert b"error" in await ask(b"< open can9 >")
        assert await ask(b"< open can0 >") == b"< ok >"
        assert await ask(b"< rawmode >") == b"< ok >"
        for wrong in (
            b"< send 800 0 >",
            b"< send 1FFFFFFFF 0 >",
            b"< send 123 2 01 >",
            b"< send 123 9 >",
            b"<send x 0>",
        ):
            assert b"error" in await ask(wrong)
        writer.write(b"< send 00000123 0  >< send 1")
        writer.write(b"23 2 A 0B >")
        assert await pack.heard.get() == Frame(0x123, b"")
        assert await pack.heard.get() == Frame(0x123, b"\x0a\x0b", extended=False)
        pack.next = 0.0
        text = await reader.readuntil(b">")
        assert text.startswith(b"< frame 0F1 ")
        assert text.endswith(b" AB >")
        writer.close()
        await writer.wait_closed()


async def test_garbage_without_an_end_closes_the_connection() -> None:
    async with serve_socketcand({"can0": CanHub()}) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await _raw_client(port)
        writer.write(b"x" * 1000)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    hub = CanHub()
    batch = [Frame(0x18FF0000 + number, bytes(8)) for number in range(200)]
    async with serve_socketcand({"can0": hub}) as port, asyncio.timeout(2 * LIMIT_S):
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", port))
            slow.send(b"< open can0 >< rawmode >")
            async with opened(PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)) as (watch,):
                while len(hub._listeners) < 2:
                    await asyncio.sleep(0.001)
                rounds = 0
                while len(hub._listeners) == 2:
                    watch.frames.clear()
                    hub._give(batch, None)
                    await watch.until(lambda: len(watch.frames) >= len(batch))
                    rounds += 1
                assert watch.frames == batch
                assert rounds > 10, "a short pause of a client is no reason to drop it"
                assert watch.states == [LinkState.CONNECTING, LinkState.READY]
