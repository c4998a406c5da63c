"""IAI ROBO Cylinder: golden bytes of the Modbus manual against plans, blocks and the device's side."""

from typing import Any

import pytest

from hal.codecs.registers import Block, UnitCodec, Write
from hal.ports import Table
from tests.golden.framing import answer, codec_of, frame, plan_of, read_pdu, received, rtu, write_pdu


@pytest.fixture(name="axis", scope="module")
def axis_codec() -> UnitCodec:
    return codec_of("axis/iai-robo-cylinder")


def test_a_move_is_the_whole_block_in_one_frame_after_the_servo_was_seen_on(axis: UnitCodec) -> None:
    assert plan_of(axis, "move", {"position_mm": 50.0, "speed_mm_s": 100.0}) == [
        frame("01 05 04 03 FF 00 7D 0A"),  # servo on, computed
        {"enabled": True, "homed": True},
        # 50 mm, band 0.1 mm, 100 mm/s, 0.3 G: payload of the manual
        frame("01 10 99 00 00 07 0E 00 00 13 88 00 00 00 0A 00 00 27 10 00 1E 50 CF"),
    ]
    servo, wait, move = axis.plan("move", {"position_mm": 50.0, "speed_mm_s": 100.0})
    assert isinstance(servo, Write)
    assert servo.unless is not None
    assert servo.unless.expect == {"enabled": True}
    assert not isinstance(wait, Write)
    assert [rtu(1, read_pdu(block)) for block in wait.reads] == ["01 03 90 05 00 01 B9 0B"]
    assert isinstance(move, Write)
    assert move.hazard == "motion"


def test_homing_writes_low_then_high(axis: UnitCodec) -> None:
    low, high = axis.plan("home", {})[-2:]
    assert isinstance(low, Write)
    assert isinstance(high, Write)
    assert write_pdu(low) == frame("01 05 04 0B 00 00 BD 38")  # manual
    assert write_pdu(high) == frame("01 05 04 0B FF 00 FC C8")  # manual


def test_an_alarm_reset_begins_low_and_is_taken_back(axis: UnitCodec) -> None:
    high, low = frame("01 05 04 07 FF 00 3C CB"), frame("01 05 04 07 00 00 7D 3B")  # manual
    assert plan_of(axis, "reset") == [low, high, low]


def test_a_stop_is_one_frame(axis: UnitCodec) -> None:
    assert plan_of(axis, "stop") == [bytes.fromhex("05 04 2C FF 00")]


def test_status_and_position(axis: UnitCodec) -> None:
    status = Block(Table.HOLDING, 0x9005, 1)
    assert read_pdu(status) == frame("01 03 90 05 00 01 B9 0B")
    seen = axis.decode(status, answer(frame("01 03 02 30 18 AC 4E")))
    assert {name for name, on in seen.items() if on} == {"ready", "enabled", "homed", "in_position"}
    place = Block(Table.HOLDING, 0x9000, 2)
    assert read_pdu(place) == frame("01 03 90 00 00 02 E9 0B")
    assert axis.decode(place, answer(frame("01 03 04 00 00 13 88 F7 65"))) == {"position_mm": 50.0}


@pytest.mark.parametrize(
    ("golden", "seen"),
    [
        ("01 06 0D 03 00 01 BA A6", {"position_number": 1}),  # manual
        ("01 06 0D 00 10 00 86 A6", {"control": 0x1000}),  # manual
        ("01 06 0D 00 10 08 87 60", {"control": 0x1008}),  # manual
        ("01 05 04 0C FF 00 4D 09", {"start": True}),  # manual
        ("01 05 04 0C 00 00 0C F9", {"start": False}),  # manual
        ("01 10 99 07 00 02 04 00 7F 00 06 C5 C5", {"push_limit": 0x7F, "move_flags": 6}),  # manual
    ],
)
def test_writes_as_the_unit_takes_them(axis: UnitCodec, golden: str, seen: dict[str, Any]) -> None:
    assert received(axis, frame(golden)) == seen


@pytest.mark.parametrize("golden", ["01 10 99 07 00 02 DE 95", "01 10 99 00 00 07 AF 57", "3F 06 F6 0B 00 12 4F 53"])
def test_other_frames_of_the_manual_hold_together(golden: str) -> None:
    frame(golden)


def test_two_requests_read_everything(axis: UnitCodec) -> None:
    assert axis.blocks == (Block(Table.HOLDING, 0x9000, 3), Block(Table.HOLDING, 0x9005, 7))
