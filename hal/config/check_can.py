"""Cross checks of the CAN side of a pack or vehicle file: every role has a signal, every signal is in the DBC."""

from collections.abc import Iterable, Mapping

from hal.codecs.dbc import DbcMessage
from hal.config.check_roles import check_words
from hal.config.mistakes import Spot
from hal.config.role_types import RoleType, Shape, role_types
from hal.config.signals import CanMap, SignalMap, TextMap

SHAPE_OF_KIND: dict[str, Shape] = {"number": "number", "flag": "flag", "bits": "whole", "enum": "word"}


def check_can(can: CanMap, messages: Mapping[str, DbcMessage], kind: str, spot: Spot) -> None:
    """Note everything that is wrong with `[can]`. `kind` is "pack" or "vehicle"."""
    wanted = role_types(kind)
    _check_roles(can, wanted, kind, spot)
    for name, signal in can.signals.items():
        here = spot / "signals" / name
        _check_signal(signal, messages, here)
        if name in wanted and SHAPE_OF_KIND[signal.kind] != wanted[name].shape:
            (here / "kind").note(signal.kind, f"a {wanted[name].shape}")
        elif name in wanted and signal.enum is not None:
            check_words(signal.enum, name, wanted[name], here / "enum")
    for name, text in can.texts.items():
        _check_text(text, messages, spot / "texts" / name)
    _check_alive(can, messages, kind, spot / "alive")
    _check_request(can, messages, spot / "request")
    if can.keepalive is not None:
        _exists(can.keepalive.message, (), messages, spot / "keepalive")
    if kind == "vehicle" and can.request is None:
        (spot / "request").note("(absent)", "the frame that asks the car for a mode")
    _check_messages(can, messages, spot)


def _check_roles(can: CanMap, wanted: Mapping[str, RoleType], kind: str, spot: Spot) -> None:
    tables: dict[str, Iterable[str]] = {"signals": can.signals, "texts": can.texts, "absent": can.absent}
    first: dict[str, str] = {}
    for table, entries in tables.items():
        for name in entries:
            if name not in wanted:
                (spot / table / name).unknown(name, wanted, f"a role of a {kind}")
            elif first.setdefault(name, table) != table:
                (spot / table / name).note(f"also in {first[name]}", "one of signals, texts and absent")
    for role in wanted:
        if role not in first:
            (spot / "signals").note(f"no {role}", "every role, in signals, texts, or with a reason in absent")


def _check_alive(can: CanMap, messages: Mapping[str, DbcMessage], kind: str, spot: Spot) -> None:
    signals = () if can.alive.signal is None else (("signal", can.alive.signal),)
    _exists(can.alive.message, signals, messages, spot)
    if can.alive.message in messages and can.alive.message not in can.used:
        (spot / "message").unknown(can.alive.message, can.used, "a message that a role comes from")
    if kind == "vehicle" and not signals:
        (spot / "signal").note("(absent)", "an alive counter: what a car says frees and moves it")


def _check_signal(signal: SignalMap, messages: Mapping[str, DbcMessage], spot: Spot) -> None:
    _exists(signal.message, (("signal", signal.signal),), messages, spot)
    if signal.factor == 0:
        (spot / "factor").note("0", "any number but 0")
    if (signal.kind == "enum") != (signal.enum is not None):
        (spot / "enum").note("(absent)" if signal.enum is None else "present", 'a table, exactly with kind = "enum"')
    if signal.invert and signal.kind != "flag":
        (spot / "invert").note("true", 'only with kind = "flag"')
    for key in signal.enum or {}:
        if not key.isdecimal():
            (spot / "enum" / key).note(repr(key), "a whole number as key")


def _check_text(text: TextMap, messages: Mapping[str, DbcMessage], spot: Spot) -> None:
    part = () if text.part is None else (("part", text.part),)
    _exists(text.message, (*part, *(("chars", name) for name in text.chars)), messages, spot)
    message = messages.get(text.message)
    if text.part is None and len(text.chars) > 1:
        (spot / "part").note("(absent)", "the signal that numbers the parts")
    for number, name in enumerate(text.chars):
        found = message.signals.get(name) if message else None
        if found and (found.length % 8 or found.signed or found.part != (number if part else None)):
            as_part = f" that is sent as part {number}" if part else ""
            (spot / "chars").note(name, f"an unsigned signal of whole bytes{as_part}")
    if message and all(name in message.signals for name in text.chars):
        room = sum(message.signals[name].length // 8 for name in text.chars)
        if text.length > room:
            (spot / "length").note(str(text.length), f"at most {room}, the room of its parts")


def _check_request(can: CanMap, messages: Mapping[str, DbcMessage], spot: Spot) -> None:
    request = can.request
    if request is None:
        return
    _exists(request.message, (("mode", request.mode), ("counter", request.counter)), messages, spot)
    for mode in ("none", "swap", "wake", "release"):
        if mode not in request.modes:
            (spot / "modes").note(f"no {mode}", "all of none, swap, wake, release")


def _exists(name: str, signals: tuple[tuple[str, str], ...], messages: Mapping[str, DbcMessage], spot: Spot) -> None:
    message = messages.get(name)
    if message is None:
        (spot / "message").unknown(name, messages, "a message of the DBC")
        return
    for key, signal in signals:
        if signal not in message.signals:
            (spot / key).unknown(signal, message.signals, f"a signal of {name}")


def _check_messages(can: CanMap, messages: Mapping[str, DbcMessage], spot: Spot) -> None:
    for name in sorted(messages.keys() & set(can.used)):
        message = messages[name]
        if message.cycle_s is None:
            (spot / "dbc").note(f"{name} has no cycle time", "GenMsgCycleTime for every message that is read")
        if can.node_in == "low-byte" and (not message.extended or message.can_id & 0xFF):
            (spot / "dbc").note(f"{name} = 0x{message.can_id:X}", "29-bit ids with a free low byte for the node")
        for signal in message.signals.values():
            if signal.minimum is not None and signal.maximum is not None and signal.minimum > signal.maximum:
                (spot / "dbc").note(f"{name}.{signal.name} [{signal.minimum}|{signal.maximum}]", "minimum <= maximum")
