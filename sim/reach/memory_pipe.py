"""The bytes of one Modbus carrier in memory and in the loop's own time: links reach emulators by real frames."""

import asyncio
from collections.abc import Callable, Mapping

from sim.emulators.protocol import ModbusEmulator
from sim.reach.modbus_frames import MbapStream, Request, RtuStream
from sim.reach.modbus_replies import Replier, RtuReplier, TcpReplier

NETWORK_S = 0.0002
"""One way over a local network."""
_LEAST_SILENCE_S = 0.00175  # Modbus over Serial Line V1.02, 2.5.1.1


class PipeCarrier:
    """The device side of one carrier: a serial line with a baud rate, or a socket without. `clock` is the emulators'.

    `open_pipe` is what a link takes in the place of its port or address.
    """

    def __init__(
        self, emulators: Mapping[int, ModbusEmulator], clock: Callable[[], float], baudrate: int | None = None
    ) -> None:
        self._emulators = emulators
        self._clock = clock
        self._baudrate = baudrate
        self._wires: list[_Wire] = []
        self._down = False

    async def open_pipe(self, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        """Connect. Raises OSError while the carrier is down."""
        if self._down:
            raise ConnectionRefusedError(f"{type(self).__name__} is down")
        replier = TcpReplier(self._emulators) if self._baudrate is None else RtuReplier(self._emulators, self._baudrate)
        wire = _Wire(protocol, replier, self._clock, self._wires.remove)
        self._wires.append(wire)
        protocol.connection_made(wire)
        return wire

    @property
    def down(self) -> bool:
        """A fault: the line is cut, connections break and none is made."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        for wire in tuple(self._wires) if down else ():
            wire.abort()


class _Wire(asyncio.WriteTransport):
    """One connection, seen from the master. Bytes arrive when a real carrier would have brought them."""

    def __init__(
        self, protocol: asyncio.Protocol, replier: Replier, clock: Callable[[], float], gone: Callable[["_Wire"], None]
    ) -> None:
        super().__init__()
        self._protocol = protocol
        self._replier = replier
        self._clock = clock
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._serial = replier.byte_s > 0
        self._way_s = 0.0 if self._serial else NETWORK_S
        self._rtu = RtuStream(max(3.5 * replier.byte_s, _LEAST_SILENCE_S))
        self._mbap = MbapStream()
        self._sent_at = 0.0
        self._timers: set[asyncio.TimerHandle] = set()
        self._settle: asyncio.TimerHandle | None = None
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Bytes of the master."""
        if self._closing:
            return
        self._sent_at = max(self._sent_at, self._loop.time()) + len(data) * self._replier.byte_s
        self._later(self._sent_at + self._way_s, self._arrived, bytes(data))

    def is_closing(self) -> bool:
        """See `asyncio.BaseTransport`."""
        return self._closing

    def close(self) -> None:
        """What is on its way is lost, as with a cut line."""
        self.abort()

    def abort(self) -> None:
        """Cut."""
        if self._closing:
            return
        self._closing = True
        for timer in self._timers:
            timer.cancel()
        if self._settle is not None:
            self._settle.cancel()
        self._gone(self)
        self._loop.call_soon(self._protocol.connection_lost, None)

    def _later(self, at_s: float, act: Callable[[bytes], None], data: bytes) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            act(data)

        timer = self._loop.call_at(at_s, fire)
        self._timers.add(timer)

    def _arrived(self, data: bytes) -> None:
        if not self._serial:
            self._serve(self._mbap.feed(data))
            if self._mbap.broken:
                self.abort()
            return
        self._serve(self._rtu.feed(data, self._loop.time()))
        self._settle_later()

    def _settled(self) -> None:
        self._serve(self._rtu.settle(self._loop.time()))
        self._settle_later()

    def _settle_later(self) -> None:
        if self._settle is not None:
            self._settle.cancel()
            self._settle = None
        if (silent_at := self._rtu.silent_at) is not None:
            self._settle = self._loop.call_at(silent_at, self._settled)

    def _serve(self, requests: list[Request]) -> None:
        for request in requests:
            for reply in self._replier.take(request, self._loop.time(), self._clock()):
                self._later(reply.at_s + self._way_s, self._protocol.data_received, reply.data)
