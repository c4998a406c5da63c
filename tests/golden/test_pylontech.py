"""Pylontech low voltage: frames as they were captured, and what must not be read out of the ones that are missing."""

import pytest

from firmware_py.core.packs import why_not
from firmware_py.core.state import Order
from firmware_py.shell.params import params_of
from hal.codecs.frames import PackCodec
from hal.codecs.values import Value
from hal.config.loader import load_station
from hal.devices.bus_nodes import PackNode
from hal.ports import Frame
from hal.readings import PackReading
from tests.golden.can_frames import frame, heard, pack_file, sent
from tests.golden.framing import CONFIG

# captured: setfirelabs.com, OpenDTU
LIMITS = "351: 14 02 C0 12 C0 12 C2 01"
CHARGE = "355: 58 00 5E 00"
MEASURED = "356: 7A 13 F2 FE 6B 01"
FLAGS = "359: 00 00 00 00 06 50 4E"
REQUESTS = "35C: C0 00"
MAKER = "35E: 50 59 4C 4F 4E 20 20 20"
ALL = (LIMITS, CHARGE, MEASURED, FLAGS, REQUESTS, MAKER)


@pytest.fixture(name="codec")
def pylontech() -> PackCodec:
    return PackCodec(pack_file("pylontech-lv"), 0)


@pytest.mark.parametrize(
    ("golden", "seen"),
    [
        (LIMITS, {"charge_limit_v": 53.2, "charge_limit_a": 480, "discharge_limit_a": 480, "discharge_limit_v": 45.0}),
        (CHARGE, {"soc_pct": 88, "soh_pct": 94}),
        (MEASURED, {"voltage_v": 49.86, "current_a": -27.0, "temp_degc": 36.3}),
        (FLAGS, {"fault_bits": 0}),
        (REQUESTS, {"charge_allowed": True, "discharge_allowed": True}),
        (MAKER, {"maker": "PYLON"}),
    ],
    ids=lambda value: value[:3] if isinstance(value, str) else "",
)  # fmt: skip
def test_captured_frames(codec: PackCodec, golden: str, seen: dict[str, Value]) -> None:
    assert heard(codec, golden) == seen


def test_charging_is_positive(codec: PackCodec) -> None:
    """270 tenths of an ampere are 0E 01; the captured -270 is F2 FE."""
    assert heard(codec, "356: 7A 13 0E 01 6B 01")["current_a"] == 27.0


def test_frost_is_negative(codec: PackCodec) -> None:
    """-10.0 degC is -100 tenths, 9C FF."""
    assert heard(codec, "356: 7A 13 00 00 9C FF")["temp_degc"] == -10.0


@pytest.mark.parametrize(
    ("golden", "bits"),
    [
        ("359: 80 00 00 00 06 50 4E", 0x80),  # byte 0 bit 7: discharge over-current
        ("359: 08 00 00 00 06 50 4E", 0x08),  # byte 0 bit 3: over-temperature
        ("359: 00 01 00 00 06 50 4E", 0x100),  # byte 1 bit 0: charge over-current
        ("359: 00 00 04 00 06 50 4E", 0x40000),  # byte 2 bit 2: alarm of under-voltage
        ("359: 00 00 00 08 06 50 4E", 0x8000000),  # byte 3 bit 3: alarm "BMS internal"
    ],
)
def test_protections_and_alarms_are_fault_bits(codec: PackCodec, golden: str, bits: int) -> None:
    assert heard(codec, golden)["fault_bits"] == bits


@pytest.mark.parametrize(
    ("golden", "charge", "discharge"),
    [("35C: 80 00", True, False), ("35C: 40", False, True), ("35C: 38 00", False, False)],
)
def test_charge_is_bit_7_and_discharge_bit_6(codec: PackCodec, golden: str, charge: bool, discharge: bool) -> None:
    assert heard(codec, golden) == {"charge_allowed": charge, "discharge_allowed": discharge}


def test_a_short_frame_tells_what_it_carries_and_unknown_is_not_zero(codec: PackCodec) -> None:
    assert heard(codec, "351: 14 02 C0 12 C0 12") == {
        "charge_limit_v": 53.2, "charge_limit_a": 480.0, "discharge_limit_a": 480.0, "discharge_limit_v": None,
    }  # fmt: skip
    assert heard(codec, "356: 7A 13 F2") == {"voltage_v": 49.86, "current_a": None, "temp_degc": None}
    assert heard(codec, "359: 00 00") == {"fault_bits": None}
    assert heard(codec, "35E: 50 59") == {}


def test_a_longer_frame_of_another_make_is_read_as_far_as_ours_goes(codec: PackCodec) -> None:
    """Pytes sends the charge once more in hundredths behind the two."""
    assert heard(codec, "355: 58 00 5E 00 60 22") == {"soc_pct": 88, "soh_pct": 94}


@pytest.mark.parametrize(
    "golden",
    [
        "356: F2 01 F2 FE 6B 01",  # 49.8 V in tenths, as one emulator sends: 4.98 V here
        "355: 65 00 5E 00",  # 101 %
        "356: 7A 13 F2 FE F4 7E",  # 3,250 degC
        "35E: 50 59 4C 4F 4E 00 07 20",  # a bell is no letter
    ],
)
def test_what_cannot_be_is_no_reading(codec: PackCodec, golden: str) -> None:
    assert heard(codec, golden) == {}
    assert codec.rejected == 1


@pytest.mark.parametrize("golden", ["35A: 00 00 00 00 00 00 00 00", "35F: 4C 49 01 03 3C 02 AA 00", "305: 00"])
def test_frames_whose_bits_are_not_published_tell_nothing(codec: PackCodec, golden: str) -> None:
    assert heard(codec, golden) == {}
    assert codec.unknown == 1


def test_the_frames_have_11_bits(codec: PackCodec) -> None:
    right = frame(CHARGE)
    assert codec.decode(Frame(right.can_id, right.data, extended=True)) is None


def test_the_pack_side_says_the_same_bytes(codec: PackCodec) -> None:
    values = heard(codec, *ALL)
    assert sent(codec, values) == {
        "351": "14 02 C0 12 C0 12 C2 01",
        "355": "58 00 5E 00",
        "356": "7A 13 F2 FE 6B 01",
        "359": "00 00 00 00 00 00 00",  # the number of modules and the mark "PN" are nobody's role
        "35C": "C0 00",
        "35E": "50 59 4C 4F 4E 20 20 20",
    }


def test_what_the_pack_wants_to_hear_is_eight_zeros_once_a_second(codec: PackCodec) -> None:
    assert codec.keepalive == frame("305: 00 00 00 00 00 00 00 00")
    assert codec.keepalive_s == 1.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def node_that_heard(*golden: str) -> tuple[PackNode, Clock]:
    clock = Clock()
    node = PackNode(PackCodec(pack_file("pylontech-lv"), 0), clock, 3.0)
    for text in golden:
        node.take(frame(text))
    return node, clock


def test_alarms_that_do_not_come_any_more_are_unknown_and_not_none() -> None:
    node, clock = node_that_heard(*ALL)
    assert node.reading(clock.now).fault_bits == 0
    for _ in range(4):  # protocol V1.3 takes over: everything goes on but 0x359
        clock.now += 1.0
        for text in (LIMITS, CHARGE, MEASURED, REQUESTS):
            node.take(frame(text))
    seen = node.reading(clock.now)
    assert (seen.fault_bits, seen.maker) == (None, None)
    assert (seen.soc_pct, seen.voltage_v, seen.charge_allowed) == (88, 49.86, True)


def test_a_pack_of_another_maker_brings_no_values_until_the_right_one_is_heard() -> None:
    node, clock = node_that_heard(*ALL, *ALL)
    assert (node.wrong, node.reading(clock.now).soc_pct) == ("", 88)
    node.take(frame("35E: 52 45 43 2D 42 4D 53 20"))  # "REC-BMS "
    assert node.wrong == "maker is 'REC-BMS', expected 'PYLON' ..."
    assert node.reading(clock.now) == PackReading(maker="REC-BMS", at_s=clock.now)
    for _ in range(8):  # also when it does not say so any more
        clock.now += 1.0
        for text in (LIMITS, CHARGE, MEASURED, REQUESTS):
            node.take(frame(text))
    assert node.reading(clock.now).soc_pct is None
    node.take(frame(MAKER))
    assert (node.wrong, node.reading(clock.now).soc_pct) == ("", 88)


def test_without_its_measurement_the_pack_is_silent() -> None:
    node, clock = node_that_heard(*ALL)
    for _ in range(4):
        clock.now += 1.0
        node.take(frame(CHARGE))
    assert node.reading(clock.now) == PackReading()


def test_a_pack_without_a_serial_number_is_never_handed_out() -> None:
    node, clock = node_that_heard(*ALL)
    station = load_station("choco-14", roots=(CONFIG,))
    order = Order("order-1", "LNAUTS0A0PX000001", "aion-ut")
    assert node.reading(clock.now).serial is None
    assert why_not(node.reading(clock.now), order, params_of(station)) == "identity or state unknown"
