"""Reading one Modbus unit on demand: every value that reading does not change, with the words it came from."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from hal.codecs.blocks import OWN_ID, merge
from hal.codecs.identity import marks_of
from hal.codecs.registers import Block, UnitCodec, Value
from hal.config.device import WORD_TABLES
from hal.errors import CodecError, DeviceRefused, LinkGarbage
from hal.ports import LinkState, ModbusLink, Table

CONNECT_S: Final = 3.0
"""How long a carrier may take to open: longer than one attempt of any."""


class Carrier(Protocol):
    """What the real carriers have beyond their ports."""

    error: str

    @property
    def state(self) -> LinkState: ...

    def on_state(self, changed: Callable[[LinkState], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Raw:
    """Table entries behind one value: words, or bits."""

    table: Table
    address: int
    entries: tuple[int, ...]

    def __str__(self) -> str:
        digits = 4 if self.table in WORD_TABLES else 1
        return f"{self.table} 0x{self.address:04X}: {' '.join(f'{entry:0{digits}X}' for entry in self.entries)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one unit said. `at_s` is when it was asked, `took_s` how long all of it took.

    `refused`: blocks that it does not give, with its words.
    """

    at_s: float
    took_s: float
    values: Mapping[str, Value | None]
    raw: Mapping[str, Raw]
    refused: Mapping[Block, str]


async def is_ready(carrier: Carrier, limit_s: float = CONNECT_S) -> bool:
    """Wait until a carrier takes requests; `False` after one failed attempt or the limit, and `error` says why."""
    if carrier.state is LinkState.READY:
        return True
    tried: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def changed(state: LinkState) -> None:
        if state is not LinkState.CONNECTING and not tried.done():
            tried.set_result(state is LinkState.READY)

    carrier.on_state(changed)
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            return await tried
    return False


def blocks_of(codec: UnitCodec) -> tuple[Block, ...]:
    """Reads for all values but those that a read would change."""
    shy = [field.read for field in codec.fields.values() if field.shy and field.read is not None]
    open_ones = [field.read for field in codec.fields.values() if not field.shy and field.read is not None]
    return merge(open_ones, shy, codec.info.max_read, codec.info.max_gap)


async def sample(codec: UnitCodec, link: ModbusLink, clock: Callable[[], float]) -> Sample:
    """Read a unit once. Raises `LinkError`, and `DeviceRefused` where it refuses everything."""
    began = clock()
    values: dict[str, Value | None] = {}
    raw: dict[str, Raw] = {}
    refused: dict[Block, str] = {}
    blocks = blocks_of(codec)
    for block in blocks:
        try:
            words = await read_block(codec, link, block)
        except DeviceRefused as error:
            refused[block] = str(error)
            if len(refused) == len(blocks):
                raise
            continue
        values |= _decoded(codec, block, words)
        raw |= _raw(codec, block, words)
    return Sample(began, clock() - began, values, raw, refused)


async def read_block(codec: UnitCodec, link: ModbusLink, block: Block) -> tuple[int, ...]:
    """One request. Raises `LinkError` and `DeviceRefused`."""
    timeout_s = codec.info.timeout_s
    unit = codec.unit.unit if block.unit_id == OWN_ID else block.unit_id
    return await link.read(unit, block.table, block.address, block.count, timeout_s=timeout_s)


async def identity(codec: UnitCodec, link: ModbusLink) -> tuple[str, str]:
    """What the product says it is (empty where it cannot tell), and what of it is not as its file expects.

    Raises `LinkError` and `DeviceRefused`.
    """
    told, wrong = [], []
    for mark in marks_of(codec.unit.device):
        words = await read_block(codec, link, mark.block)
        told.append(f"{mark.name} {mark.decode(words)}")
        wrong.append(mark.why_not(words))
    return ", ".join(told), ", ".join(filter(None, wrong))


def _decoded(codec: UnitCodec, block: Block, words: tuple[int, ...]) -> Mapping[str, Value | None]:
    try:
        return codec.decode(block, words)
    except CodecError as error:
        raise LinkGarbage(f"{codec.unit.name}: {error}") from None


def _raw(codec: UnitCodec, block: Block, words: tuple[int, ...]) -> dict[str, Raw]:
    found: dict[str, Raw] = {}
    for name, field in codec.fields.items():
        read = field.read
        if read is not None and block.covers(read):
            entries = words[read.address - block.address : read.end - block.address]
            found[name] = Raw(block.table, read.address, entries)
    return found
