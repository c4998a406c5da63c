"""Pilz PNOZmulti: golden bytes computed from the manual's address tables."""

import pytest

from hal.codecs.registers import Block, UnitCodec, Write
from hal.ports import Table
from tests.golden.framing import answer, codec_of, plan_of, read_pdu, received, tcp_frame


@pytest.fixture(name="plc", scope="module")
def plc_codec() -> UnitCodec:
    return codec_of("safety/pilz-pnozmulti")


def test_run_enable_leaves_first_and_arms_the_watchdog(plc: UnitCodec) -> None:
    enable, watchdog = plan_of(plc, "run_enable", {"on": True})
    assert enable == bytes.fromhex("05 00 00 FF 00")  # i0 as a bit: the other fifteen stay as they are
    assert watchdog == tcp_frame("00 02 00 00 00 06 01 06 00 FF 83 00")
    first, second = plc.plan("run_enable", {"on": False})
    assert isinstance(first, Write)
    assert (first.values, first.unless) == ((0,), None)
    assert isinstance(second, Write)
    assert second.unless is not None


@pytest.mark.parametrize(("word", "armed"), [(0x0300, True), (0x8300, True), (0x0200, False), (0, False)])
def test_only_the_time_bits_say_whether_the_watchdog_is_armed(plc: UnitCodec, word: int, armed: bool) -> None:
    arm = plc.plan("run_enable", {"on": True})[-1]
    assert isinstance(arm, Write)
    assert arm.unless is not None
    (block,) = arm.unless.reads
    assert block == Block(Table.HOLDING, 255, 1)
    assert arm.unless.holds(plc.decode(block, (word,))) is armed


def test_virtual_outputs_as_bits(plc: UnitCodec) -> None:
    (block,) = plc.blocks
    assert read_pdu(block) == tcp_frame("00 04 00 00 00 06 01 02 20 00 00 09")
    seen = plc.decode(block, answer(tcp_frame("00 04 00 00 00 05 01 02 02 03 01"))[:9])
    assert {name for name, on in seen.items() if on} == {"estop_ok", "gate_closed", "maintenance_key"}


def test_virtual_outputs_as_words(plc: UnitCodec) -> None:
    block = Block(Table.INPUT, 512, 8)
    assert read_pdu(block) == tcp_frame("00 03 00 00 00 06 01 04 02 00 00 08")
    golden = "00 03 00 00 00 13 01 04 10 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    assert plc.decode(block, answer(tcp_frame(golden))) == {"output_words": (3, 0, 0, 0, 0, 0, 0, 0)}


def test_a_word_write_sets_sixteen_virtual_inputs(plc: UnitCodec) -> None:
    assert received(plc, tcp_frame("00 01 00 00 00 06 01 06 00 00 00 01")) == {"input_word_0": 1}


def test_the_heartbeat_is_one_write_of_virtual_inputs(plc: UnitCodec) -> None:
    assert plan_of(plc, "heartbeat", {"count": 0x1234}) == [bytes.fromhex("06 00 01 12 34")]
