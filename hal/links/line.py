"""Text lines that a device sends by itself, over TCP or a serial port; with Modbus RTU the only user of pyserial.

Nothing is ever sent. A carrier that has gone is opened again for ever, with capped jitter; one that stays silent for
`silent_s` is taken as gone: a cable that is unplugged tells nobody.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from types import TracebackType
from typing import Self

import serial

from hal.links.backoff import Backoff
from hal.links.cutter import LineCutter
from hal.ports import LinkState

Open = Callable[[asyncio.Protocol], Awaitable[asyncio.BaseTransport]]
"""Connects a protocol to the device; raises OSError."""


class _Pipe(asyncio.Protocol):
    """One life of the connection."""

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        self.ended = asyncio.Event()
        self.heard = asyncio.Event()
        self._on_data = on_data

    def data_received(self, data: bytes) -> None:
        self.heard.set()
        if not self.ended.is_set():
            self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self.heard.set()


class LineLink:
    """Implements `hal.ports.LineLink`. An async context manager that returns before it is connected."""

    def __init__(
        self,
        name: str,
        cutter: LineCutter,
        open_pipe: Open,
        *,
        silent_s: float,
        connect_timeout_s: float = 2.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.error = "not opened yet"
        """Why there is no connection."""
        self._cutter = cutter
        self._open_pipe = open_pipe
        self._silent_s = silent_s
        self._connect_timeout_s = connect_timeout_s
        self._backoff = backoff or Backoff(Random().random)
        self._state = LinkState.DISCONNECTED
        self._takers: list[Callable[[list[bytes]], None]] = []
        self._watchers: list[Callable[[LinkState], None]] = []

    @property
    def state(self) -> LinkState:
        """READY while it is connected."""
        return self._state

    @property
    def junk(self) -> int:
        """Lines that were thrown away."""
        return self._cutter.junk

    def subscribe(self, on_lines: Callable[[list[bytes]], None]) -> None:
        """Called in the event loop with the lines that came in, oldest first."""
        self._takers.append(on_lines)

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        self._watchers.append(changed)

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._keeper = self._group.create_task(self._keep_open(), name=f"line {self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        if not isinstance(error, asyncio.CancelledError):
            kind = error = trace = None  # the group would wrap an error of the body, which is not its business
        await self._group.__aexit__(kind, error, trace)

    async def _keep_open(self) -> None:
        try:
            while True:
                self._become(LinkState.CONNECTING)
                self.error = await self._session()
                self._become(LinkState.DISCONNECTED)
                await asyncio.sleep(self._backoff.next_s())
        finally:
            self.error = "closed"
            self._become(LinkState.DISCONNECTED)

    async def _session(self) -> str:
        """One connection, from its opening to its end; why it ended."""
        self._cutter.clear()
        pipe = _Pipe(self._received)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                transport = await self._open_pipe(pipe)
        except TimeoutError:
            return f"no connection within {self._connect_timeout_s:g} s"
        except OSError as error:
            return os.strerror(error.errno) if error.errno else str(error)
        self.error = ""
        self._become(LinkState.READY)
        try:
            while not pipe.ended.is_set():
                pipe.heard.clear()
                async with asyncio.timeout(self._silent_s):
                    await pipe.heard.wait()
        except TimeoutError:
            return f"silent for {self._silent_s:g} s"
        finally:
            pipe.ended.set()
            transport.close()
        return "connection lost"

    def _received(self, data: bytes) -> None:
        lines = self._cutter.feed(data)
        if lines:
            self._backoff.reset()
            for take in self._takers:
                take(lines)

    def _become(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            for changed in self._watchers:
                changed(state)


def tcp_pipe(host: str, port: int) -> Open:
    """The device listens there."""

    async def connect(pipe: asyncio.Protocol) -> asyncio.BaseTransport:
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: pipe, host, port)
        return transport

    return connect


def serial_pipe(port: str, baudrate: int, parity: str, stopbits: int) -> Open:
    """The device talks on this serial port, 8 data bits."""

    async def connect(pipe: asyncio.Protocol) -> asyncio.BaseTransport:
        line = serial.Serial(port, baudrate, 8, parity, stopbits, timeout=0, exclusive=True)
        try:
            line.reset_input_buffer()
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: pipe, line)
        except BaseException:
            line.close()
            raise
        return transport

    return connect
