"""REC BMS in the frames of SMA and Victron: bytes computed by hand from the map."""

import pytest

from hal.codecs.frames import PackCodec
from hal.codecs.values import Value
from tests.golden.can_frames import heard, pack_file, sent

LIMITS = "351: 14 02 E8 03 D0 07 C2 01"
CHARGE = "355: 50 00 5F 00 6C 1F"


@pytest.fixture(name="codec")
def rec() -> PackCodec:
    return PackCodec(pack_file("rec-victron"), 0)


@pytest.mark.parametrize(
    ("golden", "seen"),
    [
        (LIMITS, {"charge_limit_v": 53.2, "charge_limit_a": 100, "discharge_limit_a": 200, "discharge_limit_v": 45.0}),
        (CHARGE, {"soc_pct": 80.44, "soh_pct": 95}),
        ("355: 50 00 5F 00", {"soc_pct": None, "soh_pct": 95}),
        # 5,120 hundredths of a volt are 00 14, 125 tenths of an ampere 7D 00, 214 tenths of a degree D6 00
        ("356: 00 14 7D 00 D6 00", {"voltage_v": 51.2, "current_a": 12.5, "temp_degc": 21.4}),
        ("356: 00 14 83 FF 9C FF", {"voltage_v": 51.2, "current_a": -12.5, "temp_degc": -10.0}),
        ("35A: 00 00 00 00 00 00 00 00", {"fault_bits": 0}),
        ("35A: 04 00 00 00 00 00 00 00", {"fault_bits": 0x04}),
        ("35A: 00 00 00 00 00 00 00 80", {"fault_bits": 0x8000000000000000}),
        ("35A: 00 00 00 00", {"fault_bits": None}),  # alarms alone: nothing is known of the warnings
        ("35E: 52 45 43 2D 42 4D 53 20", {"maker": "REC-BMS"}),
    ],
    ids=lambda value: value[:3] if isinstance(value, str) else "",
)  # fmt: skip
def test_frames_by_hand(codec: PackCodec, golden: str, seen: dict[str, Value]) -> None:
    assert heard(codec, golden) == seen


def test_a_charge_voltage_of_zero_is_a_value(codec: PackCodec) -> None:
    """It means that charging is to stop; it is not "unknown", and no charger may take it for a target."""
    assert heard(codec, "351: 00 00 00 00 D0 07 C2 01")["charge_limit_v"] == 0


@pytest.mark.parametrize("golden", ["35C: C0 00", "359: 00 00 00 00 06 50 4E", "35F: 4C 49 01 03 3C 02 AA 00"])
def test_frames_of_the_sister_make_tell_nothing(codec: PackCodec, golden: str) -> None:
    assert heard(codec, golden) == {}
    assert codec.unknown == 1


def test_the_pack_side_says_the_same_bytes(codec: PackCodec) -> None:
    maker = "35E: 52 45 43 2D 42 4D 53 20"
    values = heard(codec, LIMITS, CHARGE, "356: 00 14 83 FF 9C FF", "35A: 04 00 00 00 00 00 00 00", maker)
    assert sent(codec, values) == {
        "351": "14 02 E8 03 D0 07 C2 01",
        "355": "00 00 5F 00 6C 1F",  # the whole per cent is nobody's role: the hundredths are
        "356": "00 14 83 FF 9C FF",
        "35A": "04 00 00 00 00 00 00 00",
        "35E": "52 45 43 2D 42 4D 53 20",
    }
