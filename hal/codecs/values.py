"""One value to table entries and back: number types, word order, scale, enum, bit, repetition."""

import math
import struct
from collections.abc import Callable, Sequence

from hal.config.device import BIT_TABLES, Register, WordType
from hal.errors import CodecError

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]
Decoded = dict[str, Value | None]
"""Name -> value; None when the wire carries no value (NaN, a word outside the enum): unknown, never a number."""

Decoder = Callable[[Sequence[int]], Value | None]
Placer = Callable[[list[int], Value], None]

ROW_CACHE = 4096
"""Words of a row whose value is remembered: neighbours repeat, and most change little."""

_RANGE = {
    WordType.U16: (0, 0xFFFF),
    WordType.S16: (-0x8000, 0x7FFF),
    WordType.U32: (0, 0xFFFFFFFF),
    WordType.S32: (-0x80000000, 0x7FFFFFFF),
}
_F32_MAX = 3.4028234663852886e38


def decoder(register: Register, gain: float, at: int) -> Decoder:
    """A function from table entries to the value whose first entry stands at index `at`."""
    if register.repeat is None:
        return _element_decoder(register, gain, at, 0)
    if register.size == 1 and register.type is not WordType.BOOL:
        return _row_decoder(register, gain, at, register.repeat)
    parts = tuple(_element_decoder(register, gain, at, k) for k in range(register.repeat))

    def decode(entries: Sequence[int]) -> Value | None:
        found = tuple(part(entries) for part in parts)
        return None if None in found else found  # type: ignore[return-value]  # one type in all parts

    return decode


def placer(register: Register, gain: float, at: int) -> Placer:
    """A procedure that puts a value into table entries from index `at` on. Raises `CodecError` when it does not fit."""
    if register.repeat is None:
        return _element_placer(register, gain, at, 0)
    parts = tuple(_element_placer(register, gain, at, k) for k in range(register.repeat))

    def place(entries: list[int], value: Value) -> None:
        if not isinstance(value, tuple) or len(value) != len(parts):
            raise CodecError(f"{value!r}: {len(parts)} values are needed")
        for part, element in zip(parts, value, strict=True):
            part(entries, element)

    return place


def encode(register: Register, gain: float, value: Value) -> tuple[int, ...]:
    """The table entries of one value alone. Raises `CodecError` when it does not fit."""
    entries = [0] * register.span
    placer(register, gain, 0)(entries, value)
    return tuple(entries)


def linear(factor: float, offset: float) -> Callable[[float], float]:
    """raw * factor + offset, by division where factor is one part of a whole: 803 / 10 is 80.3, 803 * 0.1 is not."""
    parts = round(1 / factor) if abs(factor) > 1e-9 else 0
    if parts < 2 or 1 / parts != factor:
        return lambda raw: raw * factor + offset
    if offset == 0:
        return lambda raw: raw / parts
    shift = offset * parts
    return lambda raw: (raw + shift) / parts


def _element_decoder(register: Register, gain: float, at: int, k: int) -> Decoder:
    if register.type is WordType.BOOL:
        return _bool_decoder(register, at, k)
    raw = _raw_decoder(register, at + k * register.step)
    if register.enum is not None:
        words = {int(key): word for key, word in register.enum.items()}
        return lambda entries: words.get(int(raw(entries)))
    factor, offset = register.scale * gain, register.offset
    if register.type is WordType.F32:
        return _float_decoder(raw, factor, offset)
    if factor == 1 and offset == 0:
        return raw
    scaled = linear(factor, offset)
    return lambda entries: scaled(raw(entries))


def _row_decoder(register: Register, gain: float, at: int, count: int) -> Decoder:
    """One word each: the same conversion over a slice."""
    part = slice(at, at + (count - 1) * register.step + 1, register.step)
    one = _element_decoder(register.model_copy(update={"repeat": None}), gain, 0, 0)
    known: dict[int, Value | None] = {}

    def decode(entries: Sequence[int]) -> Value | None:
        found = []
        for entry in entries[part]:
            value = known.get(entry)
            if value is None:
                value = one((entry,))
                if value is None:
                    return None
                if len(known) < ROW_CACHE:
                    known[entry] = value
            found.append(value)
        return tuple(found)  # type: ignore[arg-type]  # one type in all entries

    return decode


def _bool_decoder(register: Register, at: int, k: int) -> Decoder:
    if register.table in BIT_TABLES:
        i = at + k * register.step
        return lambda entries: entries[i] != 0
    bit = (register.bit or 0) + k * register.step
    i, mask = at + bit // 16, 1 << bit % 16
    return lambda entries: entries[i] & mask != 0


def _float_decoder(raw: Callable[[Sequence[int]], float], factor: float, offset: float) -> Decoder:
    def decode(entries: Sequence[int]) -> Value | None:
        value = raw(entries) * factor + offset
        return value if math.isfinite(value) else None

    return decode


def _raw_decoder(register: Register, i: int) -> Callable[[Sequence[int]], float]:
    high, low = (i + 1, i) if register.word_order == "CDAB" else (i, i + 1)
    match register.type:
        case WordType.U16 if register.width is not None:
            shift, ones = register.bit or 0, (1 << register.width) - 1
            return lambda entries: entries[i] >> shift & ones
        case WordType.U16:
            return lambda entries: entries[i]
        case WordType.S16:
            return lambda entries: (entries[i] ^ 0x8000) - 0x8000
        case WordType.U32:
            return lambda entries: entries[high] << 16 | entries[low]
        case WordType.S32:
            return lambda entries: ((entries[high] << 16 | entries[low]) ^ 0x80000000) - 0x80000000
        case _:
            unpack, pack = struct.Struct(">f").unpack, struct.Struct(">HH").pack
            return lambda entries: float(unpack(pack(entries[high], entries[low]))[0])


def _element_placer(register: Register, gain: float, at: int, k: int) -> Placer:
    if register.type is WordType.BOOL:
        return _bool_placer(register, at, k)
    i = at + k * register.step
    to_raw = _to_raw(register, gain)
    if register.width is not None:
        shift, ones = register.bit or 0, (1 << register.width) - 1

        def place_bits(entries: list[int], value: Value) -> None:
            entries[i] = entries[i] & ~(ones << shift) | (to_raw(value) & ones) << shift

        return place_bits
    if register.size == 1:

        def place_word(entries: list[int], value: Value) -> None:
            entries[i] = to_raw(value) & 0xFFFF

        return place_word
    high, low = (i + 1, i) if register.word_order == "CDAB" else (i, i + 1)

    def place_pair(entries: list[int], value: Value) -> None:
        raw = to_raw(value)
        entries[high], entries[low] = raw >> 16 & 0xFFFF, raw & 0xFFFF

    return place_pair


def _bool_placer(register: Register, at: int, k: int) -> Placer:
    if register.table in BIT_TABLES:
        i, mask = at + k * register.step, 1
    else:
        bit = (register.bit or 0) + k * register.step
        i, mask = at + bit // 16, 1 << bit % 16

    def place(entries: list[int], value: Value) -> None:
        if value is not True and value is not False and value not in {0, 1}:
            raise CodecError(f"{value!r}: true or false is needed")
        entries[i] = entries[i] | mask if value else entries[i] & ~mask

    return place


def _to_raw(register: Register, gain: float) -> Callable[[Value], int]:
    """Physical value to the unsigned or signed integer on the wire."""
    if register.enum is not None:
        numbers = {word: int(key) for key, word in register.enum.items()}

        def from_word(value: Value) -> int:
            if not isinstance(value, str) or value not in numbers:
                raise CodecError(f"{value!r}: one of {', '.join(numbers)} is needed")
            return numbers[value]

        return from_word
    factor, offset = register.scale * gain, register.offset
    if register.type is WordType.F32:
        return lambda value: _float_bits((_number(value) - offset) / factor)
    low, high = _RANGE[register.type] if register.width is None else (0, (1 << register.width) - 1)

    def from_number(value: Value) -> int:
        exact = (_number(value) - offset) / factor
        if not low - 0.5 <= exact <= high + 0.5 or not low <= round(exact) <= high:
            raise CodecError(f"{value!r}: {low * factor + offset:g} to {high * factor + offset:g} fits {register.type}")
        return round(exact)

    return from_number


def _number(value: Value) -> float:
    if isinstance(value, str | tuple) or not math.isfinite(value):
        raise CodecError(f"{value!r}: a finite number is needed")
    return value


def _float_bits(value: float) -> int:
    if abs(value) > _F32_MAX:
        raise CodecError(f"{value!r}: does not fit f32")
    return int.from_bytes(struct.pack(">f", value), "big")
