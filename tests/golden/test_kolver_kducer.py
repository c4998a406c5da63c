"""Kolver K-Ducer: golden bytes computed from the maker's own library."""

import pytest

from hal.codecs.registers import Block, UnitCodec, Write
from hal.ports import Table
from tests.golden.framing import answer, codec_of, plan_of, read_pdu, received, tcp_frame

RESULT = Block(Table.INPUT, 295, 67)


@pytest.fixture(name="tool", scope="module")
def tool_codec() -> UnitCodec:
    return codec_of("tightening/kolver-kducer")


def test_the_result_block_is_one_request_and_the_flag_stays_alone(tool: UnitCodec) -> None:
    assert tool.blocks == (RESULT,)
    assert read_pdu(RESULT) == tcp_frame("00 00 00 00 00 06 00 04 01 27 00 43")
    flag = tool.fields["new_result"].read
    assert flag is not None
    assert read_pdu(flag) == tcp_frame("00 00 00 00 00 06 00 04 01 26 00 01")
    seen = tool.decode(flag, answer(tcp_frame("00 00 00 00 00 05 00 04 02 00 01")))
    assert seen == {"new_result": 1}


def test_a_result_by_byte_offsets(tool: UnitCodec) -> None:
    """Offsets in the 134 bytes typed from the library: 17 ok, 18 program, 46 and 48 torque cNm, 56 angle, 70 code."""
    data = bytearray(134)
    data[17] = 1
    data[18:20] = (5).to_bytes(2, "big")
    data[22:26] = (1234567).to_bytes(4, "big")
    data[30:32] = (6500).to_bytes(2, "big")
    data[36:38], data[38:40] = (3).to_bytes(2, "big"), (10).to_bytes(2, "big")
    data[46:48], data[48:50] = (6512).to_bytes(2, "big"), (6530).to_bytes(2, "big")
    data[56:58], data[70:72] = (720).to_bytes(2, "big"), (13).to_bytes(2, "big")
    data[102:104], data[112:114] = (26).to_bytes(2, "big"), (59).to_bytes(2, "big")
    seen = tool.decode(RESULT, answer(bytes((4, 134)) + bytes(data)))
    expected = {
        "tightening_ok": True,
        "result_program": 5,
        "tool_serial": 1234567,
        "target_torque_nm": 65.0,
        "ok_count": 3,
        "target_count": 10,
        "torque_nm": 65.12,
        "peak_torque_nm": 65.3,
        "angle_deg": 720,
        "result_code": 13,
        "finished_at": (26, 0, 0, 0, 0, 59),
    }
    assert {name: seen[name] for name in expected} == expected
    assert "new_result" not in seen


def test_the_lever_comes_last_and_is_a_dead_man(tool: UnitCodec) -> None:
    assert plan_of(tool, "tighten", {"program": 5}) == [
        tcp_frame("00 00 00 00 00 06 00 06 1C CC 00 05"),
        {"program": 5},
        bytes.fromhex("05 00 22 00 00"),
        tcp_frame("00 00 00 00 00 06 00 05 00 20 FF 00"),
    ]
    lever = tool.plan("tighten", {"program": 5})[-1]
    assert isinstance(lever, Write)
    assert lever.hazard == "dead-man"
    field = tool.fields["lever"].register
    assert field is not None
    assert field.rewrite_every_s == 0.05
    again = {action.rewrite_every_s for action in tool.plan("tighten", {"program": 5}) if isinstance(action, Write)}
    assert again == {None, 0.05}
    assert lever.rewrite_every_s == 0.05


def test_a_stop_releases_the_lever_then_locks(tool: UnitCodec) -> None:
    """And nothing of it is repeated: a released lever needs no dead-man."""
    assert all(isinstance(action, Write) and action.rewrite_every_s is None for action in tool.plan("stop", {}))
    assert plan_of(tool, "stop") == [
        bytes.fromhex("05 00 20 00 00"),
        tcp_frame("00 00 00 00 00 06 00 05 00 22 FF 00"),
    ]
    assert received(tool, tcp_frame("00 00 00 00 00 06 00 05 00 22 FF 00")) == {"tool_locked": True}
