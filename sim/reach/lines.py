"""Ways to reach a device that sends text lines: in memory, over TCP, on a pseudo terminal."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Protocol, Self

from hal.links.cutter import LineCutter
from hal.ports import LinkState


class Talker(Protocol):
    """A device that sends by itself."""

    def next_due(self) -> float:
        """Wire time of the next bytes."""
        ...

    def due(self, now: float) -> bytes:
        """All bytes due by `now`."""
        ...


class TalkTimer:
    """Asks a device for its bytes by the clock of the event loop. A context manager, entered where the loop runs."""

    def __init__(self, talker: Talker, send: Callable[[bytes], None]) -> None:
        self._talker = talker
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        self._handle = self._loop.call_at(self._talker.next_due(), self._run)

    def _run(self) -> None:
        data = self._talker.due(self._loop.time())
        if data:
            self._send(data)
        self._arm()


class MemoryLineLink:
    """Implements `hal.ports.LineLink` over a device in memory. A context manager. `down` cuts the line."""

    def __init__(self, talker: Talker, cutter: LineCutter) -> None:
        self.down = False
        self._cutter = cutter
        self._takers: list[Callable[[list[bytes]], None]] = []
        self._talker = talker
        self._timer = TalkTimer(talker, self._received)

    @property
    def state(self) -> LinkState:
        """READY unless the line is cut."""
        return LinkState.DISCONNECTED if self.down else LinkState.READY

    def subscribe(self, on_lines: Callable[[list[bytes]], None]) -> None:
        """See `LineLink.subscribe`."""
        self._takers.append(on_lines)

    def __enter__(self) -> Self:
        self._talker.due(asyncio.get_running_loop().time())  # what it sent while nobody listened is lost
        self._timer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.__exit__(kind, error, trace)

    def _received(self, data: bytes) -> None:
        if self.down:
            self._cutter.clear()
            return
        lines = self._cutter.feed(data)
        for take in self._takers if lines else ():
            take(lines)


class _Listener(asyncio.Protocol):
    """Somebody who is connected."""

    def __init__(self, open_ones: set[asyncio.Transport]) -> None:
        self._open_ones = open_ones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_ones.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self._transport)


@asynccontextmanager
async def serve_line_tcp(talker: Talker, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Send to everybody who connects, and give the bound port. Leaving cuts every connection."""
    open_ones: set[asyncio.Transport] = set()

    def send(data: bytes) -> None:
        for transport in tuple(open_ones):
            transport.write(data)

    server = await asyncio.get_running_loop().create_server(
        lambda: _Listener(open_ones), host, port, reuse_address=True
    )
    try:
        with TalkTimer(talker, send):
            yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in tuple(open_ones):
            transport.abort()
        await server.wait_closed()


@asynccontextmanager
async def serve_line_pty(talker: Talker) -> AsyncIterator[str]:
    """Send on a new pseudo terminal and give the path that a listener opens (8N1). Leaving hangs up."""
    master, slave = os.openpty()  # our own hold on the slave keeps the line alive while nobody has it open
    try:
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)

        def send(data: bytes) -> None:
            with suppress(BlockingIOError):  # nobody reads the other end: a line forgets
                os.write(master, data)

        with TalkTimer(talker, send):
            yield os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)
