"""Cross checks of charger files: bits of the identifier, places in the eight bytes, every role from one read."""

from typing import Final

from hal.config.charger import ByteMap, ChargerContent, Exchange, IdMap
from hal.config.mistakes import Spot
from hal.config.role_types import role_types

LIMITS: Final = "limits"
LIMIT_VALUES: Final = ("voltage_min_v", "voltage_max_v", "current_max_a")
WRITES: Final[dict[str, tuple[str, ...]]] = {"set": ("voltage_v", "current_a"), "enable": ("on",)}
ID_BITS: Final = 29
ID_FIELDS: Final = ("source", "destination", "command", "device", "error")


def check_charger(content: ChargerContent, spot: Spot) -> None:
    """Note everything that is wrong with a charger file."""
    info = content.charger
    if 2 * info.every_s > info.off_after_s:
        (spot / "charger" / "every_s").note(str(info.every_s), f"at most half of off_after_s ({info.off_after_s})")
    if info.idle_s < info.every_s:
        (spot / "charger" / "idle_s").note(str(info.idle_s), f"at least every_s ({info.every_s})")
    if info.timeout_s >= info.every_s:
        (spot / "charger" / "timeout_s").note(str(info.timeout_s), f"less than every_s ({info.every_s})")
    _check_id(content.id, spot / "id")
    _check_reads(content, spot / "reads")
    _check_writes(content, spot / "writes")


def _check_reads(content: ChargerContent, spot: Spot) -> None:
    wanted = role_types("charger")
    offered: dict[str, str] = {}
    for name, exchange in content.reads.items():
        here = spot / name
        _check_exchange(exchange, content.id, LIMIT_VALUES if name == LIMITS else tuple(wanted), here)
        for role, value in exchange.values.items():
            if name == LIMITS or role not in wanted:
                continue
            if offered.setdefault(role, name) != name:
                (here / "values" / role).note(f"also in {offered[role]}", "each role once")
            if _shape(value) != wanted[role].shape:
                (here / "values" / role).note(f"a {_shape(value)}", f"a {wanted[role].shape}")
    for role in wanted:
        if role not in offered:
            spot.note(f"no {role}", "every role of a charger, from one of the reads")
    _check_whole(content.reads.get(LIMITS), LIMITS, LIMIT_VALUES, spot)


def _check_writes(content: ChargerContent, spot: Spot) -> None:
    for name, values in WRITES.items():
        exchange = content.writes.get(name)
        if exchange is not None:
            _check_exchange(exchange, content.id, values, spot / name)
        _check_whole(exchange, name, values, spot)
    for name in content.writes:
        if name not in WRITES:
            (spot / name).unknown(name, WRITES, "a write of a charger")
    commands = [exchange.command for exchange in (*content.reads.values(), *content.writes.values())]
    for command in sorted({c for c in commands if commands.count(c) > 1}):
        spot.note(f"command {command} twice", "a command of its own for each exchange")


def _check_whole(exchange: Exchange | None, name: str, values: tuple[str, ...], spot: Spot) -> None:
    if exchange is None:
        spot.note(f"no {name}", f"an exchange with {', '.join(values)}")
        return
    for value in values:
        if value not in exchange.values:
            (spot / name / "values").note(f"no {value}", ", ".join(values))


def _shape(value: ByteMap) -> str:
    if value.bit is not None:
        return "flag"
    return "whole" if value.mask is not None else "number"


def _check_id(parts: IdMap, spot: Spot) -> None:
    owner: dict[int, str] = {}
    for name in ID_FIELDS:
        part = getattr(parts, name)
        for bit in range(part.bit, part.bit + part.bits):
            if bit >= ID_BITS:
                (spot / name).note(f"bit {bit}", f"bits 0 to {ID_BITS - 1}")
                break
            if owner.setdefault(bit, name) != name:
                (spot / name).note(f"bit {bit}", f"bits of its own: {owner[bit]} has this one")
                break
    for name, part in (("controller", parts.source), ("to_device", parts.device)):
        if getattr(parts, name) >= 1 << part.bits:
            (spot / name).note(str(getattr(parts, name)), f"less than {1 << part.bits}: it has {part.bits} bits")
    for key in parts.errors:
        if not key.isdecimal() or int(key) in parts.fine:
            (spot / "errors" / key).note(repr(key), "a whole number that is not in fine")


def _check_exchange(exchange: Exchange, parts: IdMap, known: tuple[str, ...], spot: Spot) -> None:
    if exchange.command >= 1 << parts.command.bits:
        (spot / "command").note(str(exchange.command), f"less than {1 << parts.command.bits}")
    for name, value in exchange.values.items():
        here = spot / "values" / name
        if name not in known:
            here.unknown(name, known, "a value of this exchange")
        if value.byte + value.octets > 8:
            (here / "byte").note(
                str(value.byte), f"at most {8 - value.octets}: {value.type} takes {value.octets} bytes"
            )
        if value.bit is not None and value.mask is not None:
            (here / "mask").note("beside bit", "one of bit and mask")
        if value.type == "f32" and (value.bit is not None or value.mask is not None):
            (here / "type").note("f32", "a whole type, where bit or mask stands")
        if value.bit is not None and value.bit >= 8 * value.octets:
            (here / "bit").note(str(value.bit), f"0 to {8 * value.octets - 1}")
        if value.mask is not None and value.mask >> 8 * value.octets:
            (here / "mask").note(hex(value.mask), f"{value.octets} bytes")
        if value.scale == 0:
            (here / "scale").note("0", "any number but 0")
        if value.invert and value.bit is None:
            (here / "invert").note("true", "only with bit")
