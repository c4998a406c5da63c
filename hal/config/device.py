"""Device file of one Modbus unit model: registers, channels and verbs (`config/devices/<class>/<model>.toml`)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Address, Count, Flag, Int, Name, NotNegative, Num, Positive, Strict, Text
from hal.ports import Table

WORD_TABLES = frozenset({Table.HOLDING, Table.INPUT})
BIT_TABLES = frozenset({Table.COIL, Table.DISCRETE})
READ_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
WRITE_ONE = {Table.COIL: 5, Table.HOLDING: 6}
WRITE_MANY = {Table.COIL: 15, Table.HOLDING: 16}

FunctionCode = Literal[1, 2, 3, 4, 5, 6, 15, 16]


class WordType(StrEnum):
    """How a value lies in the table."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    F32 = "f32"
    BOOL = "bool"


class DeviceInfo(Strict):
    """What the unit is and how it may be talked to. `max_read`/`max_write` in registers (x16 for bits)."""

    model: Text
    title: Text
    protocol: Literal["modbus"]
    source: Text
    verified_on_hardware: Flag
    address_base: Literal[0, 1]
    functions: tuple[FunctionCode, ...]
    timeout_s: Positive
    min_gap_s: NotNegative = 0.0
    max_read: Annotated[int, Field(strict=True, ge=1, le=125)] = 125
    max_write: Annotated[int, Field(strict=True, ge=1, le=123)] = 123
    max_gap: Annotated[int, Field(strict=True, ge=0, le=64)] = 8
    reply_s: NotNegative


class Register(Strict):
    """One value, or `repeat` equal ones. Physical value = raw * scale * gain of the station + offset."""

    table: Table
    address: Address
    type: WordType
    bit: Annotated[int, Field(strict=True, ge=0, le=15)] | None = None
    word_order: Literal["ABCD", "CDAB"] = "ABCD"
    scale: Num = 1.0
    offset: Num = 0.0
    enum: dict[str, Name] | None = None
    access: Literal["r", "w", "rw"] = "r"
    repeat: Count | None = None
    stride: Count | None = None
    cyclic: Flag | None = None
    hazard: Literal["motion"] | None = None
    confidence: Literal["H", "M"] | None = None
    source: str = ""

    @property
    def readable(self) -> bool:
        """True when a read may name it."""
        return "r" in self.access

    @property
    def writable(self) -> bool:
        """True when a write may name it."""
        return "w" in self.access

    @property
    def size(self) -> int:
        """Words (or bits, in a bit table) of one element."""
        return 2 if self.type in {WordType.U32, WordType.S32, WordType.F32} else 1

    @property
    def step(self) -> int:
        """Distance of two elements: words, or bits for a bool."""
        return self.stride or self.size

    @property
    def span(self) -> int:
        """Table entries from the first to the last, gaps of the stride included."""
        last = (self.repeat or 1) - 1
        if self.bit is not None:
            return (self.bit + last * self.step) // 16 + 1
        return last * self.step + self.size


class ChannelGroup(Strict):
    """Digital channels, wired to roles in the station file. In a word table bit 0 of the first word is channel 0.

    `readback` is the wire address at which outputs are read, when it is not the address they are written at.
    """

    table: Table
    address: Address
    count: Count
    readback: Address | None = None
    source: str = ""


Argument = Flag | Int | Num | str


class CommandStep(Strict):
    """Either a write (skipped when `unless` reads equal) or a bounded wait for a read-back."""

    unless: dict[str, Argument] | None = None
    write: dict[str, Argument] | None = None
    wait: dict[str, Argument] | None = None
    limit_s: Positive | None = None


class Verb(Strict):
    """What one command becomes on this unit, step by step."""

    steps: Annotated[tuple[CommandStep, ...], Field(min_length=1)]
    source: str = ""


class DeviceContent(Strict):
    """The whole file."""

    device: DeviceInfo
    registers: dict[Name, Register] = Field(default_factory=dict)
    channels: dict[Name, ChannelGroup] = Field(default_factory=dict)
    commands: dict[Name, Verb] = Field(default_factory=dict)


class DeviceFile(DeviceContent):
    """A loaded device file: addresses are wire addresses now. `name` is its path below `config/devices`."""

    name: str
