"""What a product says it is: read before its readings count, at the start and after each silence."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hal.codecs.blocks import Block
from hal.codecs.identity import Mark, marks_of
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Channel
from hal.config.loader import check_file, load_station
from hal.devices.unit import NEVER, ModbusUnit
from hal.errors import ConfigError, DeviceRefused, DeviceStrange, HalError, LinkDown, LinkTimeout
from hal.ports import LinkState, Table
from tests.golden.framing import answer, device_file, read_pdu, tcp_frame, unit_of

SERIES, MODEL, INPUTS = (Table.HOLDING, 0x2011), (Table.HOLDING, 0x2012), (Table.DISCRETE, 0)
ANALOG = [(Table.HOLDING, 0x1022), (Table.HOLDING, 0x1023)]
SIZE = [(Table.HOLDING, 0x1024), (Table.HOLDING, 0x1025)]
CONFIG = Path(__file__).resolve().parents[2] / "config"
HEAD = """
[device]
model = "m"
title = "t"
protocol = "modbus"
source = "s"
verified_on_hardware = false
address_base = 1
functions = [3]
timeout_s = 0.1
max_read = 4
reply_s = 0.01
"""


@dataclass
class Line:
    """Answers as a WAGO 750-352 does; `errors` are raised instead, one after the other."""

    says: dict[tuple[Table, int], int | HalError] = field(default_factory=dict)
    errors: list[HalError] = field(default_factory=list)
    asked: list[tuple[Table, int]] = field(default_factory=list)
    state: LinkState = LinkState.READY

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        self.asked.append((table, address))
        if self.errors:
            raise self.errors.pop(0)
        said = ({SERIES: 750, MODEL: 352, INPUTS: 1} | self.says).get((table, address), 0)
        if isinstance(said, HalError):
            raise said
        return (said,) * count

    async def write(self, *_: object, **__: object) -> None: ...


def wago(line: Line) -> ModbusUnit:
    codec = UnitCodec(unit_of(device_file("io/wago-750"), {"lane_clear": Channel("di", 0)}))
    return ModbusUnit(codec, line, lambda: 7.0)


async def test_it_tells_what_it_is_once_and_before_anything_else() -> None:
    line = Line()
    unit = wago(line)
    await unit.poll()
    await unit.poll()
    assert line.asked == [SERIES, MODEL, *ANALOG, INPUTS, INPUTS]
    assert unit.values == {"lane_clear": True}


@pytest.mark.parametrize("error", [LinkTimeout("silent"), LinkDown("cut")])
async def test_after_a_request_without_an_answer_it_is_asked_again(error: HalError) -> None:
    line = Line()
    unit = wago(line)
    await unit.poll()
    line.errors = [error]
    with pytest.raises(type(error)):
        await unit.poll()
    line.asked.clear()
    await unit.poll()
    assert line.asked == [SERIES, MODEL, *ANALOG, INPUTS]


async def test_a_refusal_is_an_answer_of_the_same_unit() -> None:
    line = Line()
    unit = wago(line)
    await unit.poll()
    line.errors = [DeviceRefused("busy", 6)]
    with pytest.raises(DeviceRefused):
        await unit.poll()
    line.asked.clear()
    await unit.poll()
    assert line.asked == [INPUTS]


async def test_another_product_brings_no_values() -> None:
    line = Line({MODEL: 362})
    unit = wago(line)
    for _ in range(2):
        with pytest.raises(
            DeviceStrange, match="unit: not the product of its file io/wago-750: model is 362, expected 352"
        ):
            await unit.poll()
    assert (unit.values, unit.at_s) == ({}, NEVER)
    assert INPUTS not in line.asked
    line.says.clear()
    await unit.poll()
    assert unit.values == {"lane_clear": True}


async def test_a_product_without_these_registers_is_another_one() -> None:
    unit = wago(Line({SERIES: DeviceRefused("no", 2)}))
    with pytest.raises(DeviceStrange, match=r"does not tell its series \(exception 2\), expected 750"):
        await unit.poll()


@pytest.mark.parametrize("code", [0x0A, 0x0B])
async def test_a_gateway_that_answers_for_a_silent_unit_says_nothing_of_it(code: int) -> None:
    unit = wago(Line({SERIES: DeviceRefused("gateway", code)}))
    with pytest.raises(DeviceRefused):
        await unit.poll()


async def test_a_product_that_cannot_tell_is_believed() -> None:
    line = Line()
    unit = ModbusUnit(UnitCodec(unit_of(device_file("axis/altivar-320"))), line, lambda: 7.0)
    assert marks_of(unit.codec.unit.device) == ()
    await unit.poll()
    assert line.asked == [(Table.HOLDING, 3201), (Table.HOLDING, 7121)]
    assert unit.values["enabled"] is False


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("io/moxa-e1210", {"model": (Table.INPUT, 5000, 5), "firmware": (Table.INPUT, 5029, 1)}),
        ("io/moxa-e1211", {"model": (Table.INPUT, 5000, 5), "firmware": (Table.INPUT, 5029, 1)}),
        (
            "sensor/laumas-tlb4",
            {
                "firmware": (Table.HOLDING, 0, 1),
                "type": (Table.HOLDING, 1, 1),
                "year": (Table.HOLDING, 2, 1),
                "serial": (Table.HOLDING, 3, 1),
                "program": (Table.HOLDING, 4, 1),
            },
        ),
        ("sensor/bender-isocha425", {"name": (Table.HOLDING, 9800, 10)}),
        ("safety/pilz-pnozmulti", {"project": (Table.HOLDING, 4108, 1), "version": (Table.HOLDING, 8539, 1)}),
    ],
)
def test_products_whose_answer_nobody_knows_for_sure_are_told_and_not_judged(
    name: str, told: dict[str, tuple[Table, int, int]]
) -> None:
    marks = marks_of(device_file(name))
    assert {m.name: (m.block.table, m.block.address, m.block.count) for m in marks} == told
    assert [m.expect for m in marks] == [()] * len(told)


async def test_a_mark_that_is_only_told_costs_no_poll_a_request() -> None:
    line = Line()
    codec = UnitCodec(unit_of(device_file("io/moxa-e1210"), {"at_home": Channel("di", 0)}))
    await ModbusUnit(codec, line, lambda: 7.0).poll()
    assert line.asked == [INPUTS]


async def test_a_module_more_than_the_station_file_says_is_another_unit() -> None:
    """One module with one input more: every channel behind it would be read as its neighbour."""
    unit = load_station("choco-14", roots=(CONFIG,)).units["platform_io"]
    line = Line({SIZE[0]: 32, SIZE[1]: 65})
    driver = ModbusUnit(UnitCodec(unit), line, lambda: 7.0)
    with pytest.raises(DeviceStrange, match="input_bits is 65, expected 64"):
        await driver.poll()
    assert driver.values == {}
    assert INPUTS not in line.asked
    line.says[SIZE[1]] = 64
    line.asked.clear()
    await driver.poll()
    assert line.asked[:6] == [SERIES, MODEL, *ANALOG, *SIZE]
    assert driver.values["lane_clear"] is True


@pytest.mark.parametrize(
    ("expect", "key"),
    [
        ("output_bits = 32", "input_bits"),
        ("output_bits = 32, input_bits = 64, inputs = 3", "inputs"),
        ("output_bits = 32, input_bits = 64, series = 750", "series"),
        ("output_bits = 32, input_bits = 65536", "input_bits"),
    ],
)
def test_what_a_station_file_expects_of_a_unit_is_checked(tmp_path: Path, expect: str, key: str) -> None:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    station = root / "stations" / "choco-14.toml"
    text = station.read_text(encoding="utf-8")
    station.write_text(text.replace("output_bits = 32, input_bits = 64", expect), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_station("choco-14", roots=(root,))
    assert [m.key for m in caught.value.mistakes] == [f"units.platform_io.expect.{key}"]


def test_wago_golden_bytes() -> None:
    series, model, *_, inputs = marks_of(device_file("io/wago-750"))
    assert read_pdu(inputs.block) == tcp_frame("00 03 00 00 00 06 01 03 10 25 00 01")
    assert read_pdu(series.block) == tcp_frame("00 01 00 00 00 06 01 03 20 11 00 01")
    assert read_pdu(model.block) == tcp_frame("00 02 00 00 00 06 01 03 20 12 00 01")
    assert series.why_not(answer(tcp_frame("00 01 00 00 00 05 01 03 02 02 EE"))) == ""  # 750
    assert model.why_not(answer(tcp_frame("00 02 00 00 00 05 01 03 02 01 60"))) == ""  # 352
    assert model.why_not(answer(tcp_frame("00 02 00 00 00 05 01 03 02 03 49"))) == "model is 841, expected 352"


def test_kolver_golden_bytes() -> None:
    """The text is the one of the maker's library: "KDU-1A vM.00.38", two characters a word."""
    (version,) = marks_of(device_file("tightening/kolver-kducer"))
    assert read_pdu(version.block) == tcp_frame("00 00 00 00 00 06 00 04 01 72 00 0A")
    said = "4B 44 55 2D 31 41 20 76 4D 2E 30 30 2E 33 38 00 00 00 00 00"
    words = answer(tcp_frame(f"00 00 00 00 00 17 00 04 14 {said}"))
    assert version.decode(words) == "KDU-1A vM.00.38"
    assert version.why_not(words) == ""
    assert version.encode("KDU-1A vM.00.38") == words
    assert version.why_not((0x4142,) + (0,) * 9) == "version is 'AB', expected 'KDU-' ..."


def test_what_nobody_expects_is_told_and_not_judged() -> None:
    mark = Mark("name", Block(Table.HOLDING, 0, 2), (), text=True)
    assert mark.decode((0x6973, 0x6F00)) == "iso"
    assert mark.why_not((0x6973, 0x6F00)) == ""


def mistakes(tmp_path: Path, mark: str) -> dict[str, str]:
    path = tmp_path / "devices" / "m.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'{HEAD}[registers]\na = {{ table = "holding", address = 1, type = "u16" }}\n[identity]\nm = {{ {mark} }}'
    )
    return {m.key.removeprefix("identity.m."): m.allowed for m in check_file(path)}


@pytest.mark.parametrize(
    ("mark", "key", "allowed"),
    [
        ('table = "input", address = 1', "table", "functions [3]"),
        ('table = "coil", address = 1', "table", "a table of words"),
        ('table = "holding", address = 0', "address", "inside 1 to 65536"),
        ('table = "holding", address = 1, words = 2', "words", "1 for u16"),
        ('table = "holding", address = 1, type = "text", words = 5', "words", "at most 4"),
        ('table = "holding", address = 1, station = true, expect = [1]', "station", "only for u16 without expect"),
        ('table = "holding", address = 1, station = true, type = "text"', "station", "only for u16 without expect"),
        ('table = "holding", address = 1, expect = ["x"]', "expect", "values of type u16"),
        ('table = "holding", address = 1, type = "text", expect = [5]', "expect", "values of type text"),
        ('table = "holding", address = 1, expect = [65536]', "expect", "0 to 65535"),
        ('table = "holding", address = 1, type = "text", words = 2, expect = ["ABCDE"]', "expect", "1 to 4 ASCII"),
        ('table = "holding", address = 1, type = "text", words = 2, expect = [""]', "expect", "1 to 4 ASCII"),
    ],
)
def test_a_mark_that_cannot_be_is_a_mistake(tmp_path: Path, mark: str, key: str, allowed: str) -> None:
    found = mistakes(tmp_path, mark)
    assert list(found) == [key]
    assert allowed in found[key]


def test_addresses_of_marks_are_wire_addresses_like_all_others(tmp_path: Path) -> None:
    assert mistakes(tmp_path, 'table = "holding", address = 1, expect = [1]') == {}
