"""Frames of a charger module: requests and their answers, from both sides. Pure: no clock, no link."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hal.codecs.values import Value, linear
from hal.config.charger import ByteMap, ChargerType, Exchange, IdField
from hal.errors import CodecError
from hal.ports import Frame

LENGTH: Final = 8
_F32: Final = struct.Struct(">f")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the module: to which exchange, its error number, and its values (none where it refuses)."""

    exchange: str
    error: int
    values: Mapping[str, Value | None]


class ModuleCodec:
    """One module at an address. A bad frame changes nothing and is counted.

    `ids`: the CAN ids of its answers, with any error number. `rejected`: frames of wrong length or unknown error.
    """

    def __init__(self, kind: ChargerType, address: int) -> None:
        self.kind = kind
        self.address = address
        self.exchanges: Mapping[str, Exchange] = {**kind.reads, **kind.writes}
        self._name_of = {e.command: name for name, e in self.exchanges.items()}
        parts = kind.id
        base = _put(parts.source, address) | _put(parts.destination, parts.controller)
        base |= _put(parts.device, parts.to_device)
        self._answers = {
            base | _put(parts.command, command) | _put(parts.error, error): (name, error)
            for command, name in self._name_of.items()
            for error in range(1 << parts.error.bits)
        }
        self.ids: frozenset[int] = frozenset(self._answers)
        self._requests = {self._request_id(spec): name for name, spec in self.exchanges.items()}
        self.rejected = 0
        self._last: dict[int, tuple[bytes, Answer]] = {}
        """Bytes of each answer and what they mean: the same bytes mean the same again."""
        self._asks = {name: Frame(self._request_id(kind.reads[name]), bytes(LENGTH)) for name in kind.reads}

    # ---------------------------------------------------------------- our side

    def request(self, exchange: str, values: Mapping[str, Value] | None = None) -> Frame:
        """The frame that asks or sets. Raises `CodecError` for a value that does not fit."""
        if not values and exchange in self._asks:
            return self._asks[exchange]
        spec = self.exchanges[exchange]
        return Frame(self._request_id(spec), _joined(spec, values or {}))

    def decode(self, frame: Frame) -> Answer | None:
        """An answer of this module, `None` for any other frame."""
        found = self._answers.get(frame.can_id)
        if found is None or not frame.extended:
            return None
        name, error = found
        if len(frame.data) != LENGTH or (error not in self.kind.id.fine and str(error) not in self.kind.id.errors):
            self.rejected += 1
            return None
        last = self._last.get(frame.can_id)
        if last is None or last[0] != frame.data:
            last = self._last[frame.can_id] = frame.data, self._answer(name, error, frame.data)
        return last[1]

    def _answer(self, name: str, error: int, data: bytes) -> Answer:
        told = name in self.kind.reads and error in self.kind.id.fine
        spec = self.exchanges[name]
        return Answer(name, error, {role: _get(value, data) for role, value in spec.values.items()} if told else {})

    def refusal(self, answer: Answer) -> str:
        """Why it refused, in words; empty where it did not."""
        return "" if answer.error in self.kind.id.fine else self.kind.id.errors[str(answer.error)]

    # ---------------------------------------------------------------- the module's side

    def decode_request(self, frame: Frame) -> tuple[str, Mapping[str, Value | None]] | None:
        """What a frame asks of this module, `None` for any other frame."""
        name = self._requests.get(frame.can_id)
        if name is None or not frame.extended or len(frame.data) != LENGTH:
            return None
        values = self.exchanges[name].values if name in self.kind.writes else {}
        return name, {role: _get(value, frame.data) for role, value in values.items()}

    def answer(self, exchange: str, values: Mapping[str, Value | None], error: int = 0) -> Frame:
        """The module's answer. Raises `CodecError` for a value that does not fit."""
        parts, spec = self.kind.id, self.exchanges[exchange]
        can_id = _put(parts.source, self.address) | _put(parts.destination, parts.controller)
        can_id |= _put(parts.device, parts.to_device) | _put(parts.command, spec.command) | _put(parts.error, error)
        return Frame(can_id, _joined(spec, values) if exchange in self.kind.reads else bytes(LENGTH))

    def _request_id(self, spec: Exchange) -> int:
        parts = self.kind.id
        can_id = _put(parts.source, parts.controller) | _put(parts.destination, self.address)
        return can_id | _put(parts.device, parts.to_device) | _put(parts.command, spec.command)


def _put(part: IdField, number: int) -> int:
    return number << part.bit


def _get(value: ByteMap, data: bytes) -> Value | None:
    chunk = data[value.byte : value.byte + value.octets]
    if value.type == "f32":
        number = float(_F32.unpack(chunk)[0]) * value.scale
        return number if math.isfinite(number) else None
    raw = int.from_bytes(chunk, "big")
    if value.bit is not None:
        return bool(raw >> value.bit & 1) is not value.invert
    return raw & value.mask if value.mask is not None else linear(value.scale, 0.0)(raw)


def _joined(spec: Exchange, values: Mapping[str, Value | None]) -> bytes:
    """The eight bytes with these values; what is not given is zero."""
    whole = 0
    for role, value in spec.values.items():
        given = values.get(role)
        if given is not None:
            whole |= _raw(role, value, given) << 8 * (LENGTH - value.byte - value.octets)
    return whole.to_bytes(LENGTH, "big")


def _raw(role: str, value: ByteMap, given: Value) -> int:
    if value.bit is not None:
        if not isinstance(given, bool):
            raise CodecError(f"{role} = {given!r}: true or false is needed")
        return (given is not value.invert) << value.bit
    if isinstance(given, str | bool | tuple) or not math.isfinite(given):
        raise CodecError(f"{role} = {given!r}: a finite number is needed")
    if value.type == "f32":
        try:
            return int.from_bytes(_F32.pack(given / value.scale), "big")
        except OverflowError:
            raise CodecError(f"{role} = {given!r} does not fit f32") from None
    raw = round(given / value.scale)
    if not 0 <= raw < 1 << 8 * value.octets or (value.mask is not None and raw & ~value.mask):
        raise CodecError(f"{role} = {given!r} does not fit {value.type}")
    return raw
