"""Infypower charger module: bytes computed by hand from the map of protocol V1.13 (module 0, controller 0xF0)."""

import pytest

from hal.codecs.module import Answer, ModuleCodec
from hal.codecs.values import Value
from hal.config.charger import ChargerType
from hal.config.files import Library
from hal.config.mistakes import Book, Spot
from hal.config.tree import ConfigTree
from hal.errors import CodecError
from hal.ports import Frame
from tests.golden.can_frames import frame
from tests.golden.framing import CONFIG


def charger_file(name: str) -> ChargerType:
    book = Book()
    found = Library(ConfigTree(book, (CONFIG,))).charger(name, Spot(book, "test"))
    book.raise_if_any()
    assert found is not None
    return found


@pytest.fixture(name="codec")
def module_zero() -> ModuleCodec:
    return ModuleCodec(charger_file("infypower-reg"), 0)


def text(sent: Frame) -> str:
    return f"{sent.can_id:08X}: {sent.data.hex(' ').upper()}"


ZERO = "00 00 00 00 00 00 00 00"
WRITES = [
    ("set", {"voltage_v": 500.0, "current_a": 20.0}, "029C00F0: 00 07 A1 20 00 00 4E 20"),
    ("enable", {"on": True}, f"029A00F0: {ZERO}"),
    ("enable", {"on": False}, "029A00F0: 01 00 00 00 00 00 00 00"),
    # 1,000.001 V and 0.5 A in thousandths: 0F 42 41 and 01 F4
    ("set", {"voltage_v": 1000.001, "current_a": 0.5}, "029C00F0: 00 0F 42 41 00 00 01 F4"),
]
READS = [("output", f"028300F0: {ZERO}"), ("status", f"028400F0: {ZERO}"), ("limits", f"028A00F0: {ZERO}")]
ANSWERS = [
    ("output", "0283F000: 43 FA 00 00 41 A0 00 00", {"output_v": 500.0, "output_a": 20.0}),
    ("status", "0284F000: 00 00 00 00 1E 00 01 00", {"temp_degc": 30, "enabled": False, "fault_word": 0}),
    ("status", "0284F000: 00 00 00 00 1E 00 00 00", {"temp_degc": 30, "enabled": True, "fault_word": 0}),
    ("limits", "028AF000: 03 E8 00 32 03 E8 0B B8", {"voltage_max_v": 1000, "voltage_min_v": 50, "current_max_a": 100}),
]


@pytest.mark.parametrize(("name", "values", "golden"), WRITES)
def test_commands(codec: ModuleCodec, name: str, values: dict[str, Value], golden: str) -> None:
    assert text(codec.request(name, values)) == golden
    assert codec.request(name, values).extended
    assert codec.decode_request(frame(golden)) == (name, pytest.approx(values))


@pytest.mark.parametrize(("name", "golden"), READS)
def test_requests_are_zeros(codec: ModuleCodec, name: str, golden: str) -> None:
    assert text(codec.request(name)) == golden
    assert codec.decode_request(frame(golden)) == (name, {})


@pytest.mark.parametrize(("name", "golden", "values"), ANSWERS)
def test_answers(codec: ModuleCodec, name: str, golden: str, values: dict[str, Value]) -> None:
    assert codec.decode(frame(golden)) == Answer(name, 0, values)


def test_the_module_side_says_the_same_bytes(codec: ModuleCodec) -> None:
    assert text(codec.answer("output", {"output_v": 500.0, "output_a": 20.0})) == "0283F000: 43 FA 00 00 41 A0 00 00"
    off: dict[str, Value | None] = {"temp_degc": 30.0, "enabled": False, "fault_word": 0}
    assert text(codec.answer("status", off)) == "0284F000: 00 00 00 00 1E 00 01 00"
    assert text(codec.answer("enable", {}, error=3)) == f"0E9AF000: {ZERO}"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("00 00 00 01", 0x000001),  # status 0 bit 0: output short
        ("00 00 00 10", 0),  # status 0 bit 4: sleeping
        ("00 00 02 00", 0x000200),  # status 1 bit 1: fault
        ("00 00 10 00", 0x001000),  # status 1 bit 4: over-temperature
        ("00 00 40 00", 0),  # status 1 bit 6: walk-in on
        ("00 01 00 00", 0),  # status 2 bit 0: power limited
        ("00 02 00 00", 0x020000),  # status 2 bit 1: address repeated
        ("00 80 00 00", 0x800000),  # status 2 bit 7: PFC off
        ("00 FF FF FF", 0xFEBE21),
    ],
)
def test_faults_are_told_from_states(codec: ModuleCodec, status: str, word: int) -> None:
    answer = codec.decode(frame(f"0284F000: 00 00 00 00 {status}"))
    assert answer is not None
    assert answer.values["fault_word"] == word


@pytest.mark.parametrize(
    ("golden", "exchange", "why"),
    [
        (f"0A9AF000: {ZERO}", "enable", "command invalid"),  # error 2 in bits 28-26
        (f"0E9CF000: {ZERO}", "set", "data invalid"),  # error 3
        (f"1E9AF000: {ZERO}", "enable", ""),  # error 7: start of processing
        ("0A83F000: 43 FA 00 00 41 A0 00 00", "output", "command invalid"),
    ],
)
def test_the_error_field_is_the_answer(codec: ModuleCodec, golden: str, exchange: str, why: str) -> None:
    answer = codec.decode(frame(golden))
    assert answer is not None
    assert (answer.exchange, answer.values, codec.refusal(answer)) == (exchange, {}, why)


@pytest.mark.parametrize(
    "golden",
    [
        "0283F001: 43 FA 00 00 41 A0 00 00",  # module 1
        "0283F100: 43 FA 00 00 41 A0 00 00",  # to another controller
        "02C3F000: 43 FA 00 00 41 A0 00 00",  # a group's answer
        "028300F0: 43 FA 00 00 41 A0 00 00",  # our own request
        "0282F000: 00 00 01 00 00 00 00 00",  # a command that nobody gave
    ],
)
def test_frames_of_others_are_no_answer(codec: ModuleCodec, golden: str) -> None:
    assert codec.decode(frame(golden)) is None
    assert codec.rejected == 0


@pytest.mark.parametrize(
    "golden",
    [
        "0283F000: 43 FA 00 00 41 A0 00",  # seven bytes
        "0683F000: 43 FA 00 00 41 A0 00 00",  # error 1, which the protocol does not name
    ],
)
def test_bad_answers_are_counted_and_tell_nothing(codec: ModuleCodec, golden: str) -> None:
    assert codec.decode(frame(golden)) is None
    assert codec.rejected == 1


@pytest.mark.parametrize("voltage", ["7F C0 00 00", "7F 80 00 00", "FF 80 00 00"])
def test_a_float_that_is_no_number_is_unknown(codec: ModuleCodec, voltage: str) -> None:
    answer = codec.decode(frame(f"0283F000: {voltage} 41 A0 00 00"))
    assert answer is not None
    assert answer.values == {"output_v": None, "output_a": 20.0}


@pytest.mark.parametrize(
    "values", [{"voltage_v": -0.1}, {"voltage_v": 5e6}, {"current_a": float("nan")}, {"voltage_v": "500"}]
)
def test_a_value_that_does_not_fit_is_an_error(codec: ModuleCodec, values: dict[str, Value]) -> None:
    with pytest.raises(CodecError):
        codec.request("set", values)


def test_the_address_stands_in_both_identifiers() -> None:
    codec = ModuleCodec(charger_file("infypower-reg"), 0x2A)
    assert codec.request("output").can_id == 0x02832AF0
    answer = codec.decode(frame("0283F02A: 43 FA 00 00 41 A0 00 00"))
    assert answer is not None
    assert answer.values["output_v"] == 500.0
