"""Modbus as a device sees it: frames in, frames out, without sockets and clocks.

Numbers and rules: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02, Modbus Messaging on TCP/IP V1.0b.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hal.ports import Table
from sim.emulators.protocol import ModbusEmulator, ModbusReject, ModbusSilence

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, GATEWAY_TARGET = 1, 2, 3, 0x0B

_READS = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
_BIT_TABLES = (Table.COIL, Table.DISCRETE)
_RTU_MAX = 256
_MBAP_MAX = 254  # largest length field: unit and a PDU of 253 bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a master. `pdu` is function code and data; `transaction` is 0 on RTU."""

    unit: int
    pdu: bytes
    transaction: int = 0


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/Modbus; on the wire the low byte goes first."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Unit, PDU and CRC."""
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


def mbap_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """MBAP header and PDU."""
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


class MbapStream:
    """Cuts a TCP stream into requests. `broken` turns true for ever once the stream can no longer be cut."""

    def __init__(self) -> None:
        self.broken = False
        self._buffer = b""

    def feed(self, data: bytes) -> list[Request]:
        """Every request completed by `data`, oldest first."""
        if self.broken:
            return []
        buffer = self._buffer + data
        requests = []
        while len(buffer) >= 8:
            transaction, protocol, length, unit = struct.unpack_from(">HHHB", buffer)
            if protocol != 0 or not 2 <= length <= _MBAP_MAX:
                self.broken, buffer = True, b""
                break
            if len(buffer) < 6 + length:
                break
            requests.append(Request(unit, buffer[7 : 6 + length], transaction))
            buffer = buffer[6 + length :]
        self._buffer = buffer
        return requests


def _rtu_length(buffer: bytes) -> int | None:
    """Length of the request that starts the buffer, or None when more bytes or a silence must tell."""
    if len(buffer) < 2:
        return None
    function = buffer[1]
    if 1 <= function <= 6:
        return 8
    if function in (15, 16):
        return 9 + buffer[6] if len(buffer) > 6 else None
    if function == 22:
        return 10
    if function == 23:
        return 13 + buffer[10] if len(buffer) > 10 else None
    return None


class RtuStream:
    """Cuts a serial stream into requests; after garbage it waits for `silence_s` seconds without a byte."""

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._buffer = b""
        self._lost = False
        self._last_at = float("-inf")

    @property
    def silent_at(self) -> float | None:
        """When `settle` should be called if no byte arrives before; None when nothing is open."""
        return self._last_at + self._silence_s if self._buffer or self._lost else None

    def feed(self, data: bytes, now: float) -> list[Request]:
        """Every request completed by `data`, which arrived at `now`, oldest first."""
        requests = self.settle(now)
        self._last_at = now
        if self._lost:
            return requests
        self._buffer += data
        while (length := _rtu_length(self._buffer)) is not None and len(self._buffer) >= length:
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if not self._take(frame, requests):
                self._lost, self._buffer = True, b""
        if len(self._buffer) > _RTU_MAX:
            self._lost, self._buffer = True, b""
        return requests

    def settle(self, now: float) -> list[Request]:
        """The request ended by silence alone (unknown function code), if any; garbage is forgotten."""
        requests: list[Request] = []
        if now >= self._last_at + self._silence_s:
            self._take(self._buffer, requests)
            self._lost, self._buffer = False, b""
        return requests

    @staticmethod
    def _take(frame: bytes, requests: list[Request]) -> bool:
        if not 4 <= len(frame) <= _RTU_MAX or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            return False
        requests.append(Request(frame[0], frame[1:-2]))
        return True


def answer_tcp(emulators: Mapping[int, ModbusEmulator], request: Request, now: float) -> bytes | None:
    """Reply PDU of a TCP unit or a gateway; an unknown unit gives exception 0x0B. None means silence."""
    emulator = emulators.get(request.unit)
    if emulator is None:
        return _refusal(request.pdu, GATEWAY_TARGET)
    return answer_pdu(emulator, request.pdu, now)


def answer_rtu(emulators: Mapping[int, ModbusEmulator], request: Request, now: float) -> bytes | None:
    """Reply PDU of a unit on a serial line. None means silence: unknown unit, broadcast (unit 0) or a mute device."""
    if request.unit == 0:
        if request.pdu[0] not in _READS:
            for listener in emulators.values():
                answer_pdu(listener, request.pdu, now)
        return None
    emulator = emulators.get(request.unit)
    return None if emulator is None else answer_pdu(emulator, request.pdu, now)


def answer_pdu(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes | None:
    """Reply PDU of one device, or None when it stays silent. Effects happen here, at `now`."""
    function = pdu[0]
    serve = _SERVED.get(function)
    try:
        if serve is None or function not in emulator.functions:
            raise ModbusReject(ILLEGAL_FUNCTION)
        return serve(emulator, pdu, now)
    except ModbusReject as reject:
        return _refusal(pdu, reject.code)
    except ModbusSilence:
        return None


def _refusal(pdu: bytes, code: int) -> bytes:
    return bytes((pdu[0] | 0x80, code))


def _check(value_ok: bool, address: int = 0, count: int = 0) -> None:
    if not value_ok:
        raise ModbusReject(ILLEGAL_VALUE)
    if address + count > 0x10000:
        raise ModbusReject(ILLEGAL_ADDRESS)


def _fields(pdu: bytes, layout: str) -> tuple[int, ...]:
    _check(len(pdu) == 1 + struct.calcsize(layout))
    return struct.unpack_from(layout, pdu, 1)


def _serve_read(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes:
    address, count = _fields(pdu, ">HH")
    table = _READS[pdu[0]]
    bits = table in _BIT_TABLES
    _check(1 <= count <= (2000 if bits else 125), address, count)
    data = _pack(emulator.read(table, address, count, now), count, bits)
    return bytes((pdu[0], len(data))) + data


def _serve_single(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes:
    address, value = _fields(pdu, ">HH")
    if pdu[0] == 5:
        _check(value in (0, 0xFF00))
        emulator.write(Table.COIL, address, (int(value != 0),), now)
    else:
        emulator.write(Table.HOLDING, address, (value,), now)
    return pdu


def _serve_multiple(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes:
    _check(len(pdu) > 6)
    address, count, size = struct.unpack_from(">HHB", pdu, 1)
    bits = pdu[0] == 15
    expected = (count + 7) // 8 if bits else 2 * count
    _check(1 <= count <= (1968 if bits else 123) and size == expected == len(pdu) - 6, address, count)
    emulator.write(Table.COIL if bits else Table.HOLDING, address, _unpack(pdu[6:], count, bits), now)
    return pdu[:5]


def _serve_mask(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes:
    address, keep, put = _fields(pdu, ">HHH")
    (word,) = emulator.read(Table.HOLDING, address, 1, now)
    emulator.write(Table.HOLDING, address, ((word & keep) | (put & ~keep & 0xFFFF),), now)
    return pdu


def _serve_write_read(emulator: ModbusEmulator, pdu: bytes, now: float) -> bytes:
    _check(len(pdu) > 10)
    from_address, from_count, to_address, to_count, size = struct.unpack_from(">HHHHB", pdu, 1)
    _check(1 <= from_count <= 125, from_address, from_count)
    _check(1 <= to_count <= 121 and size == 2 * to_count == len(pdu) - 10, to_address, to_count)
    emulator.read(Table.HOLDING, from_address, from_count, now)  # both ranges are checked before anything is written
    emulator.write(Table.HOLDING, to_address, _unpack(pdu[10:], to_count, bits=False), now)
    data = _pack(emulator.read(Table.HOLDING, from_address, from_count, now), from_count, bits=False)
    return bytes((pdu[0], len(data))) + data


def _pack(values: tuple[int, ...], count: int, bits: bool) -> bytes:
    if len(values) != count:
        raise ValueError(f"emulator gave {len(values)} values, {count} asked")
    if bits:
        return sum(1 << n for n, bit in enumerate(values) if bit).to_bytes((count + 7) // 8, "little")
    return struct.pack(f">{count}H", *values)


def _unpack(data: bytes, count: int, bits: bool) -> tuple[int, ...]:
    if bits:
        return tuple(data[n >> 3] >> (n & 7) & 1 for n in range(count))
    return struct.unpack(f">{count}H", data)


_SERVED: dict[int, Callable[[ModbusEmulator, bytes, float], bytes]] = {
    **dict.fromkeys(_READS, _serve_read),
    5: _serve_single,
    6: _serve_single,
    15: _serve_multiple,
    16: _serve_multiple,
    22: _serve_mask,
    23: _serve_write_read,
}
