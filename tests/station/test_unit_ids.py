"""A product that answers for some values under another unit id: per register, from the file to the wire and back."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hal.codecs.blocks import Block
from hal.codecs.registers import Write
from hal.config.loader import check_file, load_station
from hal.devices.unit import ModbusUnit
from hal.ports import LinkState, Table
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import load_scenario
from tests.unit.test_registers import codec_of

CONFIG = Path(__file__).resolve().parents[2] / "config"
REGISTERS = {
    "fault_word": {"table": "holding", "address": 0, "type": "u16"},
    "load_kg": {"table": "holding", "address": 0, "type": "u16", "unit_id": 7},
    "overload": {"table": "holding", "address": 1, "type": "bool", "bit": 0, "unit_id": 7, "cyclic": True},
    "target": {"table": "holding", "address": 2, "type": "u16", "access": "w"},
    "enable": {"table": "holding", "address": 3, "type": "u16", "access": "w", "unit_id": 7},
}
STOP = {"stop": {"steps": [{"write": {"target": 5, "enable": 1}}]}}


@dataclass
class Line:
    """Unit 1 says 11 everywhere, unit 7 says 70."""

    state: LinkState = LinkState.READY
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        self.asked.append((unit, address, count))
        return ({1: 11, 7: 70}[unit],) * count

    async def write(self, unit: int, table: Table, address: int, values: tuple[int, ...], **_: object) -> None:
        self.asked.append((unit, address, values[0]))


def test_values_of_two_ids_are_never_one_request_though_their_addresses_meet() -> None:
    codec = codec_of(REGISTERS, STOP)
    assert codec.blocks == (Block(Table.HOLDING, 0, 1), Block(Table.HOLDING, 0, 2, unit_id=7))
    own, other = codec.blocks
    assert codec.decode(own, (3,)) == {"fault_word": 3}
    assert codec.decode(other, (4, 1)) == {"load_kg": 4, "overload": True}
    target, enable = (action for action in codec.plan("stop", {}) if isinstance(action, Write))
    assert (target.address, target.multiple, enable.address, enable.unit_id) == (2, False, 3, 7)


async def test_each_value_is_asked_for_under_its_id() -> None:
    line = Line()
    unit = ModbusUnit(codec_of(REGISTERS, STOP), line, lambda: 1.0)
    await unit.poll()
    await unit.do("stop", {}, still=lambda: True)
    assert line.asked == [(1, 0, 1), (7, 0, 2), (1, 2, 5), (7, 3, 1)]
    assert unit.values == {"fault_word": 11, "load_kg": 70, "overload": False}


def changed(root: Path, text: str) -> Path:
    shutil.copytree(CONFIG, root)
    file = root / "devices" / "generic" / "load-cell.toml"
    was = file.read_text()
    assert "bit = 0\n" in was
    file.write_text(was.replace("bit = 0\n", f"bit = 0\n{text}\n", 1))
    return root / "stations" / "choco-14.toml"


@pytest.mark.parametrize("taken", [2, 3], ids=["own", "neighbour"])
def test_an_id_that_somebody_has_on_the_link_is_a_mistake(tmp_path: Path, taken: int) -> None:
    found = check_file(changed(tmp_path / "config", f"unit_id = {taken}"))
    assert any("an id that lift_load does not have on lift_line" in m.allowed for m in found)


def test_a_companion_comes_under_the_same_id(tmp_path: Path) -> None:
    file = changed(tmp_path / "config", "unit_id = 40\nvalid = { block_mark = [1] }")
    assert any(m.key.endswith("overload.valid.block_mark") for m in check_file(file))


def test_a_whole_swap_with_a_value_under_another_id_over_frames(tmp_path: Path) -> None:
    file = changed(tmp_path / "config", "unit_id = 40")
    result = run_virtual(load_scenario("happy"), frames=True, station=load_station(str(file)))
    assert result.misses == ()
