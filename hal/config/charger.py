"""Charger file: one charger module on CAN that answers when it is asked (`config/chargers/<name>.toml`)."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Flag, Int, Name, Num, Positive, Strict, Text

Octet = Annotated[int, Field(strict=True, ge=0, le=7)]
Address = Annotated[int, Field(strict=True, ge=0)]


class ChargerInfo(Strict):
    """What it is and how it is spoken with.

    It is asked every `every_s`, or every `idle_s` while it is seen off, answers within `timeout_s`, and switches off by
    itself when nobody asks for `off_after_s`. `confirm_s`: how long it may take until it is seen on or off.
    """

    title: Text
    source: Text
    verified_on_hardware: Flag
    every_s: Positive
    idle_s: Positive
    timeout_s: Positive
    confirm_s: Positive
    off_after_s: Positive

    def stale_after_s(self, periods: int) -> float:
        """A reading counts for so long."""
        return periods * self.every_s + self.timeout_s


class IdField(Strict):
    """Bits of the identifier: the lowest one, and how many."""

    bit: Annotated[int, Field(strict=True, ge=0, le=28)]
    bits: Annotated[int, Field(strict=True, ge=1, le=29)]


class IdMap(Strict):
    """How a 29-bit identifier is made up. An answer swaps source and destination.

    `controller` and `device` are our own address and the kind of addressee. `errors`: numbers of the error field that
    are refusals, in words; `fine`: those that are none.
    """

    source: IdField
    destination: IdField
    command: IdField
    device: IdField
    error: IdField
    controller: Address
    to_device: Address
    errors: dict[str, Text]
    fine: Annotated[tuple[Int, ...], Field(min_length=1)]


class ByteMap(Strict):
    """One value in the eight bytes, big-endian from `byte` on.

    A number times `scale`, a flag at `bit` (`invert` turns it round), or the bits of `mask`. A float that is no number
    is unknown.
    """

    byte: Octet
    type: Literal["u8", "u16", "u24", "u32", "f32"]
    scale: Num = 1.0
    bit: Annotated[int, Field(strict=True, ge=0, le=31)] | None = None
    invert: Flag = False
    mask: Annotated[int, Field(strict=True, ge=1)] | None = None
    confidence: Literal["H", "M"] | None = None

    @property
    def octets(self) -> int:
        """How many bytes it takes."""
        return 4 if self.type == "f32" else int(self.type[1:]) // 8


class Exchange(Strict):
    """One request and its answer: command number, and what stands in the bytes."""

    command: Annotated[int, Field(strict=True, ge=0)]
    values: dict[Name, ByteMap] = Field(default_factory=dict)
    source: str = ""


class ChargerContent(Strict):
    """The whole file. `reads`: what is asked, `limits` of them only when it is met anew; `writes`: `set`, `enable`."""

    charger: ChargerInfo
    id: IdMap
    reads: dict[Name, Exchange]
    writes: dict[Name, Exchange]


class ChargerType(ChargerContent):
    """A loaded charger file."""

    name: Name
