"""Rules that protect machinery and memories: word order, edges, motion, dead-man, EEPROM, one reader, validity."""

from collections.abc import Iterator

from hal.codecs.blocks import limit
from hal.codecs.fields import is_shy, read_block, whole_block
from hal.config.device import Argument, ChannelGroup, CommandStep, DeviceContent, DeviceInfo, Register, WordType
from hal.config.mistakes import Spot, show
from hal.config.verbs import CYCLIC_VERBS
from hal.ports import Table

STATED_ORDER = frozenset({WordType.U32, WordType.S32, WordType.F32})
READ_BACK = "enabled"
"""A unit that offers this register is seen enabled before anything moves."""


def check_rules(content: DeviceContent, spot: Spot) -> None:
    """Note everything that would wear out, start or silently lose something on the real unit."""
    _check_refs(content, spot)
    for name, register in content.registers.items():
        here = spot / "registers" / name
        _check_order(register, here)
        _check_repetition(register, content.device, here)
        _check_memory(register, content.device, here)
        _check_stamp(register, here)
        if register.clears_on_read:
            _check_one_reader(content, name, register, here)
        if register.valid:
            _check_valid(content, name, register, here / "valid")
    for verb, body in content.commands.items():
        _check_verb(content, verb, body.steps, spot / "commands" / verb)


def _check_refs(content: DeviceContent, spot: Spot) -> None:
    """The manual's numbers of one table are all the same distance from the addresses, else two bases are mixed."""
    first: dict[Table, int] = {}
    entries: list[tuple[Spot, Register | ChannelGroup]] = [
        *((spot / "registers" / name, register) for name, register in content.registers.items()),
        *((spot / "channels" / name, group) for name, group in content.channels.items()),
    ]
    for here, entry in entries:
        if entry.ref is not None:
            away = first.setdefault(entry.table, entry.ref - entry.address)
            if entry.ref - entry.address != away:
                one = f"{entry.address + away}: one address base in the {entry.table} table"
                (here / "ref").note(str(entry.ref), one)


def _check_order(register: Register, spot: Spot) -> None:
    if register.type in STATED_ORDER and register.word_order is None:
        (spot / "word_order").note("(absent)", "ABCD or CDAB: it belongs to the value, not to the unit")
    if register.type not in STATED_ORDER and register.word_order is not None:
        (spot / "word_order").note(register.word_order, "only for values of two words")


def _check_repetition(register: Register, info: DeviceInfo, spot: Spot) -> None:
    every, drops = register.rewrite_every_s, register.drops_after_s
    if (register.hazard == "dead-man") and every is None:
        (spot / "rewrite_every_s").note("(absent)", "how often a dead-man is written again")
    if drops is not None and (every is None or drops < 2 * every):
        (spot / "drops_after_s").note(str(drops), "at least twice rewrite_every_s, so that one lost write is no drop")
    if every is None:
        return
    where = spot / "rewrite_every_s"
    if not register.writable:
        where.note(str(every), "only what can be written can be written again")
    if every <= info.min_gap_s + info.reply_s:
        where.note(str(every), f"more than min_gap_s + reply_s = {info.min_gap_s + info.reply_s:g}")
    if register.hazard == "motion":
        where.note(str(every), "never for motion: each write of it starts anew (hazard dead-man moves while repeated)")
    if register.edge:
        where.note(str(every), "never for an edge: a repeated level is no edge")
    if register.eeprom or register.eeprom_values:
        where.note(str(every), "never for a memory that wears out")


def _check_memory(register: Register, info: DeviceInfo, spot: Spot) -> None:
    if register.eeprom and info.memory_every_s is None:
        (spot / "eeprom").note("true", "only with memory_every_s in [device]: how fast it may be written")
    if register.eeprom and register.writable and not register.readable:
        (spot / "access").note(register.access, "rw: a memory that wears out is read and compared before it is written")
    if register.eeprom_values and not register.writable:
        (spot / "eeprom_values").note(show(register.eeprom_values), "only for a register that can be written")
    if register.rest is not None and register.hazard is None:
        (spot / "rest").note(show(register.rest), "only together with hazard")
    if register.edge and not register.writable:
        (spot / "edge").note("true", "only for a register that can be written")


def _check_stamp(register: Register, spot: Spot) -> None:
    """A count and a mark are plain words that are read with every poll."""
    if not register.is_stamp:
        return
    where = spot / ("rolling" if register.rolling else "constant")
    plain = register.type is WordType.U16 and register.bit is None and register.repeat is None and register.enum is None
    if not plain or (register.scale, register.offset) != (1.0, 0.0):
        where.note(str(register.type), "a plain u16 word")
    if register.access != "r" or register.cyclic is False or register.clears_on_read:
        where.note(f"access {register.access}", "only what is read with every poll, and never written")
    if register.rolling and register.constant is not None:
        where.note("both", "either a count or a mark")


def _check_one_reader(content: DeviceContent, name: str, register: Register, spot: Spot) -> None:
    if not register.readable:
        (spot / "clears_on_read").note("true", "only for a register that can be read")
    if register.cyclic:
        (spot / "cyclic").note("true", "false: each read of it is an event that somebody must take")
    readers = [v for v, b in content.commands.items() if any(name in _looks(step) for step in b.steps)]
    readers += [n for n, other in content.registers.items() if name in other.valid]
    if len(readers) > 1:
        (spot / "clears_on_read").note(f"read by {', '.join(readers)}", "one reader")


def _looks(step: CommandStep) -> set[str]:
    return {*(step.unless or {}), *(step.wait or {})}


def _check_valid(content: DeviceContent, name: str, register: Register, spot: Spot) -> None:
    mates = {n: r for n, r in content.registers.items() if n != name and r.readable and _together(r, register)}
    able = [n for n, r in mates.items() if r.repeat is None]
    unknown = [n for n in register.valid if n not in able]
    for other in unknown:
        (spot / other).unknown(other, able, f"a readable register of the {register.table} table")
    if register.access != "r":
        spot.note(register.access, "only for what is read and not written")
    if unknown:
        return
    for other, allowed in register.valid.items():
        words = (content.registers[other].enum or {}).values()
        for word in allowed if words else ():
            if word not in words:
                (spot / other).unknown(word, words, f"a word of {other}")
    block = read_block(register, content.registers)
    if block.count > limit(register.table, content.device.max_read):
        spot.note(f"{block.count} entries", f"in one request: at most {limit(register.table, content.device.max_read)}")
    for other, shy in content.registers.items():
        if is_shy(shy) and other != name and block.overlaps(whole_block(shy)):
            spot.note(f"one request reads {other} too", "nothing that is not polled inside the request")


def _together(one: Register, other: Register) -> bool:
    return one.table is other.table and one.unit_id == other.unit_id


def _check_verb(content: DeviceContent, verb: str, steps: tuple[CommandStep, ...], spot: Spot) -> None:
    seen_enabled = False
    for number, step in enumerate(steps):
        here = spot / "steps" / number
        seen_enabled = seen_enabled or (step.wait or {}).get(READ_BACK) is True
        for name, value in (step.write or {}).items():
            register = content.registers.get(name)
            if register is None:
                continue
            where = here / "write" / name
            if verb in CYCLIC_VERBS and (register.hazard or register.edge or register.eeprom):
                where.note(verb, "no motion, no edge and no memory in a verb that runs again and again")
            moves = register.hazard is not None and (register.rest is None or value != register.rest)
            if moves and verb != "stop" and _offers(content, READ_BACK) and not seen_enabled:
                where.note("no read-back", f"a step before it that waits for {READ_BACK} = true")
            _check_wear(register, name, value, step, where)
    _check_edges(content, steps, spot)


def _offers(content: DeviceContent, name: str) -> bool:
    register = content.registers.get(name)
    return register is not None and register.readable


def _check_wear(register: Register, name: str, value: Argument, step: CommandStep, spot: Spot) -> None:
    if register.eeprom and (step.unless or {}).get(name) != value:
        spot.note("written without a look", f"unless = {{ {name} = {value} }}: compare before a write to the memory")
    if register.eeprom_values and (isinstance(value, str) or value in register.eeprom_values):
        spot.note(show(value), f"a constant, none of those that write the memory: {show(register.eeprom_values)}")


def _check_edges(content: DeviceContent, steps: tuple[CommandStep, ...], spot: Spot) -> None:
    """The level of rest comes first: what a verb that broke off left high would make the next one no edge."""
    levels: dict[str, list[bool]] = {}
    for step in steps:
        for name, value in (step.write or {}).items():
            if name in content.registers and content.registers[name].edge:
                levels.setdefault(name, []).extend(_levels(content.registers[name], value))
    for name, found in levels.items():
        if found[:2] != [False, True]:
            allowed = "the level of rest, then the other, in steps of their own: the unit acts on the change"
            (spot / name).note(show(found), allowed)


def _levels(register: Register, value: Argument) -> Iterator[bool]:
    if not isinstance(value, str):
        yield value != (register.rest or 0)
