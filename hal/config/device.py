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


Argument = Flag | Int | Num | str


class DeviceInfo(Strict):
    """What the unit is and how it may be talked to. `max_read`/`max_write` in registers (x16 for bits).

    `silence_s`: the unit drops out when it hears nothing for so long; no poll period may come near it.
    `memory_every_s`: the least time between two writes to its memory, where it has one that wears out.
    """

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
    silence_s: Positive | None = None
    memory_every_s: Positive | None = None


class Register(Strict):
    """One value, or `repeat` equal ones. Physical value = raw * scale * gain of the station + offset.

    - `bit` is the place of a bool in a word; with `width` it is the lowest bit of a small number inside a u16.
    - `ref` is the number in the manual, when it is not the address: the distance is one and the same in a table.
    - `hazard`: "motion" = a plain write moves metal, "dead-man" = it moves for as long as the write is repeated;
      `rest` is the value that moves nothing, if there is one.
    - `edge`: the unit acts on the change, so that a verb writes the level of rest, then the other.
    - `rewrite_every_s`: a value that is not zero is written again so often; the unit drops it after `drops_after_s`.
    - `clears_on_read`: a read changes it; never polled, one reader. `eeprom`, `eeprom_values`: writes wear a memory.
    - `unit_id`: the product answers for this value under another unit id of its line than for the rest.
    - `rolling`: the unit counts it up with every answer that holds it; `constant`: it always reads so. The stamp of a
      status block: an answer with an old count, or without the mark, is not taken.
    - `valid`: companions, read in the same request, and the values of each with which this one counts.
    """

    table: Table
    address: Address
    type: WordType
    bit: Annotated[int, Field(strict=True, ge=0, le=15)] | None = None
    width: Annotated[int, Field(strict=True, ge=1, le=16)] | None = None
    word_order: Literal["ABCD", "CDAB"] | None = None
    scale: Num = 1.0
    offset: Num = 0.0
    enum: dict[str, Name] | None = None
    access: Literal["r", "w", "rw"] = "r"
    repeat: Count | None = None
    stride: Count | None = None
    cyclic: Flag | None = None
    hazard: Literal["motion", "dead-man"] | None = None
    rest: Argument | None = None
    edge: Flag = False
    rewrite_every_s: Positive | None = None
    drops_after_s: Positive | None = None
    clears_on_read: Flag = False
    eeprom: Flag = False
    eeprom_values: tuple[Int, ...] = ()
    unit_id: Annotated[int, Field(strict=True, ge=0, le=255)] | None = None
    rolling: Flag = False
    constant: Annotated[int, Field(strict=True, ge=1, le=0xFFFF)] | None = None
    valid: dict[Name, Annotated[tuple[Argument, ...], Field(min_length=1)]] = Field(default_factory=dict)
    ref: Int | None = None
    confidence: Literal["H", "M"] | None = None
    source: str = ""

    @property
    def is_stamp(self) -> bool:
        """True for what proves that an answer is a new one of its block."""
        return self.rolling or self.constant is not None

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


class IdentityMark(Strict):
    """Something that the unit tells of itself: one word, or text of `words` words, two characters each.

    A value of `expect` must be read before its readings count (text must begin with one); with none it is only told.
    `station`: what is expected is the very unit's own, such as what is plugged into it: the station file says it.
    """

    table: Table
    address: Address
    type: Literal["u16", "text"] = "u16"
    words: Count = 1
    expect: tuple[Int | str, ...] = ()
    station: Flag = False
    confidence: Literal["H", "M"] | None = None
    source: str = ""


class ChannelGroup(Strict):
    """Digital channels, wired to roles in the station file. In a word table bit 0 of the first word is channel 0.

    `readback` is the wire address at which outputs are read, when it is not the address they are written at.
    """

    table: Table
    address: Address
    count: Count
    readback: Address | None = None
    ref: Int | None = None
    source: str = ""


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
    identity: dict[Name, IdentityMark] = Field(default_factory=dict)
    registers: dict[Name, Register] = Field(default_factory=dict)
    channels: dict[Name, ChannelGroup] = Field(default_factory=dict)
    commands: dict[Name, Verb] = Field(default_factory=dict)


class DeviceFile(DeviceContent):
    """A loaded device file: addresses are wire addresses now. `name` is its path below `config/devices`."""

    name: str
