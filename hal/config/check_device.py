"""Cross checks inside one device file: reachable, not overlapping, meaningful registers and steps."""

from collections.abc import Iterator

from hal.codecs.blocks import limit
from hal.config.device import (
    BIT_TABLES,
    READ_FUNCTION,
    WORD_TABLES,
    WRITE_MANY,
    WRITE_ONE,
    ChannelGroup,
    DeviceContent,
    DeviceInfo,
    IdentityMark,
    Register,
    WordType,
)
from hal.config.mistakes import Spot
from hal.ports import Table

ENTRIES = 65536
Cell = tuple[str, str, int, int]
"""Direction, table, wire address, bit mask."""


def check_device(content: DeviceContent, spot: Spot) -> None:
    """Note everything that is wrong with registers and channels."""
    for name, mark in content.identity.items():
        _check_mark(mark, content.device, spot / "identity" / name)
    for name, register in content.registers.items():
        here = spot / "registers" / name
        _check_shape(register, here)
        _check_reach(register, content.device, here)
    for name, group in content.channels.items():
        _check_group(group, content.device, spot / "channels" / name)
    _check_overlaps(content, spot)


def at_wire(content: DeviceContent) -> DeviceContent:
    """The same file with wire addresses (base 0)."""
    base = content.device.address_base
    if base == 0:
        return content
    identity = {n: m.model_copy(update={"address": m.address - base}) for n, m in content.identity.items()}
    registers = {n: r.model_copy(update={"address": r.address - base}) for n, r in content.registers.items()}
    channels = {n: _shifted(g, base) for n, g in content.channels.items()}
    info = content.device.model_copy(update={"address_base": 0})
    moved = {"device": info, "identity": identity, "registers": registers, "channels": channels}
    return content.model_copy(update=moved)


def _shifted(group: ChannelGroup, base: int) -> ChannelGroup:
    back = None if group.readback is None else group.readback - base
    return group.model_copy(update={"address": group.address - base, "readback": back})


def _check_mark(mark: IdentityMark, info: DeviceInfo, spot: Spot) -> None:
    if mark.table not in WORD_TABLES or READ_FUNCTION[mark.table] not in info.functions:
        (spot / "table").note(mark.table, f"a table of words that functions {list(info.functions)} can read")
    if mark.words > (info.max_read if mark.type == "text" else 1):
        (spot / "words").note(str(mark.words), f"1 for u16, at most {info.max_read} (device.max_read) for text")
    _check_address(mark.address, mark.words, info, spot / "address")
    if mark.station and (mark.expect or mark.type == "text"):
        (spot / "station").note("true", "only for u16 without expect: the station file says what is expected")
    for value in mark.expect:
        if isinstance(value, str) is not (mark.type == "text"):
            (spot / "expect").note(repr(value), f"values of type {mark.type}")
        elif isinstance(value, int) and not 0 <= value <= 0xFFFF:
            (spot / "expect").note(str(value), "0 to 65535")
        elif isinstance(value, str) and not (value.isascii() and 0 < len(value) <= 2 * mark.words):
            (spot / "expect").note(repr(value), f"1 to {2 * mark.words} ASCII characters (two a word)")


def _check_shape(register: Register, spot: Spot) -> None:
    is_bool, bits = register.type is WordType.BOOL, register.table in BIT_TABLES
    if register.scale == 0:
        (spot / "scale").note("0", "any number but 0")
    if bits and not is_bool:
        (spot / "type").note(register.type, f"bool, because {register.table} holds bits")
    if is_bool and not bits and register.bit is None:
        (spot / "bit").note("(absent)", f"0 to 15, because {register.table} holds words")
    if register.width is not None:
        _check_width(register, spot / "width")
    elif register.bit is not None and (bits or not is_bool):
        (spot / "bit").note(str(register.bit), "only for type bool, or together with width, in a table of words")
    if is_bool and (register.scale, register.offset) != (1.0, 0.0):
        (spot / "scale").note(str(register.scale), "no scale and no offset for a bool")
    if register.writable and register.table in {Table.DISCRETE, Table.INPUT}:
        (spot / "access").note(register.access, f"r, because {register.table} is read only")
    if register.writable and register.bit is not None:
        (spot / "access").note(register.access, "r, because a write would change the other bits of the word")
    if register.stride is not None and (register.repeat is None or register.stride < register.size):
        (spot / "stride").note(str(register.stride), f"at least {register.size}, and only together with repeat")
    if register.cyclic and not register.readable:
        (spot / "cyclic").note("true", "only what can be read can be polled")
    _check_enum(register, spot)


def _check_width(register: Register, spot: Spot) -> None:
    whole = register.type is WordType.U16 and register.table in WORD_TABLES and register.repeat is None
    if not whole or register.bit is None or register.bit + (register.width or 0) > 16:
        spot.note(str(register.width), "some bits of one u16 in a table of words, the lowest given as bit")


def _check_enum(register: Register, spot: Spot) -> None:
    if register.enum is None:
        return
    if register.type not in {WordType.U16, WordType.S16, WordType.U32} or (register.scale, register.offset) != (1, 0):
        (spot / "enum").note(register.type, "only for u16, s16 and u32 without scale and offset")
    for key in register.enum:
        if not key.isdecimal():
            (spot / "enum" / key).note(repr(key), "a whole number as key")
    words = list(register.enum.values())
    for word in sorted({w for w in words if words.count(w) > 1}):
        (spot / "enum").note(repr(word), "each word once")


def _check_reach(register: Register, info: DeviceInfo, spot: Spot) -> None:
    functions, table = info.functions, register.table
    if register.readable and READ_FUNCTION[table] not in functions:
        (spot / "table").note(table, f"a table that functions {list(functions)} can read")
    if register.writable and table in WRITE_ONE:
        ways = {WRITE_MANY[table]} if register.span > 1 else {WRITE_MANY[table], WRITE_ONE[table]}
        if not ways & set(functions):
            (spot / "access").note(register.access, f"r, or function {sorted(ways)} in functions {list(functions)}")
    _check_address(register.address, register.span, info, spot / "address")
    if register.readable and register.span > limit(table, info.max_read):
        spot.note(f"{register.span} entries", f"at most {limit(table, info.max_read)} (device.max_read)")
    if register.writable and register.span > limit(table, info.max_write):
        spot.note(f"{register.span} entries", f"at most {limit(table, info.max_write)} (device.max_write)")


def _check_address(address: int, count: int, info: DeviceInfo, spot: Spot) -> None:
    if address < info.address_base or address - info.address_base + count > ENTRIES:
        last = ENTRIES - 1 + info.address_base
        spot.note(f"0x{address:04X} with {count} entries", f"inside {info.address_base} to {last}")


def _check_group(group: ChannelGroup, info: DeviceInfo, spot: Spot) -> None:
    count = -(-group.count // 16) if group.table in WORD_TABLES else group.count
    _check_address(group.address, count, info, spot / "address")
    if READ_FUNCTION[group.table] not in info.functions:
        (spot / "table").note(group.table, f"a table that functions {list(info.functions)} can read")
    if group.readback is not None:
        _check_address(group.readback, count, info, spot / "readback")
        if group.table is not Table.COIL:
            (spot / "readback").note(hex(group.readback), "only for outputs in the coil table")


def _check_overlaps(content: DeviceContent, spot: Spot) -> None:
    owners: dict[Cell, str] = {}
    for key, cell in _all_cells(content):
        _, table, address, mask = cell
        for bit in [mask] if mask == 0 else [1 << i for i in range(16) if mask >> i & 1]:
            other = owners.setdefault((cell[0], table, address, bit), key)
            if other != key:
                text = f"{table} 0x{address:04X} is also {other}"
                where = spot / key.split(".")[0] / key.split(".")[1] / "address"
                if not any(m.key == ".".join(where.path) and m.value == text for m in spot.book.entries):
                    where.note(text, "no overlap")


def _all_cells(content: DeviceContent) -> Iterator[tuple[str, Cell]]:
    for name, register in content.registers.items():
        for cell in _cells(register):
            yield f"registers.{name}", cell
    for name, group in content.channels.items():
        count = -(-group.count // 16) if group.table in WORD_TABLES else group.count
        back = group.address if group.readback is None else group.readback
        for i in range(count):
            yield f"channels.{name}", ("read", group.table.value, back + i, 0xFFFF)
            if group.table is Table.COIL:
                yield f"channels.{name}", ("write", group.table.value, group.address + i, 0xFFFF)


def _cells(register: Register) -> Iterator[Cell]:
    place = register.table.value if register.unit_id is None else f"{register.table} of unit id {register.unit_id}"
    ways = [way for way, has in (("read", register.readable), ("write", register.writable)) if has]
    for k in range(register.repeat or 1):
        for way in ways:
            if register.bit is not None:
                bit = register.bit + k * register.step
                yield way, place, register.address + bit // 16, (1 << (register.width or 1)) - 1 << bit % 16
            else:
                for i in range(register.size):
                    yield way, place, register.address + k * register.step + i, 0xFFFF
