"""Cross checks of the CAN side of a pack or vehicle file: every role has a signal, every signal is in the DBC."""

from collections.abc import Mapping

from hal.codecs.dbc import DbcMessage
from hal.config.check_devices import check_words
from hal.config.mistakes import Spot
from hal.config.role_types import Shape, role_types
from hal.config.signals import CanMap, SignalMap, TextMap

SHAPE_OF_KIND: dict[str, Shape] = {"number": "number", "flag": "flag", "bits": "whole", "enum": "word"}


def check_can(can: CanMap, messages: Mapping[str, DbcMessage], kind: str, spot: Spot) -> None:
    """Note everything that is wrong with `[can]`. `kind` is "pack" or "vehicle"."""
    wanted = role_types(kind)
    for name in (*can.signals, *can.texts):
        table = "signals" if name in can.signals else "texts"
        if name not in wanted:
            (spot / table / name).unknown(name, wanted, f"a role of a {kind}")
        if name in can.signals and name in can.texts:
            (spot / "texts" / name).note("also in signals", "one of signals and texts")
    for role in wanted:
        if role not in can.signals and role not in can.texts:
            (spot / "signals").note(f"no {role}", "every role, in signals or texts")
    for name, signal in can.signals.items():
        here = spot / "signals" / name
        _check_signal(signal, messages, here)
        if name in wanted and SHAPE_OF_KIND[signal.kind] != wanted[name].shape:
            (here / "kind").note(signal.kind, f"a {wanted[name].shape}")
        elif name in wanted and signal.enum is not None:
            check_words(signal.enum, name, wanted[name], here / "enum")
    for name, text in can.texts.items():
        _check_text(text, messages, spot / "texts" / name)
    _exists(can.alive.message, (("signal", can.alive.signal),), messages, spot / "alive")
    _check_request(can, messages, spot / "request")
    if kind == "vehicle" and can.request is None:
        (spot / "request").note("(absent)", "the frame that asks the car for a mode")
    _check_messages(can, messages, spot)


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
    _exists(text.message, (("part", text.part), *(("chars", name) for name in text.chars)), messages, spot)
    message = messages.get(text.message)
    for number, name in enumerate(text.chars):
        found = message.signals.get(name) if message else None
        if found and (found.length % 8 or found.signed or found.part != number):
            (spot / "chars").note(name, f"an unsigned signal of whole bytes that is sent as part {number}")
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
    used = {*(s.message for s in can.signals.values()), *(t.message for t in can.texts.values())}
    for name in sorted(used & messages.keys()):
        message = messages[name]
        if message.cycle_s is None:
            (spot / "dbc").note(f"{name} has no cycle time", "GenMsgCycleTime for every message that is read")
        if can.node_in == "low-byte" and (not message.extended or message.can_id & 0xFF):
            (spot / "dbc").note(f"{name} = 0x{message.can_id:X}", "29-bit ids with a free low byte for the node")
        for signal in message.signals.values():
            if signal.minimum is not None and signal.maximum is not None and signal.minimum > signal.maximum:
                (spot / "dbc").note(f"{name}.{signal.name} [{signal.minimum}|{signal.maximum}]", "minimum <= maximum")
