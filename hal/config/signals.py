"""How roles of a reading come out of CAN signals: shared by pack and vehicle files."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Count, Flag, Int, Name, Num, Strict, Text


class SignalMap(Strict):
    """Role = `message`.`signal` of the DBC, physical value times `factor`, or a word of `enum` by raw value.

    `invert` turns a yes/no signal round. A raw value in `invalid` means that the sender itself does not know.
    """

    message: Text
    signal: Text
    kind: Literal["number", "flag", "bits", "enum"] = "number"
    factor: Num = 1.0
    invert: Flag = False
    invalid: tuple[Int, ...] = ()
    enum: dict[str, Name] | None = None


class TextMap(Strict):
    """A text that travels in parts: multiplexer signal `part` and one 56-bit signal per part, low byte first."""

    message: Text
    part: Text
    chars: Annotated[tuple[Text, ...], Field(min_length=1)]
    length: Count


class RequestMap(Strict):
    """The frame to the car: mode by `modes`, and a counter that must advance."""

    message: Text
    mode: Text
    counter: Text
    modes: dict[Name, Annotated[int, Field(strict=True, ge=0)]]


class AliveMap(Strict):
    """Alive counter of one message; a frame whose counter did not advance refreshes nothing."""

    message: Text
    signal: Text


class CanMap(Strict):
    """The CAN side of a pack or vehicle file.

    `node_in` says what the sender's node is to its ids: their low byte, an offset that is added to all, or nothing.
    """

    dbc: Text
    node_in: Literal["low-byte", "offset", "none"]
    alive: AliveMap
    signals: dict[Name, SignalMap]
    texts: dict[Name, TextMap] = Field(default_factory=dict)
    request: RequestMap | None = None
