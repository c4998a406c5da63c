"""How roles of a reading come out of CAN signals: shared by pack and vehicle files."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Count, Flag, Int, Name, Num, Positive, Strict, Text


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
    confidence: Literal["H", "M"] | None = None


class TextMap(Strict):
    """A text that travels in parts: multiplexer signal `part` and one signal of `chars` per part, in the DBC's order.

    Without `part` it is one signal of words, filled up with spaces; `length` is then the longest that fits.
    """

    message: Text
    part: Text | None = None
    chars: Annotated[tuple[Text, ...], Field(min_length=1)]
    length: Count


class RequestMap(Strict):
    """The frame to the car: mode by `modes`, and a counter that must advance."""

    message: Text
    mode: Text
    counter: Text
    modes: dict[Name, Annotated[int, Field(strict=True, ge=0)]]


class AliveMap(Strict):
    """The message by which a sender is known to be there, and the alive counter in it.

    A frame whose counter did not advance refreshes nothing. Without `signal` the sender has no counter: every frame
    counts, also of one that says the same for ever.
    """

    message: Text
    signal: Text | None = None


class KeepaliveMap(Strict):
    """A frame of zeros that the sender wants to hear of us every `every_s`: `message` of the DBC, of its length."""

    message: Text
    every_s: Positive


class CanMap(Strict):
    """The CAN side of a pack or vehicle file.

    `node_in` says what the sender's node is to its ids: their low byte, an offset that is added to all, or nothing.
    `any_length`: a frame may be shorter or longer than in the DBC; what it does not carry is unknown. Else it is bad.
    `absent`: roles that this sender does not tell, and why: they stay unknown.
    """

    dbc: Text
    node_in: Literal["low-byte", "offset", "none"]
    alive: AliveMap
    signals: dict[Name, SignalMap]
    texts: dict[Name, TextMap] = Field(default_factory=dict)
    absent: dict[Name, Text] = Field(default_factory=dict)
    any_length: Flag = False
    keepalive: KeepaliveMap | None = None
    request: RequestMap | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the messages that roles come from, each once."""
        signals, texts = self.signals.values(), self.texts.values()
        return tuple(dict.fromkeys([*(s.message for s in signals), *(t.message for t in texts)]))
