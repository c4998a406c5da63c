"""Framing for golden bytes, independent of the links: CRC-16/Modbus (0xA001, low byte first) and MBAP, by the standard.

A golden frame is typed by hand from a manual or computed from a map, never produced by our codec. It enters a test
through `frame` or `tcp_frame`, which refuse one that does not hold together: manuals have misprints.
"""

from collections.abc import Mapping
from pathlib import Path

from hal.codecs.registers import Block, UnitCodec, Value, Wait, Write
from hal.config.bundle import Channel, Unit, Wired
from hal.config.device import DeviceFile
from hal.config.files import Library
from hal.config.mistakes import Book, Spot
from hal.config.station import Poll
from hal.config.tree import ConfigTree
from hal.ports import Table

CONFIG = Path(__file__).resolve().parents[2] / "config"
READ = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
POLL = Poll(idle_s=1.0, watch_s=0.2, motion_s=0.05)


def device_file(name: str) -> DeviceFile:
    book = Book()
    found = Library(ConfigTree(book, (CONFIG,))).device(name, Spot(book, "test"))
    book.raise_if_any()
    assert found is not None
    return found


def unit_of(
    device: DeviceFile, inputs: dict[str, Wired] | None = None, outputs: dict[str, Channel] | None = None
) -> Unit:
    return Unit("unit", "link", 1, device, POLL, {}, inputs or {}, outputs or {})


def crc(body: bytes) -> bytes:
    value = 0xFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def rtu(unit: int, pdu: bytes) -> str:
    body = bytes([unit]) + pdu
    return (body + crc(body)).hex(" ").upper()


def tcp(transaction: int, unit: int, pdu: bytes) -> str:
    return (
        (transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu)
        .hex(" ")
        .upper()
    )


def read_pdu(block: Block) -> bytes:
    return bytes([READ[block.table]]) + block.address.to_bytes(2, "big") + block.count.to_bytes(2, "big")


def write_pdu(write: Write) -> bytes:
    address, count = write.address.to_bytes(2, "big"), len(write.values)
    if write.table is Table.COIL:
        if not write.multiple:
            return b"\x05" + address + (b"\xff\0" if write.values[0] else b"\0\0")
        size = -(-count // 8)
        packed = sum(bit << i for i, bit in enumerate(write.values)).to_bytes(size, "little")
        return b"\x0f" + address + count.to_bytes(2, "big") + bytes([size]) + packed
    words = b"".join(word.to_bytes(2, "big") for word in write.values)
    if not write.multiple:
        return b"\x06" + address + words
    return b"\x10" + address + count.to_bytes(2, "big") + bytes([len(words)]) + words


def words(text: str) -> tuple[int, ...]:
    raw = bytes.fromhex(text)
    return tuple(int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2))


def codec_of(name: str, gain: dict[str, float] | None = None) -> UnitCodec:
    return UnitCodec(Unit("unit", "link", 1, device_file(name), POLL, gain or {}, {}, {}))


def frame(golden: str) -> bytes:
    """PDU of a golden RTU frame. Its CRC is computed again first."""
    raw = bytes.fromhex(golden)
    assert crc(raw[:-2]) == raw[-2:], f"misprint: {golden}"
    return raw[1:-2]


def tcp_frame(golden: str) -> bytes:
    """PDU of a golden Modbus TCP frame. Its protocol and length are checked first."""
    raw = bytes.fromhex(golden)
    assert raw[2:4] == b"\0\0"
    assert int.from_bytes(raw[4:6], "big") == len(raw) - 6, f"misprint: {golden}"
    return raw[7:]


def answer(pdu: bytes) -> tuple[int, ...]:
    """Words, or bits in whole bytes, of a read's answer."""
    assert pdu[1] == len(pdu) - 2
    if pdu[0] in {1, 2}:
        return tuple(byte >> i & 1 for byte in pdu[2:] for i in range(8))
    return words(pdu[2:].hex())


def received(codec: UnitCodec, pdu: bytes) -> dict[str, Value]:
    """What a golden write sets, from the device's side."""
    address = int.from_bytes(pdu[1:3], "big")
    if pdu[0] == 5:
        assert pdu[3:] in {b"\xff\0", b"\0\0"}
        return codec.decode_write(Table.COIL, address, (pdu[3] & 1,))
    if pdu[0] == 6:
        return codec.decode_write(Table.HOLDING, address, words(pdu[3:].hex()))
    assert pdu[0] == 16
    assert pdu[5] == len(pdu) - 6 == 2 * int.from_bytes(pdu[3:5], "big")
    return codec.decode_write(Table.HOLDING, address, words(pdu[6:].hex()))


def plan_of(
    codec: UnitCodec, verb: str, arguments: Mapping[str, Value] | None = None
) -> list[bytes | dict[str, Value]]:
    """A plan as the PDUs of its writes and what its waits expect."""
    actions = codec.plan(verb, arguments or {})
    return [dict(a.expect) if isinstance(a, Wait) else write_pdu(a) for a in actions]
