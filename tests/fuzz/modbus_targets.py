"""Modbus frames, both sides, TCP and RTU: lengths and CRC are mended; function, count and data are what is wrong."""

from random import Random
from typing import Any, cast

from hal.errors import DeviceRefused, LinkGarbage
from hal.links.modbus import RtuModbusLink, TcpModbusLink, _ask_read, _ask_write
from hal.links.modbus_line import Ask, Exchange
from hal.ports import Table
from sim.reach.modbus_frames import MbapStream, RtuStream, answer_rtu, answer_tcp, mbap_frame, rtu_frame
from tests.fuzz.bytes_ import cut_or_grown, octets
from tests.unit.test_modbus_frames import Memory

DAMAGED = 0.04
FUNCTIONS = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23)


def asks(rng: Random) -> Ask:
    """What was asked."""
    if rng.random() < 0.7:
        return _ask_read(rng.choice(list(Table)), rng.randrange(65000), rng.randint(1, 60))
    bits = rng.random() < 0.5
    values = tuple(rng.getrandbits(1 if bits else 16) for _ in range(rng.randint(1, 8)))
    many = len(values) > 1 or rng.random() < 0.5
    return _ask_write(Table.COIL if bits else Table.HOLDING, rng.randrange(65000), values, many)


def answers(rng: Random, ask: Ask) -> bytes:
    """Something like the answer to it, as a PDU."""
    good = ask.head + rng.randbytes(ask.length - len(ask.head))
    draw = rng.random()
    if draw < 0.35:
        return good
    if draw < 0.55:
        return bytes((ask.function | 0x80, rng.getrandbits(8)))
    if draw < 0.8:
        return good[:1] + octets(rng, good[1:])
    return cut_or_grown(rng, good) or good


class TcpAnswers:
    """The production TCP link cuts and judges what a device, or something else, sends."""

    def __init__(self) -> None:
        self._link = TcpModbusLink("fuzz", 502)
        self._link._transaction = 7

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One answer, in one piece."""
        link, ask = self._link, asks(rng)
        exchange = Exchange(1, ask, 1.0, cast(Any, None))
        frame = mbap_frame(7, 1 if rng.random() < 0.97 else rng.getrandbits(8), answers(rng, ask))
        link._buffer = octets(rng, frame) if rng.random() < DAMAGED else frame
        before = (link._transaction, link._state, link._flight)
        try:
            pdu = link._cut(exchange)
            outcome = None if pdu is None else link._judge(exchange, pdu)
        except LinkGarbage:
            return True, True
        finally:
            assert before == (link._transaction, link._state, link._flight)
        return outcome is not None, not isinstance(outcome, bytes)


class RtuAnswers:
    """The production RTU link, likewise. A frame whose length does not fit its function cannot be cut: it waits."""

    def __init__(self) -> None:
        self._link = RtuModbusLink("/dev/null", 19200)

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One answer with its CRC right, in one piece."""
        link, ask = self._link, asks(rng)
        exchange = Exchange(1, ask, 1.0, cast(Any, None))
        pdu = _whole(rng, ask)
        frame = rtu_frame(1, pdu)
        damaged = rng.random() < DAMAGED
        link._buffer = octets(rng, frame) if damaged else frame
        try:
            cut = link._cut(exchange)
            outcome = None if cut is None else link._judge(exchange, cut)
        except LinkGarbage:
            return not damaged, True
        assert isinstance(outcome, bytes | DeviceRefused | None)
        return outcome is not None, not isinstance(outcome, bytes)


def _whole(rng: Random, ask: Ask) -> bytes:
    """An answer whose length fits its own function code and count, as a serial framer needs it."""
    good = ask.head + rng.randbytes(ask.length - len(ask.head))
    draw = rng.random()
    if draw < 0.35:
        return good
    if draw < 0.6:
        return bytes((ask.function | 0x80, rng.getrandbits(8)))
    if ask.writes:
        return good[:1] + octets(rng, good[1:])
    count = rng.randint(1, 250)
    return bytes((ask.function, count)) + rng.randbytes(count)


def requests(rng: Random) -> bytes:
    """A request PDU of a master: right layout, wild fields; byte counts mended."""
    function = rng.choice(FUNCTIONS) if rng.random() < 0.96 else rng.getrandbits(8)
    address, count = rng.getrandbits(16), rng.choice((0, 1, 2, 100, 123, 125, 126, 2000, 2001, rng.getrandbits(16)))
    head = bytes((function,)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    if function in {15, 16}:
        data = rng.randbytes(rng.choice((0, 1, 2, 2 * (count % 100), 246)))
        return head + bytes((len(data),)) + data
    if function == 22:
        return head + rng.randbytes(2)
    if function == 23:
        data = rng.randbytes(rng.choice((0, 2, 4, 8, 200)))
        return head + rng.randbytes(2) + rng.choice((0, 1, 2, 121)).to_bytes(2, "big") + bytes((len(data),)) + data
    return head


class _Device:
    """A device with plain memory that forgets all but its last writes."""

    def __init__(self) -> None:
        self.memory = Memory()

    def take(self, answer: bytes | None) -> bool:
        """Whether it refused; a refusal must not have written."""
        refused = answer is not None and bool(answer[0] & 0x80)
        assert not (refused and self.memory.writes), "refused and written"
        self.memory.writes.clear()
        if len(self.memory.cells) > 5000:
            self.memory.cells.clear()
        return refused


class TcpRequests(_Device):
    """Requests over TCP, as the simulator's server takes them."""

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One request; the stream is a new connection each time."""
        frame = mbap_frame(rng.getrandbits(16), 1, requests(rng))
        stream = MbapStream()
        found = stream.feed(octets(rng, frame) if rng.random() < DAMAGED else frame)
        refused = False
        for request in found:
            refused |= self.take(answer_tcp(cast(Any, {1: self.memory}), request, 0.0))
        return bool(found), refused or not found


class RtuRequests(_Device):
    """Requests on a serial line, as the simulator's server takes them."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._stream = RtuStream(0.002)

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One request with its CRC right, then a silence."""
        frame = rtu_frame(1, requests(rng))
        self._now += 1.0
        found = self._stream.feed(octets(rng, frame) if rng.random() < DAMAGED else frame, self._now)
        self._now += 1.0
        found += self._stream.settle(self._now)
        refused = False
        for request in found:
            refused |= self.take(answer_rtu(cast(Any, {1: self.memory}), request, self._now))
        return bool(found), refused or not found
