"""Altivar 320: golden bytes of the vendor's manuals against plans, blocks and the device's side."""

from typing import Any

import pytest

from hal.codecs.registers import Block, UnitCodec, Wait, Write
from hal.ports import Table
from tests.golden.framing import answer, codec_of, crc, frame, plan_of, read_pdu, received

ETA = Block(Table.HOLDING, 3201, 1)
STATES = ("ready", "switched_on", "enabled", "drive_fault", "quick_stop_off", "disabled")


@pytest.fixture(name="drive", scope="module")
def drive_codec() -> UnitCodec:
    return codec_of("axis/altivar-320")


def test_a_run_walks_the_states_and_reads_each_back_before_the_reference(drive: UnitCodec) -> None:
    assert plan_of(drive, "run", {"speed_mm_s": 25.0}) == [
        {"drive_fault": False},
        bytes.fromhex("10 21 35 00 02 04 00 00 00 00"),  # command 0, reference 0
        frame("01 06 21 35 00 06 13 FA"),
        {"ready": True, "disabled": False},
        frame("01 06 21 35 00 07 D2 3A"),
        {"switched_on": True, "disabled": False},
        frame("01 06 21 35 00 0F D3 FC"),
        {"enabled": True, "quick_stop_off": True},
        frame("01 06 21 36 00 FA E3 BB"),  # 25.0 Hz
    ]
    *before, last = drive.plan("run", {"speed_mm_s": 25.0})
    assert isinstance(last, Write)
    assert last.hazard == "motion"
    assert all(a.unless is not None for a in before if isinstance(a, Write))
    assert all(a.reads == (ETA,) for a in before if isinstance(a, Wait))


def test_a_running_drive_gets_a_new_reference_and_no_command(drive: UnitCodec) -> None:
    running = drive.decode(ETA, (0x0037,))
    sent = [
        a
        for a in drive.plan("run", {"speed_mm_s": -25.0})
        if isinstance(a, Write) and (a.unless is None or not a.unless.holds(running))
    ]
    assert [(a.address, a.values) for a in sent] == [(8502, (0x10000 - 250,))]


@pytest.mark.parametrize(
    ("eta", "on"),
    [
        (0x0050, {"disabled"}),
        (0x0031, {"ready", "quick_stop_off"}),
        (0x0033, {"ready", "switched_on", "quick_stop_off"}),
        (0x0037, {"ready", "switched_on", "enabled", "quick_stop_off"}),
        (0x0017, {"ready", "switched_on", "enabled"}),  # quick stop active
        (0x0008, {"drive_fault"}),
    ],
)
def test_states_of_the_status_word(drive: UnitCodec, eta: int, on: set[str]) -> None:
    seen = drive.decode(ETA, (eta,))
    assert {name for name in STATES if seen[name]} == on


def test_state_and_output_frequency_in_one_request(drive: UnitCodec) -> None:
    block = Block(Table.HOLDING, 0x0C81, 2)
    assert block in drive.blocks
    assert read_pdu(block) == frame("01 03 0C 81 00 02 97 73")
    seen = drive.decode(block, answer(frame("01 03 04 02 37 00 FA CA 06")))
    assert (seen["enabled"], seen["speed_mm_s"]) == (True, 25.0)


def test_fault_reset_is_an_edge(drive: UnitCodec) -> None:
    low, high, again = plan_of(drive, "reset")
    assert high == frame("01 06 21 35 00 80 92 58")
    assert low == again == bytes.fromhex("06 21 35 00 00")


def test_a_stop_drops_the_quick_stop_bit_and_the_reference_at_once(drive: UnitCodec) -> None:
    (stop,) = drive.plan("stop", {})
    assert isinstance(stop, Write)
    assert (stop.address, stop.values) == (8501, (0x000B, 0))


def test_settings_of_the_manual(drive: UnitCodec) -> None:
    block = Block(Table.HOLDING, 0x0C1E, 4)
    assert read_pdu(block) == frame("02 03 0C 1E 00 04 27 6C")
    seen = drive.decode(block, answer(frame("02 03 08 00 28 02 58 01 F4 00 00 52 B0")))
    assert seen == {"speed_setup": (4.0, 60.0, 50.0, 0.0)}
    # acceleration 2.0 s, deceleration 3.0 s
    assert received(drive, frame("02 10 23 29 00 02 04 00 14 00 1E 73 A4")) == {"ramps_s": (2.0, 3.0)}
    frame("02 06 23 29 00 0D 92 70")
    frame("02 10 23 29 00 02 9B B7")


@pytest.mark.parametrize("tail", ["51 7F", "8F ED"])
def test_the_misprinted_crc_of_an_older_manual_is_one(tail: str) -> None:
    body: Any = bytes.fromhex("02 10 23 29 00 02 04 00 14 00 1E")
    assert crc(body) != bytes.fromhex(tail)
