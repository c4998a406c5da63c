"""CAN codec: a bad frame changes nothing and is counted; texts in parts; byte orders."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.values import Value
from hal.commands import CarMode
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.errors import CodecError
from hal.ports import Frame

CONFIG = Path(__file__).resolve().parents[2] / "config"
STATION: Station = load_station("choco-14", roots=(CONFIG,))
PACK = STATION.packs["choco-20"]
CODE = "CATPA2001234567890ABCDEF"
VALUES: dict[str, Value | None] = {
    "serial": CODE,
    "soc_pct": 95.3,
    "soh_pct": 99.5,
    "voltage_v": 361.2,
    "current_a": -3.4,
    "cell_max_v": 3.301,
    "cell_min_v": 3.299,
    "temp_max_degc": 26.0,
    "temp_min_degc": 24.0,
    "contactors_open": True,
    "hvil_closed": True,
    "fault_bits": 0,
}


def status(codec: PackCodec, alive: int, **changed: Value | None) -> Frame:
    return codec.frame(codec.traffic[0], VALUES | changed, alive)


def test_status_frame_by_hand() -> None:
    """alive 3, contactors open, HVIL closed, SOC 953, SOH 199: bits laid out by hand from the DBC."""
    raw = 3 | 0 << 4 | 1 << 6 | 953 << 8 | 199 << 18
    codec = PackCodec(PACK, 5)
    frame = Frame(0x18A10005, raw.to_bytes(8, "little"))
    assert status(codec, 3) == frame
    assert codec.decode(frame) == {
        "soc_pct": 95.3,
        "soh_pct": 99.5,
        "contactors_open": True,
        "hvil_closed": True,
        "fault_bits": 0,
    }


def test_current_is_positive_while_charging() -> None:
    codec = PackCodec(PACK, 1)
    assert (codec.decode(Frame(0x18A20001, bytes.fromhex("1c0e 9a75 e50c e30c"))) or {})["current_a"] == 10.6


def test_a_counter_that_stands_still_refreshes_nothing() -> None:
    codec = PackCodec(PACK, 1)
    assert codec.decode(status(codec, 15)) is not None
    assert codec.decode(status(codec, 15, soc_pct=1.0)) is None
    assert codec.decode(status(codec, 31)) is None
    assert codec.repeated == 2
    assert codec.decode(status(codec, 16)) is not None


def test_the_same_content_is_the_same_value_whatever_the_counter_says_and_other_content_is_not() -> None:
    codec = PackCodec(PACK, 1)
    first = codec.decode(status(codec, 15))
    assert codec.decode(status(codec, 16)) is first
    assert codec.decode(status(codec, 16)) is None, "remembered content is no new count"
    assert (codec.decode(status(codec, 17, soc_pct=95.2)) or {})["soc_pct"] == 95.2
    assert codec.decode(status(codec, 18)) == first


def whole(codec: PackCodec, serial: str | None) -> list[Frame]:
    """The four frames of a pack code."""
    return [codec.frame(codec.traffic[3], {"serial": serial}, 0, part) for part in range(4)]


def heard(codec: PackCodec, frames: list[Frame]) -> list[object]:
    return [values["serial"] for frame in frames if (values := codec.decode(frame)) is not None]


def test_a_text_whose_parts_are_known_still_needs_all_of_them_in_order() -> None:
    codec, old, new = PackCodec(PACK, 1), "001PB20" + "A" * 17, "001PB20" + "B" * 17
    one, other = whole(codec, old), whole(codec, new)
    assert heard(codec, [*one, *one, *other, *other]) == [old, old, new, new]
    assert heard(codec, [one[0], one[2], one[3], one[1]]) == []
    assert heard(codec, [one[0], one[1], one[0], *one[1:]]) == [old]
    assert codec.rejected == 0


def test_known_parts_that_make_no_code_are_rejected() -> None:
    codec, code = PackCodec(PACK, 1), "001PB20" + "A" * 17
    full, none = whole(codec, code), whole(codec, None)
    assert heard(codec, [*full, *none]) == [code, ""]
    assert heard(codec, [*full[:3], none[3]]) == []
    assert codec.rejected == 1


def test_a_last_part_that_is_rejected_changes_nothing() -> None:
    codec, code = PackCodec(PACK, 1), "001PB20" + "A" * 17
    full, none = whole(codec, code), whole(codec, None)
    assert heard(codec, [*full[:3], none[3], full[3]]) == [code]
    assert codec.rejected == 1


def test_a_place_that_has_seen_many_packs_hears_the_next_one_too() -> None:
    codec = PackCodec(PACK, 1)
    codes = [f"001PB20{letter * 17}" for letter in "ABCDEFGHIJ"]
    assert heard(codec, [frame for code in codes for frame in whole(codec, code)]) == codes
    assert len(codec.traffic[3].known) <= 16, "what was heard long ago is not kept"


@pytest.mark.parametrize("cut", [b"", b"\0", b"\0" * 7, b"\0" * 9, b"\0" * 64])
def test_frames_of_another_length_are_rejected(cut: bytes) -> None:
    codec = PackCodec(PACK, 1)
    assert codec.decode(Frame(0x18A10001, cut)) is None
    assert (codec.rejected, codec.unknown) == (1, 0)


@pytest.mark.parametrize(
    "frame", [Frame(0x18A10002, b"\0" * 8), Frame(0x18A1, b"\0" * 8), Frame(0x18A10001, b"\0" * 8, extended=False)]
)
def test_frames_of_others_are_counted(frame: Frame) -> None:
    codec = PackCodec(PACK, 1)
    assert codec.decode(frame) is None
    assert (codec.rejected, codec.unknown) == (0, 1)


def test_a_value_out_of_range_spoils_the_whole_frame_and_nothing_else() -> None:
    codec = PackCodec(PACK, 1)
    bad = (4 | 1023 << 8).to_bytes(8, "little")
    assert codec.decode(Frame(0x18A10001, bad)) is None
    assert codec.rejected == 1
    assert codec.decode(status(codec, 4)) is not None


def test_a_flag_that_the_sender_does_not_know_is_unknown() -> None:
    codec = PackCodec(PACK, 1)
    seen = codec.decode(status(codec, 1, hvil_closed=None, contactors_open=None))
    assert seen is not None
    assert seen["hvil_closed"] is None
    assert seen["contactors_open"] is None


def identity(codec: PackCodec, part: int, code: str = CODE) -> Frame:
    return codec.frame(codec.traffic[-1], {"serial": code}, 0, part)


def test_a_text_comes_with_its_last_part() -> None:
    codec = PackCodec(PACK, 1)
    assert [codec.decode(identity(codec, part)) for part in range(4)] == [None, None, None, {"serial": CODE}]


@pytest.mark.parametrize("order", [[1, 2, 3], [0, 1, 3], [0, 2, 3], [0, 1, 1, 2, 3], [0, 1, 0, 2, 3]])
def test_a_text_with_a_missing_part_is_no_text(order: list[int]) -> None:
    codec = PackCodec(PACK, 1)
    assert [codec.decode(identity(codec, part)) for part in order] == [None] * len(order)
    assert [codec.decode(identity(codec, part)) for part in range(4)][-1] == {"serial": CODE}


def test_two_packs_are_never_mixed_into_one_code() -> None:
    codec = PackCodec(PACK, 1)
    other = "CATPA25ZZZZZZZZZZZZZZZZZ"
    seen = [codec.decode(identity(codec, part, CODE if part < 2 else other)) for part in (0, 1)]
    seen += [codec.decode(identity(codec, part, other)) for part in range(4)]
    assert seen == [None] * 5 + [{"serial": other}]


@pytest.mark.parametrize("data", ["00 20 41 41 41 41 41 41", "00 00 41 41 41 41 41 41", "04 41 41 41 41 41 41 41"])
def test_characters_and_parts_that_cannot_be_are_rejected(data: str) -> None:
    codec = PackCodec(PACK, 1)
    frames = [Frame(0x18A40001, bytes.fromhex(data)), *(identity(codec, part) for part in (1, 2, 3))]
    assert [codec.decode(frame) for frame in frames] == [None] * 4
    assert codec.rejected == 1


def test_a_car_without_a_pack_says_so() -> None:
    codec = CarCodec(STATION.vehicles["aion-ut"])
    message = next(t for t in codec.traffic if t.name == "CAR_PACK")
    seen = [codec.decode(codec.frame(message, {"pack_serial": None}, 0, part)) for part in range(4)]
    assert seen[-1] == {"pack_serial": ""}


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("soc_pct", 100.1),
        ("soc_pct", -0.1),
        ("soc_pct", None),
        ("soc_pct", "80"),
        ("soc_pct", float("nan")),
        ("fault_bits", 1 << 32),
        ("fault_bits", 1.0),
        ("hvil_closed", 1),
        ("serial", "short"),
        ("serial", "ä" * 24),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(role: str, value: Value | None) -> None:
    codec = PackCodec(PACK, 1)
    with pytest.raises(CodecError):
        codec.encode(VALUES | {role: value}, 0)


def test_requests_of_others_are_no_request() -> None:
    codec = CarCodec(STATION.vehicles["aion-ut"])
    good = codec.encode_request(CarMode.SWAP, 7)
    assert codec.decode_request(good) == (CarMode.SWAP, 7)
    assert codec.decode_request(Frame(good.can_id, good.data + b"\0")) is None
    assert codec.decode_request(Frame(good.can_id + 1, good.data)) is None
    assert codec.decode_request(Frame(good.can_id, b"\xff\0")) is None


def test_big_endian_signals_are_read_where_the_dbc_says() -> None:
    """`Soc : 15|10@0+`: ten bits from bit 7 of byte 1 downwards, on into byte 2."""
    moto = PACK.dbc_text.replace("Soc : 8|10@1+", "Soc : 15|10@0+").replace("Soh : 18|8@1+", "Soh : 24|8@1+")
    codec = PackCodec(PACK.model_copy(update={"dbc_text": moto}), 1)
    frame = codec.frame(codec.traffic[0], VALUES, 2)
    assert frame.data[1] == 953 >> 2
    assert frame.data[2] == (953 & 3) << 6
    assert (codec.decode(frame) or {})["soc_pct"] == 95.3


def test_a_short_frame_carries_what_its_bytes_reach_in_either_order() -> None:
    """Soc in bytes 1 and 2, big-endian; Soh in byte 3; FaultBits in bytes 4 to 7."""
    moto = PACK.dbc_text.replace("Soc : 8|10@1+", "Soc : 15|10@0+").replace("Soh : 18|8@1+", "Soh : 24|8@1+")
    can = PACK.can.model_copy(update={"any_length": True})
    whole = bytes([0x41, 953 >> 2, (953 & 3) << 6, 199, 0, 0, 0, 0])
    known = {"contactors_open": True, "hvil_closed": True, "soc_pct": 95.3, "soh_pct": 99.5, "fault_bits": 0}
    reached = {1: 2, 2: 2, 3: 3, 4: 4, 7: 4, 8: 5}
    for length, count in reached.items():
        codec = PackCodec(PACK.model_copy(update={"dbc_text": moto, "can": can}), 1)
        expected = {role: value if i < count else None for i, (role, value) in enumerate(known.items())}
        assert codec.decode(Frame(0x18A10001, whole[:length])) == expected, length


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from([0x18A10001, 0x18A20001, 0x18A30001, 0x18A40001]), st.binary(max_size=9))))
def test_no_bytes_do_harm(traffic: list[tuple[int, bytes]]) -> None:
    codec = PackCodec(PACK, 1)
    for can_id, data in traffic:
        seen = codec.decode(Frame(can_id, data))
        for role, value in (seen or {}).items():
            assert role in codec.period_s
            assert not isinstance(value, float) or math.isfinite(value)
        if seen and seen.get("soc_pct") is not None:
            assert 0 <= seen["soc_pct"] <= 100  # type: ignore[operator]


@given(st.floats(0, 100), st.floats(-3000, 3000), st.integers(0, 0xFFFFFFFF))
def test_numbers_go_round_within_half_a_step(soc: float, current: float, bits: int) -> None:
    codec = PackCodec(PACK, 1)
    seen: dict[str, Value | None] = {}
    for frame in codec.encode(VALUES | {"soc_pct": soc, "current_a": current, "fault_bits": bits}, 1):
        seen |= codec.decode(frame) or {}
    assert seen["soc_pct"] == pytest.approx(soc, abs=0.0501)
    assert seen["current_a"] == pytest.approx(current, abs=0.0501)
    assert seen["fault_bits"] == bits
