"""Emulated Modbus units behind a TCP port."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from sim.emulators.protocol import ModbusEmulator
from sim.reach.modbus_frames import MbapStream, Request
from sim.reach.modbus_replies import TcpReplier


class _Connection(asyncio.Protocol):
    """One master. A request acts when it arrives; each unit answers one request after the other."""

    def __init__(
        self,
        emulators: Mapping[int, ModbusEmulator],
        clock: Callable[[], float],
        open_ones: set["_Connection"],
    ) -> None:
        self._replier = TcpReplier(emulators)
        self._clock = clock
        self._open_ones = open_ones
        self._loop = asyncio.get_running_loop()
        self._stream = MbapStream()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_ones.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open_ones.discard(self)

    def data_received(self, data: bytes) -> None:
        for request in self._stream.feed(data):
            self._serve(request)
        if self._stream.broken:
            self.abort()

    def _serve(self, request: Request) -> None:
        now = self._loop.time()
        for reply in self._replier.take(request, now, self._clock()):
            if reply.at_s <= now:
                self._send(reply.data)
            else:
                self._loop.call_at(reply.at_s, self._send, reply.data)

    def _send(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def abort(self) -> None:
        """Cut the connection; replies still due are lost."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


@asynccontextmanager
async def serve_tcp(
    emulators: Mapping[int, ModbusEmulator],
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[int]:
    """Serve the units and give the bound port. `clock` (default: the loop's) is what emulators see as `now`.

    Leaving cuts every connection. Raises OSError when the port is taken.
    """
    loop = asyncio.get_running_loop()
    open_ones: set[_Connection] = set()
    server = await loop.create_server(
        lambda: _Connection(emulators, clock or loop.time, open_ones), host, port, reuse_address=True
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in tuple(open_ones):
            connection.abort()
        await server.wait_closed()
