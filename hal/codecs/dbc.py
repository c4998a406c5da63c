"""DBC text to plain message and signal descriptions; the only user of cantools."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cantools
from cantools.database.errors import Error

from hal.errors import CodecError

CANTOOLS_ERRORS = (Error, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal. `shift` and `length` say where its bits are once the frame is one integer of `order` byte order."""

    name: str
    shift: int
    length: int
    order: Literal["little", "big"]
    signed: bool
    scale: float
    offset: float
    minimum: float | None
    maximum: float | None
    part: int | None

    def raw_range(self) -> tuple[int, int]:
        """Smallest and largest raw value that the bits can hold."""
        if self.signed:
            return -(1 << self.length - 1), (1 << self.length - 1) - 1
        return 0, (1 << self.length) - 1


@dataclass(frozen=True, slots=True)
class DbcMessage:
    """One message. `cycle_s` is None when the DBC gives none."""

    name: str
    can_id: int
    extended: bool
    length: int
    cycle_s: float | None
    signals: Mapping[str, Signal]


@lru_cache(maxsize=16)
def parse_dbc(text: str) -> Mapping[str, DbcMessage]:
    """All messages by name. Raises `CodecError` when the text is no DBC that we can speak."""
    try:
        database = cantools.database.load_string(text, "dbc", strict=True)
        messages = getattr(database, "messages", [])
        return {message.name: _message(message) for message in messages}
    except CodecError:
        raise
    except CANTOOLS_ERRORS as error:
        raise CodecError(f"no valid DBC: {error}") from None


def _message(message: cantools.database.can.Message) -> DbcMessage:
    if message.length > 8:
        raise CodecError(f"{message.name}: {message.length} bytes, classic CAN carries 8")
    return DbcMessage(
        name=message.name,
        can_id=message.frame_id,
        extended=message.is_extended_frame,
        length=message.length,
        cycle_s=message.cycle_time / 1000 if message.cycle_time else None,
        signals={signal.name: _signal(message, signal) for signal in message.signals},
    )


def _signal(message: cantools.database.can.Message, signal: cantools.database.can.Signal) -> Signal:
    if signal.is_float:
        raise CodecError(f"{message.name}.{signal.name}: float signals are not supported")
    little = signal.byte_order == "little_endian"
    # A big-endian signal starts at its highest bit, counted 7..0 inside each byte.
    top = signal.start // 8 * 8 + 7 - signal.start % 8
    parts = signal.multiplexer_ids
    return Signal(
        name=signal.name,
        shift=signal.start if little else message.length * 8 - top - signal.length,
        length=signal.length,
        order="little" if little else "big",
        signed=signal.is_signed,
        scale=float(signal.scale),
        offset=float(signal.offset),
        minimum=None if signal.minimum is None else float(signal.minimum),
        maximum=None if signal.maximum is None else float(signal.maximum),
        part=parts[0] if parts else None,
    )
