"""Modbus TCP and RTU carriers; the only file that uses pymodbus and, through it, pyserial.

pymodbus builds and frames the requests and drives the serial port. The conversation is ours, because its client takes a
late answer on a serial line for the next one and lets a request run to its time-out when the peer has closed.
"""

import asyncio
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import lru_cache

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU, bit_message, register_message
from pymodbus.transport.serialtransport import SerialTransport

from hal.errors import LinkError, LinkGarbage
from hal.links.backoff import Backoff
from hal.links.modbus_limits import BITS, check_read, check_write
from hal.links.modbus_line import Ask, Exchange, ModbusLine
from hal.ports import Table

OpenPipe = Callable[[asyncio.Protocol], Awaitable[asyncio.WriteTransport]]
"""Connects a protocol to the other end; raises OSError. Lets a link run over bytes in memory."""

_LAST_TRANSACTION = 0xFFFF
_SILENCES = 3
_OPEN_S = 2.0
"""Opening a serial port does not wait for the other end."""
_FRAME_GAP_S = 0.00175  # Modbus over Serial Line V1.02, 2.5.1.1: fixed above 19200 baud, 3.5 characters below
_BITS_PER_BYTE = 11


@lru_cache(maxsize=1024)
def _ask_read(table: Table, address: int, count: int) -> Ask:
    check_read(table, address, count)
    pdu: ModbusPDU
    match table:
        case Table.COIL:
            pdu = bit_message.ReadCoilsRequest(address=address, count=count)
        case Table.DISCRETE:
            pdu = bit_message.ReadDiscreteInputsRequest(address=address, count=count)
        case Table.HOLDING:
            pdu = register_message.ReadHoldingRegistersRequest(address=address, count=count)
        case Table.INPUT:
            pdu = register_message.ReadInputRegistersRequest(address=address, count=count)
    size = (count + 7) // 8 if table in BITS else 2 * count
    return Ask(bytes((pdu.function_code,)) + pdu.encode(), bytes((pdu.function_code, size)), 2 + size)


def _ask_write(table: Table, address: int, values: tuple[int, ...], multiple: bool) -> Ask:
    check_write(table, address, values, multiple=multiple)
    flags = [value == 1 for value in values]
    pdu: ModbusPDU
    match table in BITS, multiple:
        case True, True:
            pdu = bit_message.WriteMultipleCoilsRequest(address=address, bits=flags)
        case True, False:
            pdu = bit_message.WriteSingleCoilRequest(address=address, bits=flags)
        case False, True:
            pdu = register_message.WriteMultipleRegistersRequest(address=address, registers=values)
        case _:
            pdu = register_message.WriteSingleRegisterRequest(address=address, registers=values)
    body = bytes((pdu.function_code,)) + pdu.encode()
    return Ask(body, body[:5], 5)  # a single write is 5 bytes and echoed whole, a multiple one echoes its first 5


class _Registers(ModbusLine):
    """Reads and writes in terms of tables; implements `hal.ports.ModbusLink`."""

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        """Words or bits. Raises LinkError, DeviceRefused, and ConfigError for a request that no frame can hold."""
        pdu = await self._exchange(unit, _ask_read(table, address, count), timeout_s)
        if table in BITS:
            return tuple(pdu[2 + (n >> 3)] >> (n & 7) & 1 for n in range(count))
        return struct.unpack_from(f">{count}H", pdu, 2)

    async def write(
        self,
        unit: int,
        table: Table,
        address: int,
        values: tuple[int, ...],
        *,
        multiple: bool,
        timeout_s: float,
        urgent: bool = False,
        still: Callable[[], bool] | None = None,
    ) -> None:
        """One frame, sent once. Raises as `read`; after a LinkTimeout or LinkGarbage the effect is unknown."""
        await self._exchange(unit, _ask_write(table, address, values, multiple), timeout_s, urgent=urgent, still=still)


class TcpModbusLink(_Registers):
    """Units behind one TCP socket (port 502 when the file names none).

    Late answers are known by their transaction id. The connection is cut and made again after garbage, after a partial
    answer, after three silent requests in a row, and after a silent write that the peer's TCP has not taken: that one
    must not arrive when a cable is plugged in again.
    """

    def __init__(
        self,
        host: str,
        port: int = 502,
        *,
        min_gap_s: float | Mapping[int, float] = 0.0,
        backoff: Backoff | None = None,
        connect_timeout_s: float = 2.0,
        open_pipe: OpenPipe | None = None,
    ) -> None:
        super().__init__(
            f"{host}:{port}",
            min_gap_s=min_gap_s,
            frame_gap_s=0.0,
            backoff=backoff,
            connect_timeout_s=connect_timeout_s,
        )
        self._host, self._port, self._open_pipe = host, port, open_pipe
        self._framer = FramerSocket(DecodePDU(False))
        self._transaction = 0
        self._silences = 0

    async def _open(self, pipe: asyncio.Protocol) -> asyncio.WriteTransport:
        self._silences = 0
        if self._open_pipe is not None:
            return await self._open_pipe(pipe)
        transport, _ = await self._loop.create_connection(lambda: pipe, self._host, self._port)
        return transport

    def _frame(self, exchange: Exchange) -> bytes:
        self._transaction = self._transaction % _LAST_TRANSACTION + 1
        return self._framer.encode(exchange.ask.pdu, exchange.unit, self._transaction)

    def _cut(self, exchange: Exchange) -> bytes | None:
        while True:
            used, unit, transaction, pdu = self._framer.decode(self._buffer)
            if not used:
                return None
            self._buffer = self._buffer[used:]
            if transaction != self._transaction:
                continue  # late answer to a request that has ended
            if unit != exchange.unit:
                raise LinkGarbage(f"{self.name}: unit {unit} answers for unit {exchange.unit}")
            self._silences = 0
            return pdu

    def _mistrust(self, exchange: Exchange, error: LinkError) -> None:
        self._silences += 1
        doubtful = isinstance(error, LinkGarbage) or self._silences >= _SILENCES
        if doubtful or (exchange.ask.writes and self._unsent()):
            self._reset()
            self._drop(f"{self.name}: connection given up after: {error}")

    def _unsent(self) -> bool:
        """Bytes wait here or have not been acknowledged by the peer's TCP."""
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        if sock is None:
            return False
        queued = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return queued != bytes(4)

    def _reset(self) -> None:
        """Make the close throw away what has not been delivered."""
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        if self._transport is not None and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


class RtuModbusLink(_Registers):
    """Units on one serial line, 8 data bits.

    An RTU answer carries no number. So after a request without a valid answer the line is kept quiet for `quiet_s`,
    what comes in meanwhile is thrown away, and input is flushed before every request; answers must fit unit, function
    code, byte count and echo. What remains: an answer later than that, of the same unit, function code and length. So
    `quiet_s` must exceed the worst answer time of the slowest unit less its time-out. Frames are 3.5 characters apart,
    at least 1.75 ms. Time-outs exclude the wire time.
    """

    def __init__(
        self,
        port: str,
        baudrate: int = 115200,
        *,
        parity: str = "N",
        stopbits: int = 1,
        quiet_s: float = 0.1,
        min_gap_s: float | Mapping[int, float] = 0.0,
        backoff: Backoff | None = None,
        open_pipe: OpenPipe | None = None,
    ) -> None:
        frame_gap_s = max(3.5 * _BITS_PER_BYTE / baudrate, _FRAME_GAP_S)
        super().__init__(port, min_gap_s=min_gap_s, frame_gap_s=frame_gap_s, backoff=backoff, connect_timeout_s=_OPEN_S)
        self._settings = (baudrate, 8, parity, stopbits)
        self._byte_s = _BITS_PER_BYTE / baudrate
        self._quiet_s = quiet_s
        self._open_pipe = open_pipe
        self._framer = FramerRTU(DecodePDU(False))

    async def _open(self, pipe: asyncio.Protocol) -> asyncio.WriteTransport:
        if self._open_pipe is not None:
            return await self._open_pipe(pipe)
        transport = SerialTransport(self._loop, pipe, self.name, *self._settings, None)
        with suppress(ValueError, NotImplementedError):  # USB adapters hold bytes back for up to 16 ms; a pty does not
            transport.sync_serial.set_low_latency_mode(True)
        transport.setup()
        return transport

    def _frame(self, exchange: Exchange) -> bytes:
        return self._framer.encode(exchange.ask.pdu, exchange.unit, 0)

    def _transmit(self, frame: bytes) -> None:
        if isinstance(self._transport, SerialTransport):
            port = self._transport.sync_serial.fileno()
            with suppress(termios.error, OSError):  # the port is full or going away: the transport tells which
                termios.tcflush(port, termios.TCIFLUSH)
                frame = frame[os.write(port, frame) :]  # the transport alone would wait for another turn of the loop
        if frame:
            super()._transmit(frame)

    def _cut(self, exchange: Exchange) -> bytes | None:
        function = exchange.ask.function
        heads = (bytes((exchange.unit, function)), bytes((exchange.unit, function | 0x80)))
        if not self._buffer.startswith(heads):  # adapters often add a byte when the line turns round
            starts = [start for start in map(self._buffer.find, heads) if start >= 0]
            if not starts:
                return None
            self._buffer = self._buffer[min(starts) :]
        used, _, _, pdu = self._framer.decode(self._buffer)
        if used and not pdu:
            raise LinkGarbage(f"{self.name} unit {exchange.unit}: wrong CRC")
        return pdu or None

    def _mistrust(self, exchange: Exchange, error: LinkError) -> None:
        self._quiet_until = self._loop.time() + self._quiet_s

    def _wire_s(self, exchange: Exchange, frame: bytes) -> float:
        return (len(frame) + exchange.ask.length + 3) * self._byte_s
