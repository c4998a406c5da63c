"""Device-side frames against printed examples, and the framers against anything a wire can bring."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.ports import Table
from sim.emulators.faults import ModbusFault
from sim.emulators.protocol import ModbusReject, ModbusSilence
from sim.reach.modbus_frames import (
    MbapStream,
    Request,
    RtuStream,
    answer_pdu,
    answer_rtu,
    answer_tcp,
    crc16,
    mbap_frame,
    rtu_frame,
)

SILENCE_S = 0.002
ALL = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 22, 23})


class Memory:
    """A device with plain memory; addresses from 0xFF00 on do not exist."""

    reply_s = 0.0
    fault = ModbusFault()

    def __init__(self, functions: Iterable[int] = ALL) -> None:
        self.functions = frozenset(functions)
        self.cells: dict[tuple[Table, int], int] = {}
        self.writes: list[tuple[Table, int, tuple[int, ...], float]] = []
        self.mute = False

    def put(self, table: Table, address: int, *values: int) -> "Memory":
        self.cells.update({(table, address + n): value for n, value in enumerate(values)})
        return self

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        if self.mute:
            raise ModbusSilence
        if address + count > 0xFF00:
            raise ModbusReject(2)
        return tuple(self.cells.get((table, address + n), 0) for n in range(count))

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        self.writes.append((table, address, values, now))
        self.put(table, address, *values)


def hexes(text: str) -> bytes:
    return bytes.fromhex(text)


# From manuals of drives and instruments; the first two and the reply to function 15 are built by hand from their maps.
RTU_GOLDEN = [
    ("01 03 10 03 00 01 70 CA", "01 03 02 00 72 38 61", Memory().put(Table.HOLDING, 0x1003, 0x72)),
    ("01 03 60 2C 00 02 1B C2", "01 03 04 00 00 27 10 E0 0F", Memory().put(Table.HOLDING, 0x602C, 0, 10000)),
    ("01 04 00 00 00 02 71 CB", "01 04 04 43 66 33 34 1B 38", Memory().put(Table.INPUT, 0, 0x4366, 0x3334)),
    ("01 05 04 0B FF 00 FC C8", "01 05 04 0B FF 00 FC C8", Memory()),
    ("02 06 23 29 00 0D 92 70", "02 06 23 29 00 0D 92 70", Memory()),
    ("02 10 23 29 00 02 04 00 14 00 1E 73 A4", "02 10 23 29 00 02 9B B7", Memory()),
    (
        "07 10 62 00 00 08 10 00 01 00 00 27 10 00 00 27 10 27 10 00 00 00 10 8D 50",
        "07 10 62 00 00 08 DE 11",
        Memory(),
    ),
    ("01 0F 00 00 00 0B 02 01 02 64 95", "01 0F 00 00 00 0B 14 0C", Memory()),
]

# Built by hand from the register maps of remote I/O couplers.
TCP_GOLDEN = [
    (
        "00 01 00 00 00 06 01 04 00 00 00 02",
        "00 01 00 00 00 07 01 04 04 00 05 12 34",
        Memory().put(Table.INPUT, 0, 5, 0x1234),
    ),
    ("00 02 00 00 00 06 01 05 00 00 FF 00", "00 02 00 00 00 06 01 05 00 00 FF 00", Memory()),
    ("00 03 00 00 00 06 01 01 02 00 00 08", "00 03 00 00 00 04 01 01 01 01", Memory().put(Table.COIL, 0x200, 1)),
    ("00 04 00 00 00 06 01 02 00 00 00 08", "00 04 00 00 00 04 01 02 01 05", Memory().put(Table.DISCRETE, 0, 1, 0, 1)),
]

# The worked examples of the Modbus Application Protocol V1.1b3, clauses 6.1 to 6.17, as PDUs.
PDU_GOLDEN = [
    ("06 00 01 00 03", "06 00 01 00 03", Memory()),
    ("0F 00 13 00 0A 02 CD 01", "0F 00 13 00 0A", Memory()),
    ("10 00 01 00 02 04 00 0A 01 02", "10 00 01 00 02", Memory()),
    ("16 00 04 00 F2 00 25", "16 00 04 00 F2 00 25", Memory().put(Table.HOLDING, 4, 0x12)),
    (
        "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF",
        "17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF",
        Memory().put(Table.HOLDING, 3, 0xFE, 0x0ACD, 1, 3, 0x0D, 0xFF),
    ),
]


@pytest.mark.parametrize(("request_hex", "reply_hex", "device"), RTU_GOLDEN)
def test_golden_rtu_frames(request_hex: str, reply_hex: str, device: Memory) -> None:
    (request,) = RtuStream(SILENCE_S).feed(hexes(request_hex), 0.0)
    reply = answer_rtu({request.unit: device}, request, 0.0)
    assert reply is not None
    assert rtu_frame(request.unit, reply) == hexes(reply_hex)


@pytest.mark.parametrize(("request_hex", "reply_hex", "device"), TCP_GOLDEN)
def test_golden_tcp_frames(request_hex: str, reply_hex: str, device: Memory) -> None:
    (request,) = MbapStream().feed(hexes(request_hex))
    reply = answer_tcp({1: device}, request, 0.0)
    assert reply is not None
    assert mbap_frame(request.transaction, request.unit, reply) == hexes(reply_hex)


@pytest.mark.parametrize(("request_hex", "reply_hex", "device"), PDU_GOLDEN)
def test_golden_pdu_frames(request_hex: str, reply_hex: str, device: Memory) -> None:
    assert answer_pdu(device, hexes(request_hex), 0.0) == hexes(reply_hex)


def test_effects_of_golden_requests() -> None:
    device = Memory().put(Table.HOLDING, 4, 0x12)
    for pdu in ("0F 00 13 00 0A 02 CD 01", "16 00 04 00 F2 00 25", "05 00 AC FF 00"):
        answer_pdu(device, hexes(pdu), 7.5)
    assert device.writes == [
        (Table.COIL, 0x13, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0), 7.5),
        (Table.HOLDING, 4, (0x17,), 7.5),
        (Table.COIL, 0xAC, (1,), 7.5),
    ]


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        ("63 00 00", 1),  # no such function
        ("04 00 00 00 01", 1),  # not a function of this device
        ("03 00 00 00 00", 3),
        ("03 00 00 00 7E", 3),
        ("03 00 00", 3),
        ("03 00 00 00 01 00", 3),
        ("05 00 00 12 34", 3),
        ("10 00 00 00 02 04 00 00 00", 3),  # byte count tells more than there is
        ("10 00 00 00 01 04 00 00 00 00", 3),
        ("10 00", 3),
        ("17 00 00 00 01 00", 3),
        ("03 FF FF 00 02", 2),  # beyond the last address
        ("03 FF 00 00 01", 2),  # the device has no such register
    ],
)
def test_refusals(request_hex: str, code: int) -> None:
    device = Memory({3, 5, 16, 23})
    request = hexes(request_hex)
    assert answer_pdu(device, request, 0.0) == bytes((request[0] | 0x80, code))
    assert device.writes == []


def test_unknown_unit_is_a_gateway_answer_on_tcp_and_silence_on_rtu() -> None:
    request = Request(9, hexes("03 00 00 00 01"))
    assert answer_tcp({1: Memory()}, request, 0.0) == hexes("83 0B")
    assert answer_rtu({1: Memory()}, request, 0.0) is None


def test_broadcast_writes_everywhere_and_nobody_answers() -> None:
    units = {1: Memory(), 2: Memory()}
    assert answer_rtu(units, Request(0, hexes("06 00 01 00 03")), 0.0) is None
    assert answer_rtu(units, Request(0, hexes("03 00 01 00 01")), 0.0) is None
    assert [len(device.writes) for device in units.values()] == [1, 1]


def test_a_silent_device_gives_no_reply() -> None:
    device = Memory()
    device.mute = True
    assert answer_pdu(device, hexes("03 00 00 00 01"), 0.0) is None


def test_tcp_requests_in_one_segment_and_in_pieces() -> None:
    frames = [mbap_frame(n, 1, bytes((3, 0, n, 0, 1))) for n in range(1, 4)]
    whole = [Request(1, bytes((3, 0, n, 0, 1)), n) for n in range(1, 4)]
    assert MbapStream().feed(b"".join(frames)) == whole
    stream = MbapStream()
    assert [request for byte in b"".join(frames) for request in stream.feed(bytes((byte,)))] == whole


@pytest.mark.parametrize("head", ["00 01 00 01 00 06 01 03", "00 01 00 00 00 01 01 03", "00 01 00 00 00 FF 01 03"])
def test_a_stream_that_is_not_modbus_is_broken_for_ever(head: str) -> None:
    stream = MbapStream()
    assert stream.feed(hexes(head)) == []
    assert stream.broken
    assert stream.feed(hexes(TCP_GOLDEN[0][0])) == []


GOOD = hexes("01 03 60 2C 00 02 1B C2")
GOOD_REQUEST = Request(1, GOOD[1:-2])


def test_rtu_requests_in_one_read_and_in_pieces() -> None:
    assert RtuStream(SILENCE_S).feed(GOOD * 3, 0.0) == [GOOD_REQUEST] * 3
    stream = RtuStream(SILENCE_S)
    got = [request for n, byte in enumerate(GOOD) for request in stream.feed(bytes((byte,)), n * SILENCE_S / 2)]
    assert got == [GOOD_REQUEST]


def test_rtu_garbage_is_left_behind_by_a_silence_only() -> None:
    stream = RtuStream(SILENCE_S)
    damaged = GOOD[:-1] + b"\x00"
    assert stream.feed(damaged, 0.0) == []
    assert stream.feed(GOOD, SILENCE_S / 2) == []
    assert stream.feed(GOOD, 2 * SILENCE_S) == [GOOD_REQUEST]


def test_half_a_request_is_forgotten_after_a_silence() -> None:
    stream = RtuStream(SILENCE_S)
    assert stream.feed(GOOD[:5], 0.0) == []
    assert stream.silent_at == SILENCE_S
    assert stream.feed(GOOD, SILENCE_S) == [GOOD_REQUEST]
    assert stream.silent_at is None


def test_an_unknown_function_is_ended_by_silence_and_refused() -> None:
    stream = RtuStream(SILENCE_S)
    assert stream.feed(rtu_frame(1, hexes("63 01 02 03")), 0.0) == []
    (request,) = stream.settle(SILENCE_S)
    assert answer_rtu({1: Memory()}, request, 0.0) == hexes("E3 01")


@given(st.lists(st.tuples(st.binary(max_size=600), st.floats(0, 0.01))))
def test_no_bytes_break_the_rtu_framer_nor_fill_it(chunks: list[tuple[bytes, float]]) -> None:
    stream, now, devices = RtuStream(SILENCE_S), 0.0, {unit: Memory() for unit in range(4)}
    for data, pause_s in chunks:
        now += pause_s
        for request in stream.feed(data, now):
            reply = answer_rtu(devices, request, now)
            assert reply is None or 2 <= len(reply) <= 253
        assert len(stream._buffer) <= 256
    assert stream.feed(GOOD, now + SILENCE_S)[-1] == GOOD_REQUEST


@given(st.lists(st.binary(max_size=600)))
def test_no_bytes_break_the_tcp_framer_nor_fill_it(chunks: list[bytes]) -> None:
    stream, devices = MbapStream(), {unit: Memory() for unit in range(4)}
    for data in chunks:
        for request in stream.feed(data):
            reply = answer_tcp(devices, request, 0.0)
            assert reply is None or 2 <= len(reply) <= 253
        assert len(stream._buffer) < 260


@given(st.binary(min_size=1, max_size=253))
def test_any_request_pdu_gets_a_reply_or_a_refusal(pdu: bytes) -> None:
    reply = answer_pdu(Memory(), pdu, 0.0)
    assert reply is not None
    assert reply[0] & 0x7F == pdu[0] & 0x7F
    assert len(reply) <= 253


@given(st.binary(min_size=2, max_size=254), st.integers(0, 15))
def test_crc_finds_every_single_damaged_bit_of_itself(body: bytes, bit: int) -> None:
    damaged = crc16(body) ^ (1 << bit)
    assert RtuStream(SILENCE_S).feed(body + damaged.to_bytes(2, "little"), 0.0) == []
