"""The broker core on a TCP port, for clients outside the process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sim.broker.core import BrokerCore

_BUFFER_BYTES: Final = 32 * 1024 * 1024


class _Client(asyncio.Protocol):
    """One TCP connection; knows bytes only."""

    def __init__(self, server: "BrokerServer", conn_id: int) -> None:
        self.transport: asyncio.Transport | None = None
        self._server = server
        self._conn_id = conn_id

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server.opened(self._conn_id, self)

    def data_received(self, data: bytes) -> None:
        self._server.received(self._conn_id, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.lost(self._conn_id)


class BrokerServer:
    """Carries bytes and time between TCP clients and the core. Made by `serve_broker`."""

    def __init__(self, core: BrokerCore, buffer_bytes: int = _BUFFER_BYTES) -> None:
        self.core = core
        self.port = 0
        self._buffer_bytes = buffer_bytes
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._clients: dict[int, _Client] = {}
        self._paused: list[_Client] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False

    async def listen(self, host: str, port: int) -> None:
        """Open the port. Raises `OSError` if it is taken."""
        self._server = await self._loop.create_server(self._new_client, host, port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]
        self.core.come_up(self._loop.time())
        self.core.wake.append(self._wake)
        self._wake()

    def kill(self) -> None:
        """Drop every connection and stop listening at once, as a killed process does: no DISCONNECT, no wills."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self.core.wake.remove(self._wake)
        if self._timer is not None:
            self._timer.cancel()
        self.core.go_down(self._loop.time())
        self.core.take_outputs()
        for client in self._clients.values():
            if client.transport is not None:
                client.transport.abort()
        self._clients.clear()

    def _new_client(self) -> _Client:
        self._count += 1
        return _Client(self, self._count)

    def opened(self, conn_id: int, client: _Client) -> None:
        """A TCP connection stands."""
        if self._server is None:
            if client.transport is not None:
                client.transport.abort()
            return
        self._clients[conn_id] = client
        self.core.connect(conn_id, self._loop.time())

    def received(self, conn_id: int, data: bytes) -> None:
        """Bytes for the core. While it is frozen nothing more is read, as nobody reads in a stopped process."""
        self.core.receive(conn_id, data, self._loop.time())
        client = self._clients.get(conn_id)
        if self.core.frozen and client is not None and client.transport is not None:
            client.transport.pause_reading()
            self._paused.append(client)

    def lost(self, conn_id: int) -> None:
        """The TCP connection is gone."""
        if self._clients.pop(conn_id, None) is not None:
            self.core.closed(conn_id, self._loop.time())

    def _wake(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what the core has for its clients and set the timer to its next due time."""
        if self._server is None:
            return
        self.core.tick(self._loop.time())
        self._flushing = False
        chunks: dict[int, list[bytes]] = {}
        closing: list[int] = []
        for conn_id, data in self.core.take_outputs():
            if data is None:
                closing.append(conn_id)
            else:
                chunks.setdefault(conn_id, []).append(data)
        for conn_id, parts in chunks.items():
            self._write(conn_id, parts)
        for conn_id in closing:
            client = self._clients.pop(conn_id, None)
            if client is not None and client.transport is not None:
                client.transport.close()
        self._go_on_reading()
        self._set_timer()

    def _write(self, conn_id: int, parts: list[bytes]) -> None:
        client = self._clients.get(conn_id)
        if client is None or client.transport is None:
            return
        client.transport.write(parts[0] if len(parts) == 1 else b"".join(parts))
        if client.transport.get_write_buffer_size() > self._buffer_bytes:
            client.transport.abort()

    def _go_on_reading(self) -> None:
        if self._paused and not self.core.frozen:
            paused, self._paused = self._paused, []
            for client in paused:
                if client.transport is not None and not client.transport.is_closing():
                    client.transport.resume_reading()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self.core.next_due()
        self._timer = None if due is None else self._loop.call_at(due, self._wake)


@asynccontextmanager
async def serve_broker(
    core: BrokerCore, host: str = "127.0.0.1", port: int = 0, *, buffer_bytes: int = _BUFFER_BYTES
) -> AsyncIterator[BrokerServer]:
    """Serve `core` on a port (0: a free one, see `.port`). A client that reads too slowly is dropped at `buffer_bytes`.

    Afterwards the port is free again: serve a fresh core on it for a broker that forgot everything, or the same core
    for one that kept its sessions. Raises `OSError` if the port is taken.
    """
    server = BrokerServer(core, buffer_bytes)
    await server.listen(host, port)
    try:
        yield server
    finally:
        server.kill()
