"""Moxa ioLogik E1200: golden bytes computed from the manual's address tables."""

from hal.codecs.registers import Block, UnitCodec, Write
from hal.config.bundle import Channel, Wired
from hal.ports import Table
from tests.golden.framing import (
    answer,
    codec_of,
    device_file,
    plan_of,
    read_pdu,
    received,
    tcp_frame,
    unit_of,
    write_pdu,
)


def test_inputs_as_bits() -> None:
    wired: dict[str, Wired] = {"lane_clear": Channel("di", 0), "grooves": (Channel("di", 1), Channel("di", 2))}
    codec = UnitCodec(unit_of(device_file("io/moxa-e1210"), wired))
    block = Block(Table.DISCRETE, 0x0000, 8)
    assert read_pdu(block) == tcp_frame("00 04 00 00 00 06 01 02 00 00 00 08")
    seen = codec.decode(block, answer(tcp_frame("00 04 00 00 00 04 01 02 01 05")))
    assert seen == {"lane_clear": True, "grooves": (False, True)}


def test_inputs_as_a_word() -> None:
    codec = codec_of("io/moxa-e1210")
    block = Block(Table.INPUT, 0x0030, 1)
    assert read_pdu(block) == tcp_frame("00 01 00 00 00 06 01 04 00 30 00 01")
    assert codec.decode(block, answer(tcp_frame("00 01 00 00 00 05 01 04 02 00 05"))) == {"di_word": 5}


def test_an_output_is_switched_by_itself() -> None:
    outputs = {"rods_home": Channel("do", 0), "rods_out": Channel("do", 2)}
    codec = UnitCodec(unit_of(device_file("io/moxa-e1211"), outputs=outputs))
    off, on = codec.plan("drive", {"actuator": "rods", "out": True})
    assert isinstance(off, Write)
    assert isinstance(on, Write)
    assert write_pdu(off) == bytes.fromhex("05 00 00 00 00")
    assert write_pdu(on) == tcp_frame("00 02 00 00 00 06 01 05 00 02 FF 00")
    assert codec.encode_read(Table.COIL, 0, 3, {"out.rods_out": True}) == (0, 0, 1)


def test_outputs_as_a_word_and_the_watchdog_flag() -> None:
    codec = codec_of("io/moxa-e1211")
    assert received(codec, tcp_frame("00 03 00 00 00 06 01 06 00 20 00 81")) == {"do_word": 0x81}
    assert plan_of(codec, "reset") == [tcp_frame("00 05 00 00 00 06 01 05 10 30 FF 00")]
    assert codec.blocks == (Block(Table.COIL, 0x1030, 1),)
