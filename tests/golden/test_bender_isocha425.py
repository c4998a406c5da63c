"""Bender isoCHA425: golden bytes of the manuals; a value without its companions is none."""

import pytest

from hal.codecs.registers import Block, UnitCodec, Write
from hal.ports import Table
from tests.golden.framing import answer, codec_of, frame, plan_of, read_pdu, received, words

RF = Block(Table.HOLDING, 1000, 4)


@pytest.fixture(name="monitor", scope="module")
def monitor_codec() -> UnitCodec:
    return codec_of("sensor/bender-isocha425")


def test_value_and_companions_are_one_request(monitor: UnitCodec) -> None:
    assert monitor.fields["insulation_ohm"].read == RF
    assert read_pdu(RF) == frame("03 03 03 E8 00 04 C5 9B")
    assert monitor.blocks == (Block(Table.HOLDING, 1000, 11),)


@pytest.mark.parametrize(
    ("golden", "ohm", "state", "channel"),
    [
        ("03 03 08 48 60 9C 00 00 02 00 47 07 91", 230_000.0, "none", 71),
        ("03 03 08 47 43 50 00 05 02 00 01 C5 E1", 50_000.0, "alarm", 1),
    ],
)
def test_insulation(monitor: UnitCodec, golden: str, ohm: float, state: str, channel: int) -> None:
    seen = monitor.decode(RF, answer(frame(golden)))
    assert seen["insulation_ohm"] == ohm
    assert seen["insulation_state"] == state
    assert seen["insulation_bound"] == "exact"
    assert seen["insulation_channel"] == channel


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("48 60 9C 00 00 82 00 47", True),  # the real value is higher: healthy
        ("48 60 9C 00 00 C2 00 47", False),  # range says invalid
        ("48 60 9C 00 02 02 00 47", False),  # device error
        ("48 60 9C 00 03 02 00 47", False),  # alarm type that nobody knows
        ("48 60 9C 00 00 04 00 47", False),  # volts
        ("48 60 9C 00 00 02 00 73", False),  # channel 115, device error
        ("48 60 9C 00 40 02 00 47", True),  # during an internal test
    ],
)
def test_a_number_counts_only_with_its_companions(monitor: UnitCodec, text: str, counts: bool) -> None:
    seen = monitor.decode(RF, words(text))
    assert seen["insulation_ohm"] == (230_000.0 if counts else None)


def test_settings_are_compared_before_they_are_written(monitor: UnitCodec) -> None:
    assert received(monitor, frame("03 10 0B BF 00 01 02 00 64 1E D4")) == {"alarm_kohm": 100}
    (off,) = monitor.plan("measure", {"on": False})
    assert isinstance(off, Write)
    assert (off.address, off.values, off.multiple) == (3026, (0,), True)
    assert off.unless is not None
    assert off.unless.expect == {"measuring": 0}


def test_self_test(monitor: UnitCodec) -> None:
    assert plan_of(monitor, "self_test") == [frame("03 10 1F 45 00 01 02 54 45 A0 57")]


@pytest.mark.parametrize("golden", ["03 03 03 EB 00 01 F5 98", "03 10 0B BB 00 01 72 2A", "03 10 0B BF 00 01 33 EB"])
def test_other_frames_of_the_manual_hold_together(golden: str) -> None:
    frame(golden)
