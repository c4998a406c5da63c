"""CAN frames of packs and cars to role values and back. Pure: no clock, no link."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hal.codecs.dbc import DbcMessage, parse_dbc
from hal.codecs.signals import Bits, OutOfRange, RoleSignal, RoleText, Words, bits_of, role_signal, role_text
from hal.codecs.values import Decoded, Value
from hal.commands import CarMode
from hal.config.pack import PackType
from hal.config.signals import CanMap
from hal.config.vehicle import VehicleType
from hal.errors import CodecError
from hal.ports import Frame

TEXTS_KNOWN: Final = 4
"""Texts of a message whose parts are remembered: its sender changes now and then."""


@dataclass
class Traffic:
    """One message of a codec: what it carries, and the last alive counter seen. `fresh`: it shows the sender there."""

    name: str
    can_id: int
    extended: bool
    length: int
    cycle_s: float
    signals: tuple[RoleSignal, ...]
    texts: tuple[RoleText, ...]
    fresh: bool
    alive: Bits | None
    last_alive: int | None = None
    last: tuple[bytes, int, Decoded] | None = None
    """Frame of last time, the same without its alive counter, and its values, where the frame alone says it all: the
    same bytes mean the same again."""
    is_one_text: bool = False
    """It carries parts of one text and nothing else."""
    keep: int = -1
    """Mask of the frame's little-endian reading: all but the alive counter."""
    parts: int = 1
    """Frames that the message needs for all that it carries."""
    known: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    """Frames that are a part of one text and nothing else -> number and characters: the same ones come again."""
    decoders: tuple[tuple[str, Callable[[Words], Value | None]], ...] = field(default=())
    any_length: bool = False


class FrameCodec:
    """The frames of one sender. A bad frame changes nothing and is counted.

    `ids`: the CAN ids that are read. `period_s`: role -> how often it is refreshed. `unknown`, `rejected`, `repeated`:
    frames of other ids, frames of wrong length or content, frames whose alive counter stood still.
    """

    def __init__(self, can: CanMap, dbc_text: str, node: int) -> None:
        self.messages = parse_dbc(dbc_text)
        self.traffic: tuple[Traffic, ...] = tuple(_traffic(can, self.messages, node))
        self._by_id = {(t.can_id, t.extended): t for t in self.traffic}
        self.ids: frozenset[int] = frozenset(t.can_id for t in self.traffic)
        self.period_s: Mapping[str, float] = dict(_periods(self.traffic))
        self.unknown = 0
        self.rejected = 0
        self.repeated = 0

    def decode(self, frame: Frame) -> Decoded | None:
        """The roles that this frame refreshes, None when none. A role whose value is None is unknown to the sender."""
        traffic = self._by_id.get((frame.can_id, frame.extended))
        if traffic is None:
            self.unknown += 1
            return None
        last = traffic.last
        if last is not None and traffic.alive is None and last[0] == frame.data:
            return last[2]
        if (known := traffic.known.get(frame.data)) is not None:
            return self._text(traffic, *known)
        data, short = frame.data, len(frame.data) < traffic.length
        if len(data) != traffic.length:
            if not traffic.any_length:
                self.rejected += 1
                return None
            data = data[: traffic.length].ljust(traffic.length, b"\0")
        words = (int.from_bytes(data, "little"), int.from_bytes(data, "big"))
        alive = None
        if traffic.alive is not None:
            alive = traffic.alive.get(words)
            if alive == traffic.last_alive:
                self.repeated += 1
                return None
        body = words[0] & traffic.keep
        if last is not None and last[1] == body and len(last[0]) == len(frame.data):
            traffic.last_alive = alive
            return last[2]
        try:
            values = _carried(traffic, words, len(frame.data)) if short else _told(traffic, words)
        except OutOfRange:
            self.rejected += 1
            return None
        traffic.last_alive = alive
        if values and not traffic.texts:
            traffic.last = frame.data, body, values
        elif traffic.is_one_text and not short:
            _remember(traffic, frame.data, words)
        return values or None

    def _text(self, traffic: Traffic, number: int, chars: bytes) -> Decoded | None:
        """What a remembered part brings: the whole text with the last one."""
        text = traffic.texts[0]
        try:
            found = text.add(number, chars)
        except OutOfRange:
            self.rejected += 1
            return None
        return None if found is None else {text.role: found}

    def forget(self) -> None:
        """Drop the parts of texts that are not complete: after a silence the sender may be another one."""
        for traffic in self.traffic:
            for text in traffic.texts:
                text.seen.clear()

    def encode(self, values: Mapping[str, Value | None], alive: int) -> list[Frame]:
        """Sender's side: every frame of one whole round. Raises `CodecError` for a value that does not fit."""
        return [self.frame(t, values, alive, part) for t in self.traffic for part in range(t.parts)]

    def frame(self, traffic: Traffic, values: Mapping[str, Value | None], alive: int, part: int = 0) -> Frame:
        """Sender's side: one frame. `alive` counts on for ever, the codec wraps it; so does `part`.

        Raises `CodecError` for a value that does not fit.
        """
        pieces: list[Words] = [signal.encode(values.get(signal.role)) for signal in traffic.signals]
        for text in traffic.texts:
            pieces += text.encode(values.get(text.role), part % traffic.parts)
        if traffic.alive is not None:
            pieces.append(traffic.alive.put(alive))
        return Frame(traffic.can_id, _joined(pieces, traffic.length), traffic.extended)


class PackCodec(FrameCodec):
    """One pack: a class of packs at a node."""

    def __init__(self, pack: PackType, node: int) -> None:
        super().__init__(pack.can, pack.dbc_text, node)
        self.node = node
        self.maker = pack.pack.maker
        """What its word for its maker begins with, `None` where the file knows of none."""
        self.keepalive: Frame | None = None
        """What the pack wants to hear of us, every `keepalive_s`."""
        self.keepalive_s = 0.0
        if pack.can.keepalive is not None:
            message = self.messages[pack.can.keepalive.message]
            can_id = id_at(message, pack.can, node)
            self.keepalive = Frame(can_id, bytes(message.length), message.extended)
            self.keepalive_s = pack.can.keepalive.every_s


class CarCodec(FrameCodec):
    """One car, and the frame that asks it for a mode."""

    def __init__(self, vehicle: VehicleType) -> None:
        super().__init__(vehicle.can, vehicle.dbc_text, 0)
        if vehicle.can.request is None:
            raise CodecError(f"{vehicle.name} takes no requests")
        self._request = vehicle.can.request
        self._message: DbcMessage = self.messages[self._request.message]
        self._mode = bits_of(self._message.signals[self._request.mode], self._message)
        self._counter = bits_of(self._message.signals[self._request.counter], self._message)
        self.request_id = self._message.can_id

    def encode_request(self, mode: CarMode, count: int) -> Frame:
        """The frame that asks for a mode; `count` counts on with each frame."""
        pieces = (self._mode.put(self._request.modes[mode]), self._counter.put(count))
        return Frame(self._message.can_id, _joined(pieces, self._message.length), self._message.extended)

    def decode_request(self, frame: Frame) -> tuple[CarMode, int] | None:
        """Car's side: mode and counter, None for any other frame."""
        right = (frame.can_id, frame.extended, len(frame.data))
        if right != (self._message.can_id, self._message.extended, self._message.length):
            return None
        words = (int.from_bytes(frame.data, "little"), int.from_bytes(frame.data, "big"))
        raw = self._mode.get(words)
        for name, number in self._request.modes.items():
            if number == raw:
                return CarMode(name), self._counter.get(words)
        return None


def id_at(message: DbcMessage, can: CanMap, node: int) -> int:
    """The id of a message that a node sends."""
    match can.node_in:
        case "low-byte":
            return message.can_id | node
        case "offset":
            return message.can_id + node
        case _:
            return message.can_id


def _joined(pieces: Iterable[Words], length: int) -> bytes:
    """The payload of signals of both byte orders together."""
    little = big = 0
    for low, high in pieces:
        little, big = little | low, big | high
    if big:
        little |= int.from_bytes(big.to_bytes(length, "big"), "little")
    return little.to_bytes(length, "little")


def _traffic(can: CanMap, messages: Mapping[str, DbcMessage], node: int) -> Iterator[Traffic]:
    counter = can.alive.signal
    for name in can.used:
        message = messages[name]
        signals = tuple(role_signal(r, s, message) for r, s in can.signals.items() if s.message == name)
        texts = tuple(role_text(r, t, message) for r, t in can.texts.items() if t.message == name)
        alive = bits_of(message.signals[counter], message) if counter and can.alive.message == name else None
        yield Traffic(
            name=name,
            can_id=id_at(message, can, node),
            extended=message.extended,
            length=message.length,
            cycle_s=message.cycle_s or 1.0,
            signals=signals,
            texts=texts,
            fresh=can.alive.message == name,
            alive=alive,
            decoders=tuple((s.role, s.decode) for s in signals),
            any_length=can.any_length,
            is_one_text=len(texts) == 1 and not signals and alive is None,
            parts=max((len(text.chars) for text in texts), default=1),
            keep=-1 if alive is None else ~int.from_bytes(_joined([alive.put(-1)], message.length), "little"),
        )


def _told(traffic: Traffic, words: Words) -> Decoded:
    """The roles of a whole frame. Raises `OutOfRange`."""
    values = {role: decode(words) for role, decode in traffic.decoders}
    for text in traffic.texts:
        found = text.decode(words)
        if found is not None:
            values[text.role] = found
    return values


def _remember(traffic: Traffic, data: bytes, words: Words) -> None:
    if len(traffic.known) >= TEXTS_KNOWN * traffic.parts:
        traffic.known.clear()
    traffic.known[data] = traffic.texts[0].part_of(words)


def _carried(traffic: Traffic, words: Words, octets: int) -> Decoded:
    """The roles of a frame that is shorter than its message: what it does not reach is unknown."""
    return {s.role: s.decode(words) if s.octets <= octets else None for s in traffic.signals}


def _periods(traffic: tuple[Traffic, ...]) -> Iterator[tuple[str, float]]:
    for message in traffic:
        for signal in message.signals:
            yield signal.role, message.cycle_s
        for text in message.texts:
            yield text.role, message.cycle_s * len(text.chars)
