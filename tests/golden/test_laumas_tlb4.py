"""Laumas TLB4: golden bytes computed from the manuals' register tables."""

from hal.codecs.registers import Block
from hal.ports import Table
from tests.golden.framing import answer, codec_of, frame, plan_of, read_pdu, received


def test_status_gross_and_net_in_one_request() -> None:
    codec = codec_of("sensor/laumas-tlb4", {"load_kg": 0.1})
    assert codec.blocks == (Block(Table.HOLDING, 6, 5),)
    assert read_pdu(codec.blocks[0]) == frame("01 03 00 06 00 05 65 C8")
    seen = codec.decode(codec.blocks[0], answer(frame("01 03 0A 00 00 00 00 04 D2 00 00 04 B0 9E 54")))
    assert seen == {"status_word": 0, "load_kg": 123.4, "net": 1200}


def test_zero_is_one_command_and_storing_is_none_of_ours() -> None:
    codec = codec_of("sensor/laumas-tlb4")
    assert plan_of(codec, "zero") == [frame("01 10 00 05 00 01 02 00 08 A7 C3")]
    assert received(codec, frame("01 10 00 05 00 01 02 00 63 E6 2C")) == {"command": 99}
    frame("01 10 00 05 00 01 11 C8")
    assert codec.verbs == {"zero"}
