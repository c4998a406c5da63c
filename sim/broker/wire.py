"""The primitive fields of MQTT packets: variable lengths, strings and version 5 properties."""

from collections.abc import Iterator
from typing import Final

PropertyValue = int | str | bytes | tuple[str, str]
Properties = tuple[tuple[int, PropertyValue], ...]

MALFORMED: Final = 0x81
PROTOCOL_ERROR: Final = 0x82
PACKET_TOO_LARGE: Final = 0x95

PAYLOAD_FORMAT: Final = 0x01
MESSAGE_EXPIRY: Final = 0x02
SUBSCRIPTION_ID: Final = 0x0B
SESSION_EXPIRY: Final = 0x11
ASSIGNED_CLIENT_ID: Final = 0x12
SERVER_KEEPALIVE: Final = 0x13
WILL_DELAY: Final = 0x18
REASON_STRING: Final = 0x1F
RECEIVE_MAXIMUM: Final = 0x21
TOPIC_ALIAS: Final = 0x23
MAXIMUM_QOS: Final = 0x24
USER_PROPERTY: Final = 0x26
MAXIMUM_PACKET_SIZE: Final = 0x27
SUBSCRIPTION_IDS_AVAILABLE: Final = 0x29
SHARED_SUBSCRIPTION_AVAILABLE: Final = 0x2A

_BYTE: Final = frozenset({0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A})
_U16: Final = frozenset({0x13, 0x21, 0x22, 0x23})
_U32: Final = frozenset({0x02, 0x11, 0x18, 0x27})
_TEXT: Final = frozenset({0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F})
_BINARY: Final = frozenset({0x09, 0x16})
_REPEATABLE: Final = frozenset({USER_PROPERTY, SUBSCRIPTION_ID})


class MalformedPacket(Exception):
    """The peer broke the protocol. `code` is the MQTT 5 reason code for the DISCONNECT."""

    def __init__(self, text: str, code: int = MALFORMED) -> None:
        super().__init__(text)
        self.code = code


class Reader:
    """Reads fields off a packet body; every read past the end is `MalformedPacket`."""

    __slots__ = ("_body", "_end", "pos")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._end = len(body)
        self.pos = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self.pos

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.pos
        if start + count > self._end:
            raise MalformedPacket("packet ends inside a field")
        self.pos = start + count
        return self._body[start : self.pos]

    def rest(self) -> bytes:
        """All bytes left."""
        return self.take(self.left)

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two bytes, most significant first."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Four bytes, most significant first."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """A variable byte integer of at most four bytes."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedPacket("variable byte integer longer than four bytes")

    def binary(self) -> bytes:
        """Bytes behind a two-byte length."""
        return self.take(self.u16())

    def text(self) -> str:
        """UTF-8 behind a two-byte length; U+0000 is not allowed."""
        return to_text(self.binary())

    def properties(self) -> Properties:
        """A version 5 property list. Unknown and repeated properties are malformed."""
        size = self.varint()
        if size == 0:
            return ()
        inner = Reader(self.take(size))
        found: list[tuple[int, PropertyValue]] = []
        seen: set[int] = set()
        while inner.left:
            key = inner.varint()
            if key in seen and key not in _REPEATABLE:
                raise MalformedPacket(f"property {key:#x} given twice", PROTOCOL_ERROR)
            seen.add(key)
            found.append((key, inner.property_value(key)))
        return tuple(found)

    def property_value(self, key: int) -> PropertyValue:
        """The value of the property `key`."""
        if key in _BYTE:
            return self.byte()
        if key in _U16:
            return self.u16()
        if key in _U32:
            return self.u32()
        if key in _TEXT:
            return self.text()
        if key in _BINARY:
            return self.binary()
        if key == USER_PROPERTY:
            return self.text(), self.text()
        if key == SUBSCRIPTION_ID:
            return self.varint()
        raise MalformedPacket(f"unknown property {key:#x}")


def to_text(raw: bytes) -> str:
    """UTF-8 text of the protocol. Raises `MalformedPacket`."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacket("text is not UTF-8") from error
    if "\0" in text:
        raise MalformedPacket("text holds U+0000")
    return text


def number(properties: Properties, key: int, default: int) -> int:
    """The value of a numeric property, or `default`."""
    for found, value in properties:
        if found == key and isinstance(value, int):
            return value
    return default


def pack_varint(value: int) -> bytes:
    """A variable byte integer."""
    if value < 0x80:
        return bytes((value,))
    packed = bytearray()
    while value >= 0x80:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def pack_binary(raw: bytes) -> bytes:
    """Bytes behind a two-byte length."""
    return len(raw).to_bytes(2, "big") + raw


def pack_text(text: str) -> bytes:
    """UTF-8 behind a two-byte length."""
    return pack_binary(text.encode())


def pack_properties(properties: Properties) -> bytes:
    """A version 5 property list with its length."""
    if not properties:
        return b"\0"
    body = b"".join(_pack_property(key, value) for key, value in properties)
    return pack_varint(len(body)) + body


def _pack_property(key: int, value: PropertyValue) -> bytes:
    head = pack_varint(key)
    if isinstance(value, tuple):
        return head + pack_text(value[0]) + pack_text(value[1])
    if isinstance(value, str):
        return head + pack_text(value)
    if isinstance(value, bytes):
        return head + pack_binary(value)
    if key == SUBSCRIPTION_ID:
        return head + pack_varint(value)
    size = 1 if key in _BYTE else 2 if key in _U16 else 4
    return head + value.to_bytes(size, "big")


class Splitter:
    """Cuts a byte stream into packets: yields the first byte and the body of each whole one."""

    def __init__(self, max_packet_bytes: int) -> None:
        self._max = max_packet_bytes
        self._buffer = bytearray()
        self._wanted = 2

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Add `data`, yield whole packets. Raises `MalformedPacket` on a bad or too large length."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= self._wanted:
                header = self._length(buffer, start)
                if header is None:
                    break
                size, offset = header
                self._wanted = offset + size
                if len(buffer) - start < self._wanted:
                    break
                first = buffer[start]
                with memoryview(buffer) as view:
                    body = bytes(view[start + offset : start + self._wanted])
                start += self._wanted
                self._wanted = 2
                yield first, body
        finally:
            del buffer[:start]

    def _length(self, buffer: bytearray, start: int) -> tuple[int, int] | None:
        """(Body size, header size), or None while the length itself is not complete."""
        value = 0
        for index in range(4):
            at = start + 1 + index
            if at >= len(buffer):
                return None
            byte = buffer[at]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if value + index + 2 > self._max:
                    raise MalformedPacket(f"packet of {value} bytes is over the limit", PACKET_TOO_LARGE)
                return value, index + 2
        raise MalformedPacket("remaining length is longer than four bytes")
