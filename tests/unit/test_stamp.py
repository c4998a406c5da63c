"""The stamp of our own status blocks: an old answer, or one of another block, never becomes a value."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hal.codecs.blocks import Block
from hal.codecs.registers import UnitCodec
from hal.config.loader import check_file
from hal.devices.unit import ModbusUnit
from hal.errors import LinkGarbage
from hal.ports import LinkState, Table
from tests.golden.framing import answer, device_file, read_pdu, tcp_frame, unit_of

MARK = 0x4C43
CONFIG = Path(__file__).resolve().parents[2] / "config"


@dataclass
class Line:
    """Gives these answers of a load cell, oldest first: load in 0.1 kg, mark, count."""

    says: list[tuple[int, int, int]]
    state: LinkState = LinkState.READY
    clock: float = 0.0
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        self.asked.append((address, count))
        self.clock += 1.0
        load, mark, number = self.says.pop(0)
        return (load >> 16, load & 0xFFFF, 0, mark, number)


def load_cell(*says: tuple[int, int, int]) -> tuple[ModbusUnit, Line]:
    line = Line(list(says))
    return ModbusUnit(UnitCodec(unit_of(device_file("generic/load-cell"))), line, lambda: line.clock), line  # type: ignore[arg-type]


async def test_the_same_answer_again_is_an_old_one() -> None:
    unit, _ = load_cell((3000, MARK, 7), (0, MARK, 7), (10, MARK, 8))
    await unit.poll()
    with pytest.raises(LinkGarbage, match="count 7 after 7: an old answer"):
        await unit.poll()
    assert (unit.values["load_kg"], unit.at_s) == (300.0, 0.0), "nothing of it is taken, its age included"
    await unit.poll()
    assert unit.values["load_kg"] == 1.0


@pytest.mark.parametrize("count", [6, 0, 65535, 7 - 0x8000 & 0xFFFF])
async def test_an_answer_from_before_is_an_old_one(count: int) -> None:
    unit, _ = load_cell((3000, MARK, 7), (0, MARK, count))
    await unit.poll()
    with pytest.raises(LinkGarbage, match="an old answer"):
        await unit.poll()


async def test_the_count_goes_over_its_end_and_may_skip_what_others_asked() -> None:
    unit, _ = load_cell((3000, MARK, 65530), (3010, MARK, 65535), (3020, MARK, 0), (3030, MARK, 40))
    for load_kg in (300.0, 301.0, 302.0, 303.0):
        await unit.poll()
        assert unit.values["load_kg"] == load_kg


async def test_a_unit_that_starts_anew_is_believed_after_one_doubt() -> None:
    unit, _ = load_cell((3000, MARK, 20000), (3010, MARK, 1), (3020, MARK, 2))
    await unit.poll()
    with pytest.raises(LinkGarbage):
        await unit.poll()
    await unit.poll()
    assert unit.values["load_kg"] == 302.0


async def test_a_unit_whose_values_hang_is_never_believed_again_until_it_counts() -> None:
    unit, _ = load_cell(*[(3000, MARK, 7)] * 5, (3010, MARK, 8))
    await unit.poll()
    for _ in range(4):
        with pytest.raises(LinkGarbage):
            await unit.poll()
    assert unit.at_s == 0.0
    await unit.poll()
    assert unit.values["load_kg"] == 301.0


async def test_another_block_in_the_place_of_the_right_one_is_refused() -> None:
    unit, _ = load_cell((3000, 0x4C4B, 7))
    with pytest.raises(LinkGarbage, match="mark 0x4C4B instead of 0x4C43"):
        await unit.poll()
    assert unit.values == {}


async def test_a_new_count_alone_is_no_change() -> None:
    unit, _ = load_cell((3000, MARK, 7), (3000, MARK, 8), (3000, MARK, 9))
    for _ in range(3):
        await unit.poll()
    assert unit.version == 1
    assert unit.at_s == 2.0


def test_a_status_block_is_one_request_with_its_stamp_in_it() -> None:
    codec = UnitCodec(unit_of(device_file("generic/load-cell")))
    (block,) = codec.blocks
    assert read_pdu(block) == tcp_frame("00 01 00 00 00 06 01 04 00 00 00 05")
    seen = codec.decode(block, answer(tcp_frame("00 01 00 00 00 0D 01 04 0A 00 00 0B B8 00 01 4C 43 00 2A")))
    assert seen == {"load_kg": 300.0, "overload": True, "block_mark": 0x4C43, "answer_count": 42}


@pytest.mark.parametrize(("table", "address"), [(Table.HOLDING, 0), (Table.INPUT, 0x40)])
def test_a_block_beside_the_stamp_has_none(table: Table, address: int) -> None:
    codec = UnitCodec(unit_of(device_file("generic/load-cell")))
    assert codec.stamp(Block(table, address, 4)) is None


@pytest.mark.parametrize("name", ["di16", "load-cell", "lock-controller", "safety-plc", "shuttle", "stacker"])
def test_every_map_of_our_own_has_a_stamp_in_each_polled_block(name: str) -> None:
    codec = UnitCodec(unit_of(device_file(f"generic/{name}")))
    stamps = [codec.stamp(block) for block in codec.blocks]
    assert stamps
    assert all(stamp is not None and stamp.count_at is not None and stamp.marks for stamp in stamps)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ('type = "u16"\nrolling = true', "rolling"),
        ("rolling = true", "rolling"),
        ("constant = 0x4C43", "constant"),
    ],
    ids=["type", "both", "written"],
)
def test_a_stamp_is_a_plain_word_that_is_read(tmp_path: Path, change: str, key: str) -> None:
    worse = {
        'type = "u16"\nrolling = true': 'type = "s32"\nword_order = "ABCD"\nrolling = true',
        "rolling = true": "rolling = true\nconstant = 5",
        "constant = 0x4C43": 'constant = 0x4C43\naccess = "rw"',
    }[change]
    text = (CONFIG / "devices/generic/load-cell.toml").read_text()
    assert change in text
    file = tmp_path / "cell.toml"
    file.write_text(text.replace(change, worse))
    assert any(m.key.endswith(f".{key}") for m in check_file(file))
