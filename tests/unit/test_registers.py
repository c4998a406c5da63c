"""Unit codec: types, orders, scale, wiring, merged reads, plans, refusals."""

import math
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.codecs import values as codec_values
from hal.codecs.registers import Block, UnitCodec, Value, Wait, Write
from hal.config.bundle import Channel, Unit, Wired
from hal.config.device import DeviceFile, Register
from hal.config.station import Poll
from hal.errors import CodecError, HalError
from hal.ports import Table

POLL = Poll(idle_s=1.0, watch_s=0.2, motion_s=0.05)
INFO = {
    "model": "m",
    "title": "t",
    "protocol": "modbus",
    "source": "s",
    "verified_on_hardware": False,
    "address_base": 0,
    "functions": (1, 2, 3, 4, 5, 6, 15, 16),
    "timeout_s": 0.1,
    "max_read": 32,
    "max_write": 16,
    "reply_s": 0.001,
}


def codec_of(
    registers: Mapping[str, Any],
    commands: Mapping[str, Any] | None = None,
    info: Mapping[str, Any] | None = None,
    channels: Mapping[str, Any] | None = None,
    gain: Mapping[str, float] | None = None,
    inputs: Mapping[str, Wired] | None = None,
    outputs: Mapping[str, Channel] | None = None,
) -> UnitCodec:
    data = {"name": "d", "device": INFO | dict(info or {}), "registers": registers, "commands": commands or {}}
    device = DeviceFile.model_validate(data | {"channels": channels or {}})
    return UnitCodec(Unit("u", "l", 1, device, POLL, gain or {}, inputs or {}, outputs or {}))


def holding(address: int, **more: Any) -> dict[str, Any]:
    return {"table": "holding", "address": address, "type": "u16", **more}


def register(**more: Any) -> Register:
    return Register.model_validate(holding(0, **more))


@pytest.mark.parametrize(
    ("options", "words", "value"),
    [
        ({"type": "u16"}, (0xFFFF,), 65535),
        ({"type": "s16"}, (0x8000,), -32768),
        ({"type": "u32"}, (0x0001, 0x0002), 0x10002),
        ({"type": "u32", "word_order": "CDAB"}, (0x0001, 0x0002), 0x20001),
        ({"type": "s32"}, (0xFFFF, 0xFFFE), -2),
        ({"type": "s32", "word_order": "CDAB"}, (0xFFFE, 0xFFFF), -2),
        ({"type": "f32"}, (0x4148, 0x0000), 12.5),
        ({"type": "f32", "word_order": "CDAB"}, (0x0000, 0x4148), 12.5),
        ({"type": "u16", "scale": 0.1}, (803,), 80.3),
        ({"type": "s16", "scale": -0.5, "offset": 10}, (4,), 8.0),
        ({"type": "u16", "enum": {"0": "free", "2": "stuck"}}, (2,), "stuck"),
        ({"type": "bool", "bit": 15}, (0x8000,), True),
        ({"type": "bool", "bit": 14, "repeat": 3}, (0x8000, 0x0001), (False, True, True)),
        ({"type": "s16", "scale": 0.01, "repeat": 2, "stride": 2}, (6500, 0, 0xFFFF), (65.0, -0.01)),
    ],
)
def test_value_and_words(options: dict[str, Any], words: tuple[int, ...], value: Any) -> None:
    spec = register(**options)
    assert codec_values.decoder(spec, 1.0, 0)(words) == value
    assert codec_values.encode(spec, 1.0, value) == words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "f32"}, (0x7FC0, 0)),
        ({"type": "f32"}, (0x7F80, 0)),
        ({"type": "f32"}, (0xFF80, 0)),
        ({"type": "f32", "repeat": 2}, (0x4148, 0, 0x7FC0, 1)),
        ({"type": "u16", "enum": {"0": "free"}}, (1,)),
        ({"type": "u16", "enum": {"0": "free"}, "repeat": 2}, (0, 1)),
    ],
)
def test_what_is_no_value_is_unknown(options: dict[str, Any], words: tuple[int, ...]) -> None:
    assert codec_values.decoder(register(**options), 1.0, 0)(words) is None


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"type": "u16"}, 65536),
        ({"type": "u16"}, -1),
        ({"type": "s16", "scale": 0.1}, 3276.8),
        ({"type": "s32"}, 2**31),
        ({"type": "u16"}, float("nan")),
        ({"type": "f32"}, float("inf")),
        ({"type": "f32"}, 1e39),
        ({"type": "u16"}, "7"),
        ({"type": "u16", "enum": {"0": "free"}}, "fre"),
        ({"type": "u16", "enum": {"0": "free"}}, 0),
        ({"type": "bool", "bit": 0}, 2),
        ({"type": "u16", "repeat": 2}, (1,)),
        ({"type": "u16", "repeat": 2}, 1),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(options: dict[str, Any], value: Any) -> None:
    with pytest.raises(CodecError) as caught:
        codec_values.encode(register(**options), 1.0, value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, HalError)


NUMERIC = st.sampled_from(["u16", "s16", "u32", "s32", "f32"])


@given(NUMERIC, st.sampled_from(["ABCD", "CDAB"]), st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=2))
def test_words_survive_decode_and_encode(kind: str, order: str, words: list[int]) -> None:
    spec = register(type=kind, word_order=order)
    entries = tuple(words[: spec.size])
    value = codec_values.decoder(spec, 1.0, 0)(entries)
    if value is None:
        raw = entries if order == "ABCD" else entries[::-1]
        number = struct.unpack(">f", struct.pack(">HH", *raw))[0]
        assert not math.isfinite(number)
    else:
        assert codec_values.encode(spec, 1.0, value) == entries


@given(
    st.sampled_from(["u16", "s16", "u32", "s32", "f32"]),
    st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.booleans(), st.tuples(st.integers())),
)
def test_encode_gives_words_or_a_codec_error(kind: str, value: Any) -> None:
    try:
        entries = codec_values.encode(register(type=kind, scale=0.1), 1.0, value)
    except CodecError:
        return
    assert all(0 <= word <= 0xFFFF for word in entries)


def test_gain_of_the_station_multiplies_the_scale() -> None:
    codec = codec_of({"position_mm": holding(0, type="s32", scale=0.1)}, gain={"position_mm": 0.01})
    assert codec.decode(codec.blocks[0], (0, 2000)) == {"position_mm": pytest.approx(2.0)}


def test_only_roles_are_polled_and_small_gaps_are_bridged() -> None:
    codec = codec_of(
        {
            "position_mm": holding(0, type="s32"),
            "fault_word": holding(10),
            "speed_mm_s": holding(20),
            "internal": holding(40),
        }
    )
    assert codec.blocks == (Block(Table.HOLDING, 0, 11), Block(Table.HOLDING, 20, 1))
    assert codec.roles == ("position_mm", "fault_word", "speed_mm_s")


def test_a_merged_read_never_touches_what_reading_changes() -> None:
    registers = {"position_mm": holding(0), "latched": holding(2, cyclic=False), "fault_word": holding(4)}
    assert codec_of(registers).blocks == (Block(Table.HOLDING, 0, 1), Block(Table.HOLDING, 4, 1))


def test_a_merged_read_stays_inside_the_limit() -> None:
    registers = {"position_mm": holding(0), "fault_word": holding(7), "speed_mm_s": holding(8)}
    assert codec_of(registers, info={"max_read": 8}).blocks == (Block(Table.HOLDING, 0, 8), Block(Table.HOLDING, 8, 1))


def test_bits_bridge_at_most_32() -> None:
    registers = {
        name: {"table": "discrete", "address": address, "type": "bool"}
        for name, address in (("at_home", 0), ("at_seat", 33), ("at_transfer", 67))
    }
    assert codec_of(registers).blocks == (Block(Table.DISCRETE, 0, 34), Block(Table.DISCRETE, 67, 1))


def test_wired_channels_are_roles_with_their_inversion() -> None:
    inputs: dict[str, Wired] = {
        "at_home": Channel("di", 3),
        "at_seat": Channel("di", 4, inverted=True),
        "dock_pins": (Channel("di", 9), Channel("di", 0, inverted=True)),
    }
    codec = codec_of({}, channels={"di": {"table": "discrete", "address": 100, "count": 16}}, inputs=inputs)
    (block,) = codec.blocks
    assert block == Block(Table.DISCRETE, 100, 10)
    truth: dict[str, Value] = {"at_home": True, "at_seat": True, "dock_pins": (True, True)}
    bits = codec.encode_read(Table.DISCRETE, 100, 10, truth)
    assert bits == (0, 0, 0, 1, 0, 0, 0, 0, 0, 1)
    assert codec.decode(block, bits) == truth
    assert codec.encode_read(Table.DISCRETE, 104, 12, truth) == (0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)


def test_neighbours_are_one_frame_in_listed_order() -> None:
    registers = {
        "b": holding(11, access="w"),
        "a": holding(10, access="w"),
        "far": holding(50, access="w", hazard="motion"),
        "start": holding(12, access="w"),
    }
    step = {"write": {"far": 5, "start": "$position_mm", "a": 1, "b": 2}}
    actions = codec_of(registers, {"move": {"steps": [step]}}).plan("move", {"position_mm": 9})
    assert actions == (
        Write(Table.HOLDING, 50, (5,), multiple=False, hazard="motion"),
        Write(Table.HOLDING, 10, (1, 2, 9), multiple=True),
    )


def test_without_function_16_each_register_is_a_frame() -> None:
    registers = {"a": holding(0, access="w"), "b": holding(1, access="w")}
    steps = {"stop": {"steps": [{"write": {"a": 1, "b": 2}}]}}
    only6 = codec_of(registers, steps, {"functions": (3, 6)}).plan("stop", {})
    assert [(a.values, a.multiple) for a in only6 if isinstance(a, Write)] == [((1,), False), ((2,), False)]
    (only16,) = codec_of(registers, steps, {"functions": (3, 16)}).plan("stop", {})
    assert isinstance(only16, Write)
    assert only16.multiple


def test_a_wait_expects_what_the_wire_gives_back() -> None:
    registers = {"target": holding(0, scale=0.5, access="rw")}
    steps = {"move": {"steps": [{"wait": {"target": "$position_mm"}, "limit_s": 1.0}]}}
    codec = codec_of(registers, steps)
    (wait,) = codec.plan("move", {"position_mm": 10.2})
    assert isinstance(wait, Wait)
    assert wait.expect == {"target": 10.0}
    assert wait.holds(codec.decode(wait.reads[0], (20,)))
    assert not wait.holds(codec.decode(wait.reads[0], (21,)))
    assert not wait.holds({})
    assert not wait.holds({"target": None})


def test_plan_refuses_what_it_does_not_know() -> None:
    codec = codec_of({"a": holding(0, access="w")}, {"move": {"steps": [{"write": {"a": "$position_mm"}}]}})
    with pytest.raises(CodecError, match="no verb 'mvoe', known: move"):
        codec.plan("mvoe", {})
    with pytest.raises(CodecError, match="'position_mm' is missing"):
        codec.plan("move", {})
    with pytest.raises(CodecError, match="a: 70000"):
        codec.plan("move", {"position_mm": 70000})


@pytest.mark.parametrize("words", [(), (1,), (1, 2, 3)])
def test_a_reply_of_another_length_is_refused(words: tuple[int, ...]) -> None:
    codec = codec_of({"position_mm": holding(0, type="s32")})
    with pytest.raises(CodecError):
        codec.decode(codec.blocks[0], words)


def test_device_side_refuses_unmapped_and_partial_access() -> None:
    codec = codec_of({"position_mm": holding(0, type="s32", access="rw"), "fault_word": holding(30)})
    truth = {"position_mm": 5, "fault_word": 0}
    with pytest.raises(LookupError):
        codec.encode_read(Table.HOLDING, 0, 3, truth)
    with pytest.raises(LookupError):
        codec.encode_read(Table.INPUT, 0, 1, truth)
    with pytest.raises(LookupError):
        codec.decode_write(Table.HOLDING, 0, (1,))
    with pytest.raises(LookupError):
        codec.decode_write(Table.HOLDING, 30, (1,))
    with pytest.raises(CodecError, match="no value for fault_word"):
        codec.encode_read(Table.HOLDING, 30, 1, {"position_mm": 5})
    assert codec.encode_read(Table.HOLDING, 1, 1, truth) == (5,)


def test_device_side_answers_the_gaps_of_merged_reads() -> None:
    codec = codec_of({"position_mm": holding(0), "fault_word": holding(8)})
    (block,) = codec.blocks
    truth = {"position_mm": 3, "fault_word": 4}
    assert codec.encode_read(block.table, block.address, block.count, truth) == (3, 0, 0, 0, 0, 0, 0, 0, 4)


@given(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=12))
def test_any_words_decode_to_values_or_unknown(words: list[int]) -> None:
    codec = codec_of(
        {
            "position_mm": holding(0, type="f32"),
            "speed_mm_s": holding(2, type="s32", word_order="CDAB", scale=0.1),
            "state": holding(4, repeat=4, enum={"0": "free", "1": "locked"}),
            "moving": holding(8, type="bool", bit=3),
            "load_kg": holding(9, type="f32", word_order="CDAB"),
            "fault_word": holding(11),
        }
    )
    (block,) = codec.blocks
    decoded = codec.decode(block, words)
    assert set(decoded) == {"position_mm", "speed_mm_s", "state", "moving", "load_kg", "fault_word"}
    for value in (decoded["position_mm"], decoded["load_kg"]):
        assert value is None or abs(value) < float("inf")  # type: ignore[arg-type]
