"""CAN signals to role values and back: extraction, range, scale, flags, words, texts in parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hal.codecs.dbc import DbcMessage, Signal
from hal.codecs.values import Value, linear
from hal.config.signals import SignalMap, TextMap
from hal.errors import CodecError

Words = tuple[int, int]
"""A frame as one integer: little-endian and big-endian reading of its bytes."""


class OutOfRange(CodecError):
    """A raw value outside what the DBC allows: the frame is bad."""


@dataclass(frozen=True, slots=True)
class Bits:
    """Where a signal stands. `low` and `high` are the raw limits that the DBC sets.

    `octets`: how long a frame must be to carry all of it.
    """

    shift: int
    mask: int
    sign: int
    big: bool
    low: int
    high: int
    octets: int

    def get(self, words: Words) -> int:
        """The raw value."""
        raw = words[self.big] >> self.shift & self.mask
        return raw - self.mask - 1 if raw & self.sign else raw

    def put(self, raw: int) -> Words:
        """The integer to be added to the frame, in the signal's own byte order."""
        moved = (raw & self.mask) << self.shift
        return (0, moved) if self.big else (moved, 0)


def bits_of(signal: Signal, message: DbcMessage) -> Bits:
    """Compiled place and raw limits of a signal."""
    low, high = signal.raw_range()
    if signal.minimum is not None:
        low = max(low, _raw(signal, signal.minimum if signal.scale > 0 else signal.maximum or signal.minimum))
    if signal.maximum is not None:
        high = min(high, _raw(signal, signal.maximum if signal.scale > 0 else signal.minimum or signal.maximum))
    sign = 1 << signal.length - 1 if signal.signed else 0
    octets = message.length - signal.shift // 8 if signal.order == "big" else (signal.shift + signal.length + 7) // 8
    return Bits(signal.shift, (1 << signal.length) - 1, sign, signal.order == "big", low, high, octets)


def _raw(signal: Signal, physical: float) -> int:
    return round((physical - signal.offset) / signal.scale)


@dataclass(frozen=True)
class RoleSignal:
    """One role that one signal carries."""

    role: str
    decode: Callable[[Words], Value | None]
    encode: Callable[[Value | None], Words]
    octets: int


def role_signal(role: str, spec: SignalMap, message: DbcMessage) -> RoleSignal:
    """Compile a role. `decode` raises `OutOfRange`; `encode` raises `CodecError`."""
    signal = message.signals[spec.signal]
    bits = bits_of(signal, message)
    to_value, to_raw = _conversion(spec, signal)
    invalid = frozenset(spec.invalid)

    def decode(words: Words) -> Value | None:
        raw = bits.get(words)
        if raw in invalid:
            return None
        if raw < bits.low or raw > bits.high:
            raise OutOfRange(f"{signal.name} = {raw}")
        return to_value(raw)

    def encode(value: Value | None) -> Words:
        if value is None:
            if not spec.invalid:
                raise CodecError(f"{role}: {signal.name} has no word for unknown")
            return bits.put(spec.invalid[-1])
        raw = to_raw(value)
        if not bits.low <= raw <= bits.high:
            raise CodecError(f"{role} = {value!r} does not fit {signal.name}")
        return bits.put(raw)

    return RoleSignal(role, decode, encode, bits.octets)


def _conversion(spec: SignalMap, signal: Signal) -> tuple[Callable[[int], Value | None], Callable[[Value], int]]:
    if spec.kind == "flag":
        return lambda raw: (raw != 0) is not spec.invert, lambda value: int(_flag(value) is not spec.invert)
    if spec.kind == "bits":
        return lambda raw: raw, _whole
    if spec.enum is not None:
        words: Mapping[int, str] = {int(key): word for key, word in spec.enum.items()}
        return words.get, lambda value: _word(words, value)
    scale, offset = signal.scale * spec.factor, signal.offset * spec.factor

    def to_raw(value: Value) -> int:
        if isinstance(value, str | tuple | bool) or value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN
            raise CodecError(f"{value!r}: a finite number is needed")
        return round((value - offset) / scale)

    return linear(scale, offset), to_raw


def _flag(value: Value) -> bool:
    if not isinstance(value, bool):
        raise CodecError(f"{value!r}: true or false is needed")
    return value


def _whole(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CodecError(f"{value!r}: a whole number is needed")
    return value


def _word(words: Mapping[int, str], value: Value) -> int:
    for raw, word in words.items():
        if word == value:
            return raw
    raise CodecError(f"{value!r}: one of {', '.join(words.values())} is needed")


@dataclass
class RoleText:
    """One role that travels in parts. Parts must come in order; a gap begins again."""

    role: str
    spec: TextMap
    part: Bits | None
    chars: tuple[Bits, ...]
    sizes: tuple[int, ...]
    order: Literal["little", "big"]
    seen: list[bytes] = field(default_factory=list)

    def decode(self, words: Words) -> str | None:
        """The text with its last part, else None. Raises `OutOfRange` for a part or characters that cannot be."""
        return self.add(*self.part_of(words))

    def add(self, number: int, chars: bytes) -> str | None:
        """The text with its last part, else None. Raises `OutOfRange`, and takes nothing, for what cannot be."""
        if number and number != len(self.seen):
            self.seen.clear()
            return None
        if number + 1 < len(self.chars):
            self.seen[number:] = [chars]
            return None
        whole = self._whole(b"".join((*self.seen[:number], chars)).rstrip(b"\0"))
        self.seen.clear()
        return whole

    def _whole(self, raw: bytes) -> str | None:
        if self.part is None:
            return _words(self.role, raw.rstrip(b" "))
        if raw and (len(raw) != self.spec.length or not raw.isalnum()):
            raise OutOfRange(f"{self.role}: {raw!r}")
        return raw.decode("ascii")

    def part_of(self, words: Words) -> tuple[int, bytes]:
        """Number and characters of one part. Raises `OutOfRange` for a number that there is not."""
        number = 0 if self.part is None else self.part.get(words)
        if number >= len(self.chars):
            raise OutOfRange(f"{self.spec.part} = {number}")
        return number, self.chars[number].get(words).to_bytes(self.sizes[number], self.order)

    def encode(self, value: Value | None, number: int) -> tuple[Words, ...]:
        """The integers of one part; an unknown text is all zeros. Raises `CodecError` when it does not fit."""
        text, length = "" if value is None else value, self.spec.length
        allowed = range(length + 1) if self.part is None else (0, length)
        if not isinstance(text, str) or not text.isascii() or len(text) not in allowed:
            raise CodecError(f"{self.role}: {value!r} is not {self.spec.length} ASCII characters")
        start, size = sum(self.sizes[:number]), self.sizes[number]
        filler = b" " if text and self.part is None else b"\0"
        chunk = text.encode("ascii")[start : start + size].ljust(size, filler)
        body = self.chars[number].put(int.from_bytes(chunk, self.order))
        return (body,) if self.part is None else (self.part.put(number), body)


def _words(role: str, raw: bytes) -> str | None:
    if not all(0x20 <= char < 0x7F for char in raw):
        raise OutOfRange(f"{role}: {raw!r}")
    return raw.decode("ascii") or None


def role_text(role: str, spec: TextMap, message: DbcMessage) -> RoleText:
    """Compile a text."""
    signals = [message.signals[name] for name in spec.chars]
    sizes = tuple(signal.length // 8 for signal in signals)
    part = None if spec.part is None else bits_of(message.signals[spec.part], message)
    return RoleText(role, spec, part, tuple(bits_of(s, message) for s in signals), sizes, signals[0].order)
