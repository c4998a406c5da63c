"""Golden bytes: frames as the makers' manuals print them, or as computed from their maps, against plans and blocks."""

import pytest

from hal.codecs.registers import Block, UnitCodec, Write
from hal.config.bundle import Channel, Wired
from hal.ports import Table
from tests.golden.framing import (
    crc,
    device_file,
    frame,
    read_pdu,
    rtu,
    tcp,
    tcp_frame,
    unit_of,
    words,
    write_pdu,
)


@pytest.fixture(name="drive", scope="module")
def drive_codec() -> UnitCodec:
    return UnitCodec(unit_of(device_file("axis/leadshine-cs2rs")))


@pytest.mark.parametrize(
    "frame",
    [
        "07 10 62 00 00 08 DE 11",  # answer to the PR0 write, manual
        "01 82 01 81 60",  # bad function, manual
        "01 83 08 40 F6",  # bad CRC in the request, manual
        "01 10 0F 10 00 0A 42 DF",  # mapping answer, manual
    ],
)
def test_framing_of_this_file_agrees_with_the_manual(frame: str) -> None:
    raw = bytes.fromhex(frame)
    assert crc(raw[:-2]) == raw[-2:]


@pytest.mark.parametrize(
    ("unit", "speed", "golden"),
    [
        # The manual's own example: its text says 200 rpm, its frame carries 0 (and the CRC of that).
        (7, 0, "07 10 62 00 00 08 10 00 01 00 00 27 10 00 00 27 10 27 10 00 00 00 10 8D 50"),
        (1, 200, "01 10 62 00 00 08 10 00 01 00 00 27 10 00 C8 27 10 27 10 00 00 00 10 11 1F"),
    ],
)
def test_leadshine_move_is_one_frame_that_ends_with_the_start_edge(
    drive: UnitCodec, unit: int, speed: int, golden: str
) -> None:
    last = drive.plan("move", {"position_mm": 10000, "speed_mm_s": speed})[-1]
    assert isinstance(last, Write)
    assert rtu(unit, write_pdu(last)) == golden
    assert last.hazard == "motion"


def test_leadshine_enables_and_sees_it_before_the_start_edge(drive: UnitCodec) -> None:
    enable, wait, start = drive.plan("move", {"position_mm": 10000, "speed_mm_s": 200})
    assert isinstance(enable, Write)
    assert rtu(1, write_pdu(enable)) == rtu(1, bytes.fromhex("06 00 0F 00 01"))
    assert enable.unless is not None
    assert enable.unless.expect == {"enabled": True}
    assert not isinstance(wait, Write)
    assert [rtu(1, read_pdu(block)) for block in wait.reads] == ["01 03 10 03 00 01 70 CA"]
    assert wait.expect == {"enabled": True}
    assert isinstance(start, Write)
    assert start.unless is None


def test_leadshine_quick_stop(drive: UnitCodec) -> None:
    (stop,) = drive.plan("stop", {})
    assert isinstance(stop, Write)
    assert rtu(1, write_pdu(stop)) == "01 06 60 02 00 40 37 FA"


def test_leadshine_status_word(drive: UnitCodec) -> None:
    block = Block(Table.HOLDING, 0x1003, 1)
    assert rtu(1, read_pdu(block)) == "01 03 10 03 00 01 70 CA"
    assert block in drive.blocks
    assert drive.decode(block, words("00 72")) == {
        "fault": False,
        "enabled": True,
        "moving": False,
        "command_done": True,
        "path_done": True,
        "home_done": True,
    }


def test_leadshine_position_is_high_word_first(drive: UnitCodec) -> None:
    block = drive.fields["pr_position"].read
    assert block is not None
    assert rtu(1, read_pdu(block)) == "01 03 60 2C 00 02 1B C2"
    assert drive.decode(block, words("00 00 27 10")) == {"pr_position": 10000}
    assert block not in drive.blocks


@pytest.mark.parametrize(
    ("golden", "seen"),
    [
        ("01 06 60 02 00 20 37 D2", {"quick_stop": 0x20}),  # homing goes through the same register
        ("01 06 18 01 11 11 12 F6", {"control": 0x1111}),  # alarm reset
        ("01 06 18 01 22 44 C6 39", {"control": 0x2244}),  # save mapping, manual
    ],
)
def test_leadshine_single_writes_from_the_device_side(drive: UnitCodec, golden: str, seen: dict[str, int]) -> None:
    raw = bytes.fromhex(golden)
    assert crc(raw[:-2]) == raw[-2:]
    address, value = int.from_bytes(raw[2:4], "big"), int.from_bytes(raw[4:6], "big")
    assert drive.decode_write(Table.HOLDING, address, (value,)) == seen


def test_wago_packed_input_words() -> None:
    device = device_file("io/wago-750")
    group = device.channels["di"].model_copy(update={"table": Table.INPUT, "count": 32})
    packed = device.model_copy(update={"channels": device.channels | {"di": group}})
    inputs: dict[str, Wired] = {
        "lane_clear": Channel("di", 0),
        "rods_home": Channel("di", 1),
        "grooves": (Channel("di", 2), Channel("di", 18), Channel("di", 20), Channel("di", 28, inverted=True)),
    }
    codec = UnitCodec(unit_of(packed, inputs))
    (block,) = codec.blocks
    assert tcp(1, 1, read_pdu(block)) == "00 01 00 00 00 06 01 04 00 00 00 02"
    # answer 0005 1234: bits 0, 2, 18, 20, 21, 25, 28
    assert codec.decode(block, words("00 05 12 34")) == {
        "lane_clear": True,
        "rods_home": False,
        "grooves": (True, True, True, False),
    }


def test_wago_output_and_its_read_back() -> None:
    outputs = {
        f"{name}": Channel("do", i) for i, name in enumerate(["rods_out", "a", "b", "c", "d", "e", "f", "rods_home"])
    }
    codec = UnitCodec(unit_of(device_file("io/wago-750"), outputs=outputs))
    off, on = codec.plan("drive", {"actuator": "rods", "out": True})
    assert isinstance(off, Write)
    assert isinstance(on, Write)
    assert (off.address, off.values) == (7, (0,))
    assert tcp(2, 1, write_pdu(on)) == "00 02 00 00 00 06 01 05 00 00 FF 00"
    back = Block(Table.COIL, 0x0200, 8)
    assert tcp(3, 1, read_pdu(back)) == "00 03 00 00 00 06 01 01 02 00 00 08"
    seen = codec.decode(back, [0x01 >> i & 1 for i in range(8)])
    assert seen["out.rods_out"] is True
    assert seen["out.rods_home"] is False
    with pytest.raises(LookupError):
        codec.encode_read(Table.COIL, 0x0000, 8, {})


@pytest.mark.parametrize(
    ("golden", "seen"),
    [
        ("00 04 00 00 00 06 01 06 10 00 00 0A", {"watchdog_time": 10}),
        ("00 05 00 00 00 09 01 10 10 01 00 01 02 FF FF", {"watchdog_mask_low": 0xFFFF}),
        ("00 06 00 00 00 06 01 06 10 03 00 01", {"watchdog_trigger": 1}),
    ],
)
def test_wago_watchdog_registers(golden: str, seen: dict[str, int]) -> None:
    raw = bytes.fromhex(golden)
    assert int.from_bytes(raw[4:6], "big") == len(raw) - 6
    codec = UnitCodec(unit_of(device_file("io/wago-750")))
    address, value = int.from_bytes(raw[8:10], "big"), int.from_bytes(raw[-2:], "big")
    assert codec.decode_write(Table.HOLDING, address, (value,)) == seen
    assert codec.blocks == ()


def test_wago_watchdog_is_armed_by_time_mask_and_trigger_and_cleared_by_one_word() -> None:
    codec = UnitCodec(unit_of(device_file("io/wago-750")))
    frames = [tcp(4, 1, write_pdu(a)) for a in codec.plan("arm", {"time": 10}) if isinstance(a, Write)]
    assert frames == [
        "00 04 00 00 00 06 01 06 10 08 AA 55",
        "00 04 00 00 00 06 01 06 10 00 00 0A",
        "00 04 00 00 00 06 01 06 10 01 FF FF",
        "00 04 00 00 00 06 01 06 10 03 00 01",
        "00 04 00 00 00 06 01 06 10 03 00 02",
    ]
    (clear,) = codec.plan("reset", {})
    assert isinstance(clear, Write)
    assert tcp(8, 1, write_pdu(clear)) == "00 08 00 00 00 06 01 06 10 08 AA 55"


@pytest.mark.parametrize(("address", "count"), [(0x0100, 1), (0x3000, 1), (0x01FF, 2)])
def test_wago_addresses_outside_the_image_are_refused(address: int, count: int) -> None:
    codec = UnitCodec(unit_of(device_file("io/wago-750")))
    with pytest.raises(LookupError):
        codec.encode_read(Table.HOLDING, address, count, {})


def test_wago_expired_watchdog_refuses_everything_with_code_4() -> None:
    assert tcp_frame("00 07 00 00 00 03 01 84 04") == b"\x84\x04"


@pytest.mark.parametrize(("word", "bits", "is_input"), [(0x8401, 4, True), (0x8202, 2, False)])
def test_wago_module_list(word: int, bits: int, is_input: bool) -> None:
    codec = UnitCodec(unit_of(device_file("io/wago-750")))
    (modules,) = codec.decode(Block(Table.HOLDING, 0x2030, 1), (word,)).values()
    assert isinstance(modules, int)
    assert (modules >> 15, modules >> 8 & 0x7F, modules & 3) == (1, bits, 1 if is_input else 2)


@pytest.mark.parametrize(
    "golden",
    [
        "07 10 62 00 00 08 10 00 01 00 00 27 10 00 00 27 10 27 10 00 00 00 10 8D 51",  # one bit off
        "01 06 01 91 00 20 DD 7B",  # the manual's peak current write; right is D8 03
        "01 05 04 0B FF 00 3C CB",  # IAI, field table of the home sample: the sum is the alarm reset's; right is FC C8
    ],
)
def test_a_misprint_is_not_taken_as_golden(golden: str) -> None:
    with pytest.raises(AssertionError, match="misprint"):
        frame(golden)
