"""Eastron SDM630: golden bytes of the family's manuals."""

import pytest

from hal.codecs.registers import Block, UnitCodec
from hal.ports import Table
from tests.golden.framing import answer, codec_of, crc, frame, read_pdu


@pytest.fixture(name="meter", scope="module")
def meter_codec() -> UnitCodec:
    return codec_of("meter/eastron-sdm630")


def test_voltage(meter: UnitCodec) -> None:
    assert read_pdu(Block(Table.INPUT, 0, 2)) == frame("01 04 00 00 00 02 71 CB")  # manual
    first = answer(frame("01 04 04 43 66 33 34 1B 38"))  # manual: 230.2 V
    seen = meter.decode(Block(Table.INPUT, 0, 6), first * 3)
    assert seen == {"phase_v": pytest.approx((230.2, 230.2, 230.2), abs=1e-4)}


def test_power(meter: UnitCodec) -> None:
    block = Block(Table.INPUT, 0x34, 2)
    assert block in meter.blocks
    assert read_pdu(block) == frame("01 04 00 34 00 02 30 05")
    assert meter.decode(block, answer(frame("01 04 04 44 BB 80 00 FE 91"))) == {"power_w": 1500.0}


def test_counters(meter: UnitCodec) -> None:
    block = Block(Table.INPUT, 0x48, 4)
    assert read_pdu(block) == frame("01 04 00 48 00 04 71 DF")
    seen = meter.decode(block, answer(frame("01 04 08 46 40 E6 00 3F 00 00 00 FB C1")))
    assert seen == {"import_kwh": 12345.5, "export_kwh": 0.5}


@pytest.mark.parametrize(
    "golden",
    ["01 03 00 0C 00 02 04 08", "01 03 04 42 C8 00 00 6F B5", "01 10 00 16 00 02 04 3F 80 00 00 7F 75"],
)
def test_settings_of_the_sister_manual_hold_together(golden: str) -> None:
    frame(golden)


def test_every_request_is_within_thirty_values(meter: UnitCodec) -> None:
    assert [(b.address, b.count) for b in meter.blocks] == [(0x00, 18), (0x34, 2), (0x46, 6)]


def test_the_wiki_frame_with_count_zero_is_a_misprint() -> None:
    assert crc(bytes.fromhex("01 04 00 00 00 00")) != bytes.fromhex("71 CB")
