"""Emulated Modbus units on a serial line: a pseudo terminal, paced at the baud rate."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from sim.emulators.protocol import ModbusEmulator
from sim.reach.modbus_frames import Request, RtuStream
from sim.reach.modbus_replies import RtuReplier

_MIN_SILENCE_S = 0.005  # a loop that serves many things sees gaps later than 3.5 characters
_CHUNK = 4096


class _Line:
    """The device side of one line. A request acts when it is read; its reply is due when a real line would have it."""

    def __init__(
        self,
        master: int,
        emulators: Mapping[int, ModbusEmulator],
        baudrate: int,
        clock: Callable[[], float],
    ) -> None:
        self._master = master
        self._replier = RtuReplier(emulators, baudrate)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._stream = RtuStream(max(3.5 * self._replier.byte_s, _MIN_SILENCE_S))
        self._settle: asyncio.TimerHandle | None = None
        self._received_at = 0.0
        self._replies: set[asyncio.TimerHandle] = set()
        self._loop.add_reader(master, self._readable)

    def close(self) -> None:
        self._loop.remove_reader(self._master)
        for timer in self._replies:
            timer.cancel()
        if self._settle is not None:
            self._settle.cancel()

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except BlockingIOError:
            return
        now = self._loop.time()
        self._received_at = max(self._received_at, now) + len(data) * self._replier.byte_s
        self._serve(self._stream.feed(data, now))

    def _silent(self) -> None:
        self._serve(self._stream.settle(self._loop.time()))

    def _serve(self, requests: list[Request]) -> None:
        for request in requests:
            for reply in self._replier.take(request, self._received_at, self._clock()):
                self._send_at(reply.at_s, reply.data)
        if self._settle is not None:
            self._settle.cancel()
            self._settle = None
        if (silent_at := self._stream.silent_at) is not None:
            self._settle = self._loop.call_at(silent_at, self._silent)

    def _send_at(self, due: float, data: bytes) -> None:
        timer: asyncio.TimerHandle | None = None

        def send() -> None:
            if timer is not None:
                self._replies.discard(timer)
            with suppress(BlockingIOError):  # nobody reads the other end: a line forgets
                os.write(self._master, data)

        timer = self._loop.call_at(due, send)
        self._replies.add(timer)


@asynccontextmanager
async def serve_rtu(
    emulators: Mapping[int, ModbusEmulator],
    baudrate: int = 115200,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[str]:
    """Serve the units on a new pseudo terminal and give the path a master opens (8N1, any number of times).

    `clock` (default: the loop's) is what emulators see as `now`. Leaving hangs up.
    """
    loop = asyncio.get_running_loop()
    master, slave = os.openpty()  # our own hold on the slave keeps the line alive while no master has it open
    try:
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)
        line = _Line(master, emulators, baudrate, clock or loop.time)
        try:
            yield os.ttyname(slave)
        finally:
            line.close()
    finally:
        os.close(slave)
        os.close(master)
