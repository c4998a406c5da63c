"""Text lines: one contract over memory, TCP and a pseudo terminal; and what only a carrier can do wrong."""

import asyncio
import os
import socket
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from hal.links.backoff import Backoff
from hal.links.cutter import LineCutter
from hal.links.line import LineLink, serial_pipe, tcp_pipe
from hal.ports import LinkState
from sim.reach.lines import MemoryLineLink, serve_line_pty, serve_line_tcp

LIMIT_S = 5.0
WAYS = ("memory", "tcp", "pty")
PORT = ("N", 1)


class Talker:
    """Sends what is put into it."""

    def __init__(self) -> None:
        self.bytes = b""

    def next_due(self) -> float:
        return asyncio.get_running_loop().time() + 0.01

    def due(self, now: float) -> bytes:
        data, self.bytes = self.bytes, b""
        return data


def cutter() -> LineCutter:
    return LineCutter(start=b"", end=b"\r\n", most=24)


def line_link(pipe: object, silent_s: float = LIMIT_S) -> LineLink:
    backoff = Backoff(lambda: 0.5, base_s=0.02, cap_s=0.1)
    return LineLink("line", cutter(), pipe, silent_s=silent_s, backoff=backoff)  # type: ignore[arg-type]


@asynccontextmanager
async def reach(way: str, talker: Talker) -> AsyncIterator[LineLink | MemoryLineLink]:
    async with AsyncExitStack() as stack:
        if way == "memory":
            yield stack.enter_context(MemoryLineLink(talker, cutter()))
            return
        if way == "tcp":
            pipe = tcp_pipe("127.0.0.1", await stack.enter_async_context(serve_line_tcp(talker)))
        else:
            pipe = serial_pipe(await stack.enter_async_context(serve_line_pty(talker)), 9600, *PORT)
        yield await stack.enter_async_context(line_link(pipe))


async def until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not reached():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("way", WAYS)
async def test_lines_come_in_order_and_junk_costs_itself_alone(way: str) -> None:
    talker, seen = Talker(), []
    async with reach(way, talker) as link:
        link.subscribe(seen.extend)
        await until(lambda: link.state is LinkState.READY)
        talker.bytes = b"\x00\xff~\r\nNOREAD\r\n001PB20ABC\r\n" + b"A" * 500 + b"\r\nNEXT\r\n"
        await until(lambda: b"NEXT" in seen)
        assert seen == [b"NOREAD", b"001PB20ABC", b"NEXT"]


@pytest.mark.parametrize("way", WAYS)
async def test_every_subscriber_hears_every_line(way: str) -> None:
    talker, one, two = Talker(), [], []
    async with reach(way, talker) as link:
        link.subscribe(one.extend)
        link.subscribe(two.extend)
        await until(lambda: link.state is LinkState.READY)
        talker.bytes = b"A\r\nB\r\n"
        await until(lambda: len(two) == 2)
        assert one == two == [b"A", b"B"]


async def test_a_server_that_is_not_there_is_found_when_it_comes() -> None:
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    talker, seen = Talker(), []
    async with line_link(tcp_pipe("127.0.0.1", port)) as link:
        link.subscribe(seen.extend)
        await until(lambda: link.error not in {"", "not opened yet"})
        assert link.state is not LinkState.READY
        async with serve_line_tcp(talker, port=port):
            await until(lambda: link.state is LinkState.READY)
            assert link.error == ""
            talker.bytes = b"A\r\n"
            await until(lambda: seen == [b"A"])
        await until(lambda: link.state is not LinkState.READY)


async def test_half_a_line_before_a_break_is_not_joined_with_what_comes_after() -> None:
    talker, seen = Talker(), []
    states: list[LinkState] = []
    async with AsyncExitStack() as stack:
        server = AsyncExitStack()
        port = await server.enter_async_context(serve_line_tcp(talker))
        link = await stack.enter_async_context(line_link(tcp_pipe("127.0.0.1", port)))
        link.subscribe(seen.extend)
        link.on_state(states.append)
        await until(lambda: link.state is LinkState.READY)
        talker.bytes = b"FIRST\r\n001PB"
        await until(lambda: seen)
        await server.aclose()
        await until(lambda: LinkState.DISCONNECTED in states)
        async with serve_line_tcp(talker, port=port):
            await until(lambda: link.state is LinkState.READY)
            talker.bytes = b"20ABC\r\nNEXT\r\n"
            await until(lambda: b"NEXT" in seen)
    assert b"001PB20ABC" not in seen


async def test_a_connection_that_stays_silent_is_made_anew() -> None:
    """An unplugged cable tells nobody: neither end of a TCP connection hears of it."""
    met: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _r, w: met.append(w), "127.0.0.1", 0)
    async with server:
        async with line_link(tcp_pipe("127.0.0.1", server.sockets[0].getsockname()[1]), silent_s=0.1) as link:
            states: list[LinkState] = []
            link.on_state(states.append)
            await until(lambda: len(met) >= 3)
            assert states.count(LinkState.READY) >= 2
        for writer in met:
            writer.close()
            await writer.wait_closed()


async def test_a_serial_port_that_is_unplugged_is_opened_again_without_a_spin() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    attempts = 0
    inner = serial_pipe(os.ttyname(slave), 9600, *PORT)

    async def counted(pipe: asyncio.Protocol) -> asyncio.BaseTransport:
        nonlocal attempts
        attempts += 1
        return await inner(pipe)

    async with line_link(counted) as link:
        await until(lambda: link.state is LinkState.READY)
        os.close(slave)
        os.close(master)
        await until(lambda: link.state is not LinkState.READY)
        attempts = 0
        await asyncio.sleep(0.3)
        assert 1 <= attempts <= 30
        assert link.error


async def test_leaving_a_link_that_never_connected_ends_at_once() -> None:
    link = line_link(tcp_pipe("192.0.2.1", 9))
    async with asyncio.timeout(1.0):
        async with link:
            await asyncio.sleep(0.05)
    assert link.state is LinkState.DISCONNECTED
    assert link.error == "closed"
