"""MQTT 3.1.1 and 5.0 packets to and from bytes. QoS 2 and AUTH are not spoken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim.broker.wire import (
    PROTOCOL_ERROR,
    MalformedPacket,
    Properties,
    Reader,
    pack_binary,
    pack_properties,
    pack_text,
    pack_varint,
    to_text,
)

V311: Final = 4
V5: Final = 5
UNSUPPORTED_VERSION: Final = 0x84


@dataclass(frozen=True, slots=True)
class Will:
    """The message the broker publishes when the client goes without a word."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Connect:
    """First packet of a client. `clean` is clean session (3.1.1) or clean start (5)."""

    client_id: str
    version: int = V5
    clean: bool = True
    keepalive_s: int = 0
    will: Will | None = None
    username: str | None = None
    password: bytes | None = None
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Connack:
    """Answer to CONNECT. `code` 0 is accepted."""

    session_present: bool
    code: int
    properties: Properties = ()


@dataclass(slots=True)
class Publish:
    """One message on the wire. `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = ()


@dataclass(slots=True)
class Puback:
    """Answer to a QoS 1 PUBLISH. 3.1.1 cannot carry `code`."""

    packet_id: int
    code: int = 0
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Asked filters, each with its option byte: QoS in bits 0-1; version 5 adds no local (bit 2), retain as
    published (3) and retain handling (4-5).
    """

    packet_id: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Suback:
    """One code for each asked filter: the granted QoS, or 0x80 and above."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Filters to forget."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Unsuback:
    """Answer to UNSUBSCRIBE; codes exist in version 5 only."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = ()


@dataclass(frozen=True, slots=True)
class Pingreq:
    """Sign of life of the client."""


@dataclass(frozen=True, slots=True)
class Pingresp:
    """Answer to PINGREQ."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Orderly end; in version 5 also from the broker, with a reason."""

    code: int = 0
    properties: Properties = ()


Packet = (
    Connect | Connack | Publish | Puback | Subscribe | Suback | Unsubscribe | Unsuback | Pingreq | Pingresp | Disconnect
)


def decode(first: int, body: bytes, version: int) -> Packet:
    """The packet with first byte `first` and `body`, spoken in `version`. Raises `MalformedPacket` and nothing else."""
    kind, flags = first >> 4, first & 0x0F
    if kind == 3:
        return _publish(flags, body, version)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise MalformedPacket(f"packet type {kind} is not spoken", PROTOCOL_ERROR)
    if flags != (2 if kind in (8, 10) else 0):
        raise MalformedPacket(f"flags {flags} on packet type {kind}")
    reader = Reader(body)
    packet = decoder(reader, version)
    if reader.left:
        raise MalformedPacket(f"{reader.left} bytes after the end of packet type {kind}")
    return packet


def _publish(flags: int, body: bytes, version: int) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3:
        raise MalformedPacket("QoS 3")
    size = len(body)
    end = 2 + (body[0] << 8 | body[1]) if size >= 2 else size + 1
    if end > size:
        raise MalformedPacket("packet ends inside the topic")
    topic = to_text(body[2:end])
    packet_id = 0
    if qos:
        packet_id = int.from_bytes(body[end : end + 2], "big")
        end += 2
        if packet_id == 0 or end > size:
            raise MalformedPacket("QoS 1 without packet identifier")
    properties: Properties = ()
    if version == V5:
        if end < size and body[end] == 0:
            end += 1
        else:
            reader = Reader(body)
            reader.pos = end
            properties = reader.properties()
            end = reader.pos
    return Publish(topic, body[end:], qos, bool(flags & 1), bool(flags & 8), packet_id, properties)


def _connect(reader: Reader, _version: int) -> Connect:
    name, version = reader.text(), reader.byte()
    if name != "MQTT" or version not in (V311, V5):
        raise MalformedPacket(f"protocol {name!r} version {version}", UNSUPPORTED_VERSION)
    flags, keepalive_s = reader.byte(), reader.u16()
    if flags & 1:
        raise MalformedPacket("reserved flag of CONNECT is set")
    properties = reader.properties() if version == V5 else ()
    client_id = reader.text()
    will = _will(reader, flags, version)
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    return Connect(client_id, version, bool(flags & 2), keepalive_s, will, username, password, properties)


def _will(reader: Reader, flags: int, version: int) -> Will | None:
    qos = flags >> 3 & 3
    if not flags & 4:
        if flags & 0x38:
            raise MalformedPacket("will flags without a will")
        return None
    if qos == 3:
        raise MalformedPacket("will with QoS 3")
    properties = reader.properties() if version == V5 else ()
    return Will(reader.text(), reader.binary(), qos, bool(flags & 0x20), properties)


def _connack(reader: Reader, version: int) -> Connack:
    flags, code = reader.byte(), reader.byte()
    if flags & 0xFE:
        raise MalformedPacket("reserved flags of CONNACK are set")
    return Connack(bool(flags), code, reader.properties() if version == V5 else ())


def _puback(reader: Reader, version: int) -> Puback:
    packet_id = _packet_id(reader)
    code = reader.byte() if version == V5 and reader.left else 0
    return Puback(packet_id, code, reader.properties() if version == V5 and reader.left else ())


def _subscribe(reader: Reader, version: int) -> Subscribe:
    packet_id = _packet_id(reader)
    properties = reader.properties() if version == V5 else ()
    filters: list[tuple[str, int]] = []
    while reader.left or not filters:
        topic_filter, options = reader.text(), reader.byte()
        reserved = 0xC0 if version == V5 else 0xFC
        if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
            raise MalformedPacket(f"subscription options {options:#x}")
        filters.append((topic_filter, options))
    return Subscribe(packet_id, tuple(filters), properties)


def _suback(reader: Reader, version: int) -> Suback:
    packet_id = _packet_id(reader)
    properties = reader.properties() if version == V5 else ()
    return Suback(packet_id, tuple(reader.rest()), properties)


def _unsubscribe(reader: Reader, version: int) -> Unsubscribe:
    packet_id = _packet_id(reader)
    properties = reader.properties() if version == V5 else ()
    filters = [reader.text()]
    while reader.left:
        filters.append(reader.text())
    return Unsubscribe(packet_id, tuple(filters), properties)


def _unsuback(reader: Reader, version: int) -> Unsuback:
    packet_id = _packet_id(reader)
    properties = reader.properties() if version == V5 else ()
    return Unsuback(packet_id, tuple(reader.rest()), properties)


def _pingreq(_reader: Reader, _version: int) -> Pingreq:
    return Pingreq()


def _pingresp(_reader: Reader, _version: int) -> Pingresp:
    return Pingresp()


def _disconnect(reader: Reader, version: int) -> Disconnect:
    code = reader.byte() if version == V5 and reader.left else 0
    return Disconnect(code, reader.properties() if version == V5 and reader.left else ())


def _packet_id(reader: Reader) -> int:
    packet_id = reader.u16()
    if packet_id == 0:
        raise MalformedPacket("packet identifier 0")
    return packet_id


_DECODERS: Final[dict[int, Callable[[Reader, int], Packet]]] = {
    1: _connect,
    2: _connack,
    4: _puback,
    8: _subscribe,
    9: _suback,
    10: _unsubscribe,
    11: _unsuback,
    12: _pingreq,
    13: _pingresp,
    14: _disconnect,
}


def encode(packet: Packet, version: int) -> bytes:
    """The bytes of `packet` in `version`. Properties are left out below version 5."""
    if isinstance(packet, Publish):
        return encode_publish(packet, version)
    if isinstance(packet, Pingreq | Pingresp):
        return b"\xc0\0" if isinstance(packet, Pingreq) else b"\xd0\0"
    if isinstance(packet, Connect):
        return _encode_connect(packet)
    v5 = version == V5
    properties = pack_properties(packet.properties) if v5 else b""
    match packet:
        case Puback(packet_id, code):
            tail = bytes((code,)) + properties if v5 and (code or packet.properties) else b""
            first, body = 0x40, packet_id.to_bytes(2, "big") + tail
        case Disconnect(code):
            first, body = 0xE0, bytes((code,)) + properties if v5 and (code or packet.properties) else b""
        case Connack(present, code):
            first, body = 0x20, bytes((present, code)) + properties
        case Subscribe(packet_id, filters):
            asked = b"".join(pack_text(name) + bytes((options,)) for name, options in filters)
            first, body = 0x82, packet_id.to_bytes(2, "big") + properties + asked
        case Suback(packet_id, codes):
            first, body = 0x90, packet_id.to_bytes(2, "big") + properties + bytes(codes)
        case Unsubscribe(packet_id, names):
            first, body = 0xA2, packet_id.to_bytes(2, "big") + properties + b"".join(map(pack_text, names))
        case Unsuback(packet_id, codes):
            first, body = 0xB0, packet_id.to_bytes(2, "big") + properties + (bytes(codes) if v5 else b"")
    return _frame(first, body)


def encode_publish(packet: Publish, version: int) -> bytes:
    """The bytes of one PUBLISH; the hot path of the broker."""
    topic = packet.topic.encode()
    middle = packet.packet_id.to_bytes(2, "big") if packet.qos else b""
    if version == V5:
        middle += pack_properties(packet.properties) if packet.properties else b"\0"
    first = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    size = 2 + len(topic) + len(middle) + len(packet.payload)
    return b"".join((bytes((first,)), pack_varint(size), len(topic).to_bytes(2, "big"), topic, middle, packet.payload))


def _encode_connect(packet: Connect) -> bytes:
    will = packet.will
    flags = packet.clean << 1 | (packet.username is not None) << 7 | (packet.password is not None) << 6
    body = b""
    if will is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
        body += _tail(will.properties, packet.version) + pack_text(will.topic) + pack_binary(will.payload)
    if packet.username is not None:
        body += pack_text(packet.username)
    if packet.password is not None:
        body += pack_binary(packet.password)
    head = pack_text("MQTT") + bytes((packet.version, flags)) + packet.keepalive_s.to_bytes(2, "big")
    return _frame(0x10, head + _tail(packet.properties, packet.version) + pack_text(packet.client_id) + body)


def _tail(properties: Properties, version: int) -> bytes:
    return pack_properties(properties) if version == V5 else b""


def _frame(first: int, body: bytes) -> bytes:
    return bytes((first,)) + pack_varint(len(body)) + body
