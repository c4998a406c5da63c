"""Words of Modbus units against the register codec, per kind of device file; and writes on the device's side."""

from functools import cache
from pathlib import Path
from random import Random

from hal.codecs.registers import Block, UnitCodec
from hal.errors import CodecError
from hal.ports import Table
from tests.fuzz.bytes_ import EDGES, words
from tests.golden.framing import CONFIG, device_file, unit_of

WRONG_LENGTH = 0.04
DEVICES = CONFIG / "devices"
_BITS = {Table.COIL, Table.DISCRETE}


def kinds() -> tuple[str, ...]:
    """Folders of device files."""
    return tuple(sorted(p.name for p in DEVICES.iterdir() if p.is_dir() and codecs(p.name)))


@cache
def codecs(kind: str) -> tuple[UnitCodec, ...]:
    """A codec of every device file of a kind, templates aside."""
    return tuple(_codec(path) for path in sorted((DEVICES / kind).glob("*.toml")) if "TEMPLATE" not in path.name)


def _codec(path: Path) -> UnitCodec:
    return UnitCodec(unit_of(device_file(f"{path.parent.name}/{path.stem}")))


class Reads:
    """Answers to reads: words decoded to values."""

    def __init__(self, kind: str) -> None:
        self._blocks = [(codec, block) for codec in codecs(kind) for block in _blocks_of(codec)]
        self._base = {block: [0] * block.count for _, block in self._blocks}

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """A block of words, most of them of the right number."""
        codec, block = rng.choice(self._blocks)
        made = words(rng, self._base[block])
        if block.table in _BITS:
            made = [word & 1 for word in made]
        wrong = rng.random() < WRONG_LENGTH
        if wrong:
            made = made[:-1] if rng.random() < 0.5 else [*made, 0]
        try:
            values = codec.decode(block, made)
        except CodecError:
            assert wrong, f"{codec.unit.device.name} {block}: refused {made}"
            return False, True
        assert not wrong
        assert values.keys() <= codec.fields.keys()
        return True, False


def _blocks_of(codec: UnitCodec) -> list[Block]:
    """The cyclic reads, and each value alone that is not among them."""
    alone = [f.read for f in codec.fields.values() if f.read is not None and not f.polled]
    return [*codec.blocks, *alone]


class Writes:
    """Writes of a master as an emulated unit takes them: mapped or refused by `LookupError`, never half."""

    def __init__(self) -> None:
        self._codecs = [c for kind in kinds() for c in codecs(kind) if any(f.write for f in c.fields.values())]
        self._fields = {c: [f.write for f in c.fields.values() if f.write is not None] for c in self._codecs}

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """A write at or beside a mapped address."""
        codec = rng.choice(self._codecs)
        place = rng.choice(self._fields[codec])
        wild = rng.random() < 0.04
        address = rng.randrange(65530) if wild else place.address
        count = rng.randint(1, 4) if wild else place.end - place.address
        made = [rng.choice(EDGES) if rng.random() < 0.5 else rng.getrandbits(16) for _ in range(count)]
        if place.table in _BITS:
            made = [word & 1 for word in made]
        try:
            found = codec.decode_write(place.table, address, made)
        except LookupError:
            return not wild, True
        assert found.keys() <= codec.fields.keys()
        return True, False
