"""What codecs refuse, and the values at their edges: each refusal is a `CodecError` that names what is needed."""

from dataclasses import replace

import pytest

from hal.codecs import values as codec_values
from hal.codecs.dbc import parse_dbc
from hal.codecs.frames import CarCodec, id_at
from hal.codecs.identity import marks_of
from hal.codecs.module import ModuleCodec
from hal.codecs.registers import UnitCodec, Write
from hal.codecs.values import ROW_CACHE, decoder
from hal.config.bundle import Channel
from hal.config.loader import load_station
from hal.errors import CodecError
from hal.ports import Frame, Table
from tests.golden.framing import codec_of as product
from tests.golden.framing import device_file
from tests.golden.test_infypower import charger_file
from tests.unit.test_registers import codec_of, holding, register

DBC = 'VERSION ""\nBS_:\nBU_:\nBO_ {id} M: {length} Vector__XXX\n SG_ S : {signal} "" Vector__XXX\n{more}'


def dbc(signal: str = "0|8@1+ (1,0) [0|255]", length: int = 8, more: str = "") -> str:
    return DBC.format(id=256, length=length, signal=signal, more=more)


def test_a_dbc_is_read_by_hand() -> None:
    found = parse_dbc(dbc("8|12@1- (0.5,-3) [-20|20]", more='BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;\n'))["M"]
    signal = found.signals["S"]
    assert (found.can_id, found.extended, found.length, found.cycle_s) == (256, False, 8, None)
    assert (signal.shift, signal.length, signal.signed, signal.scale, signal.offset) == (8, 12, True, 0.5, -3.0)
    assert (signal.minimum, signal.maximum) == (-20.0, 20.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no DBC at all {", "no valid DBC"),
        (dbc("60|8@1+ (1,0) [0|0]"), "no valid DBC"),
        (dbc(length=12), "M: 12 bytes, classic CAN carries 8"),
        (dbc("0|32@1- (1,0) [0|0]", more="SIG_VALTYPE_ 256 S : 1;\n"), "M.S: float signals are not supported"),
    ],
)
def test_a_dbc_that_we_cannot_speak_is_refused(text: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        parse_dbc(text)


def test_a_vehicle_without_a_request_is_no_car_of_ours() -> None:
    vehicle = load_station("choco-14").vehicles["aion-ut"]
    mute = vehicle.model_copy(update={"can": vehicle.can.model_copy(update={"request": None})})
    with pytest.raises(CodecError, match="aion-ut takes no requests"):
        CarCodec(mute)


def test_a_mode_that_nobody_asks_for_is_no_request() -> None:
    codec = CarCodec(load_station("choco-14").vehicles["aion-ut"])
    data = b"\xff" * 8
    length = len(codec.encode_request(next(iter(codec._request.modes)), 0).data)  # type: ignore[arg-type]
    assert codec.decode_request(Frame(codec.request_id, data[:length])) is None


def test_a_switch_needs_as_many_states_as_it_has_and_each_is_true_or_false() -> None:
    channels = {"di": {"table": "discrete", "address": 0, "count": 4}}
    wired = {"dock_pins": (Channel("di", 0, False), Channel("di", 2, True))}
    codec = codec_of({}, channels=channels, inputs=wired)
    assert codec.encode_read(Table.DISCRETE, 0, 4, {"dock_pins": (True, True)}) == (1, 0, 0, 0)
    with pytest.raises(CodecError, match="2 switch states are needed"):
        codec.encode_read(Table.DISCRETE, 0, 4, {"dock_pins": (True,)})
    with pytest.raises(CodecError, match="true or false is needed"):
        codec.encode_read(Table.DISCRETE, 0, 4, {"dock_pins": (True, 1)})


def test_an_argument_that_is_missing_is_named() -> None:
    codec = codec_of({"go": holding(0, access="w")}, {"move": {"steps": [{"write": {"go": "$position_mm"}}]}})
    with pytest.raises(CodecError, match="argument 'position_mm' is missing"):
        codec.plan("move", {})


def test_a_value_that_cannot_be_read_back_is_no_expectation() -> None:
    infinite = {"table": "holding", "address": 0, "type": "f32", "word_order": "ABCD"}
    codec = codec_of({"level": infinite}, {"stop": {"steps": [{"wait": {"level": "$x"}, "limit_s": 1.0}]}})
    with pytest.raises(CodecError, match=r"level: .*finite number is needed"):
        codec.plan("stop", {"x": float("nan")})


@pytest.mark.parametrize("mask", [None, True, 0, 0b100000, "1"])
def test_latches_are_named_by_a_mask_of_points_that_are_there(mask: object) -> None:
    unit = next(u for u in load_station("latch-30").units.values() if UnitCodec(u).latches)
    codec = UnitCodec(unit)
    spare = 1 << max(codec.latches)
    wanted = spare if mask == 0b100000 else mask
    if wanted is True:
        assert all(isinstance(action, Write) for action in codec.plan("lock", {"mask": 1})) is (1 in codec.latches)
        return
    with pytest.raises(CodecError, match="latches"):
        codec.plan("lock", {"mask": wanted})  # type: ignore[dict-item]


def test_identity_tells_seen_and_wanted_and_fits_when_nothing_is_expected() -> None:
    marked = [device_file(name) for name in ("axis/leadshine-cs2rs", "axis/altivar-320", "io/wago-750")]
    marks = [mark for device in marked for mark in marks_of(device)]
    assert marks, "at least one of these products can tell"
    for mark in marks:
        noise = tuple([0xFFFF] * mark.block.count)
        assert (mark.why_not(noise) == "") is (not mark.expect)
        assert replace(mark, expect=()).why_not(noise) == ""


def test_a_charger_value_must_be_of_its_kind_and_fit() -> None:
    codec = ModuleCodec(charger_file("infypower-reg"), 0)
    for exchange, values, said in (
        ("enable", {"on": 1}, "true or false is needed"),
        ("set", {"voltage_v": True}, "a finite number is needed"),
        ("set", {"voltage_v": float("inf")}, "a finite number is needed"),
        ("set", {"voltage_v": -1.0}, "does not fit"),
        ("set", {"voltage_v": 1e12}, "does not fit"),
    ):
        with pytest.raises(CodecError, match=said):
            codec.request(exchange, values)  # type: ignore[arg-type]
    spec_of = {name: spec for name, spec in codec.kind.reads.items() for v in spec.values.values() if v.type == "f32"}
    name, spec = next(iter(spec_of.items()))
    role = next(role for role, value in spec.values.items() if value.type == "f32")
    with pytest.raises(CodecError, match="does not fit f32"):
        codec.answer(name, {role: 1e39})


def test_a_row_remembers_so_many_words_and_decodes_the_others_all_the_same() -> None:
    row = decoder(register(repeat=2, scale=0.5), 1.0, 0)
    for word in range(0, ROW_CACHE + 10, 2):
        assert row((word, word + 1)) == (word / 2, (word + 1) / 2)
    assert row((ROW_CACHE + 100, 7)) == ((ROW_CACHE + 100) / 2, 3.5)
    enum = decoder(register(repeat=2, enum={"1": "locked"}), 1.0, 0)
    assert enum((1, 2)) is None
    assert codec_values.encode(register(scale=0.5), 1.0, 3.5) == (7,)


def test_a_product_refuses_a_verb_that_it_does_not_have() -> None:
    with pytest.raises(CodecError, match="no verb 'fly', known:"):
        product("safety/pilz-pnozmulti").plan("fly", {})


def test_a_write_of_a_word_that_is_none_is_refused_and_nothing_is_set() -> None:
    codec = codec_of({"go": holding(5, access="w", enum={"1": "out", "2": "home"})})
    assert codec.decode_write(Table.HOLDING, 5, (2,)) == {"go": "home"}
    with pytest.raises(LookupError, match="go: no such value"):
        codec.decode_write(Table.HOLDING, 5, (9,))


def test_an_actuator_that_is_not_wired_is_not_driven() -> None:
    channels = {"do": {"table": "coil", "address": 0, "count": 8}}
    outputs = {"rods_out": Channel("do", 0, False), "rods_home": Channel("do", 1, False)}
    codec = codec_of({}, channels=channels, outputs=outputs)
    assert codec.plan("drive", {"actuator": "rods", "out": True})
    for arguments in ({"actuator": "pins", "out": True}, {"actuator": "rods", "out": 1}, {}):
        with pytest.raises(CodecError, match="one of rods and true or false is needed"):
            codec.plan("drive", arguments)


def test_a_wired_switch_is_no_register_that_a_command_may_wait_for() -> None:
    channels = {"di": {"table": "discrete", "address": 0, "count": 4}}
    codec = codec_of(
        {}, {"stop": {"steps": [{"wait": {"at_home": True}, "limit_s": 1.0}]}}, channels=channels,
        inputs={"at_home": Channel("di", 0, False)},
    )  # fmt: skip
    with pytest.raises(CodecError, match="at_home: not a register"):
        codec.plan("stop", {})


def test_a_word_that_a_signal_does_not_know_is_not_sent() -> None:
    codec = CarCodec(load_station("choco-14").vehicles["aion-ut"])
    with pytest.raises(CodecError, match="'asleep': one of idle, running, ok, failed is needed"):
        codec.encode({"self_check": "asleep"}, 0)


def test_a_sender_without_a_node_speaks_by_the_ids_of_its_file() -> None:
    car = load_station("choco-14").vehicles["aion-ut"]
    message = parse_dbc(car.dbc_text)[car.can.alive.message]
    assert [
        id_at(message, car.can.model_copy(update={"node_in": way}), 3) for way in ("low-byte", "offset", "none")
    ] == [
        message.can_id | 3,
        message.can_id + 3,
        message.can_id,
    ]
