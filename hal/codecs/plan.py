"""Verbs of a unit as frames: writes, conditions and bounded waits, compiled from the steps of a device file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from hal.codecs import values
from hal.codecs.blocks import OWN_ID, Block, limit, merge
from hal.codecs.fields import Field
from hal.codecs.values import Decoded, Value
from hal.config.device import WRITE_MANY, WRITE_ONE, Argument, CommandStep, DeviceInfo, Register
from hal.errors import CodecError
from hal.ports import Table


@dataclass(frozen=True, slots=True)
class Condition:
    """True when the fields of `expect`, freshly read from `reads`, are all equal."""

    reads: tuple[Block, ...]
    expect: Mapping[str, Value]

    def holds(self, seen: Decoded) -> bool:
        """Judge decoded values; an absent or unknown one is not equal."""
        return all(seen.get(name) == value for name, value in self.expect.items())


@dataclass(frozen=True, slots=True)
class Write:
    """One write frame. Skipped when `unless` holds. `hazard` marks a write that moves metal.

    `unit_id`: under which id of the product it goes. `rewrite_every_s`: the unit drops what was written unless it comes
    again so often. `wears`: it goes to a memory that bears only so many writes.
    """

    table: Table
    address: int
    values: tuple[int, ...]
    multiple: bool
    unless: Condition | None = None
    hazard: str | None = None
    rewrite_every_s: float | None = None
    unit_id: int = OWN_ID
    wears: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Read `reads` again until `expect` holds, at the most `limit_s`; then the device was silent."""

    reads: tuple[Block, ...]
    expect: Mapping[str, Value]
    limit_s: float

    def holds(self, seen: Decoded) -> bool:
        """Judge decoded values; an absent or unknown one is not equal."""
        return Condition(self.reads, self.expect).holds(seen)


Action = Write | Wait
Arguments = Mapping[str, Value]
Planner = Callable[[Arguments], tuple[Action, ...]]


def compile_verb(steps: Iterable[CommandStep], fields: Mapping[str, Field], info: DeviceInfo) -> Planner:
    """A function from the verb's arguments to its actions. It raises `CodecError` for a value that does not fit."""
    compiled = tuple(_compile(step, fields, info) for step in steps)
    return lambda arguments: tuple(action for part in compiled for action in part(arguments))


def frames(blocks: Iterable[tuple[str, Block]], info: DeviceInfo) -> tuple[tuple[str, ...], ...]:
    """Names that go into one frame each: neighbours in one table, in the order in which each first one was listed."""
    listed = list(blocks)
    order = {name: i for i, (name, _) in enumerate(listed)}
    groups: list[list[tuple[str, Block]]] = []
    for name, block in sorted(listed, key=lambda item: item[1]):
        last = groups[-1][-1][1] if groups else None
        joins = last is not None and last.is_beside(block) and last.end == block.address
        if joins and WRITE_MANY[block.table] in info.functions:
            groups[-1].append((name, block))
        else:
            groups.append([(name, block)])
    groups.sort(key=lambda group: min(order[name] for name, _ in group))
    return tuple(tuple(name for name, _ in group) for group in groups)


def switch(outputs: Iterable[tuple[Field, bool]], info: DeviceInfo) -> tuple[Write, ...]:
    """Writes that set wired outputs: off before on, neighbours in one frame where the unit can."""
    wanted = {field.name: (field, on) for field, on in outputs}
    blocks = [(n, f.write) for n, (f, on) in sorted(wanted.items(), key=lambda item: item[1][1]) if f.write]
    writes = []
    for names in frames(blocks, info):
        entries: list[int] = []
        for name in names:
            field, on = wanted[name]
            word = [0]
            field.placer(0)(word, on)
            entries += word
        first = wanted[names[0]][0].write
        assert first is not None  # only what can be written has come so far
        writes.append(_frame(first, tuple(entries), info))
    return tuple(writes)


def _compile(step: CommandStep, fields: Mapping[str, Field], info: DeviceInfo) -> Planner:
    if step.write is not None:
        return _compile_write(step, fields, info)
    expect, limit_s = step.wait or {}, step.limit_s or 0.0
    reads = _reads(expect, fields, info)
    return lambda arguments: (Wait(reads, _expected(expect, fields, arguments), limit_s),)


def _compile_write(step: CommandStep, fields: Mapping[str, Field], info: DeviceInfo) -> Planner:
    wanted = step.write or {}
    unless, reads = step.unless, _reads(step.unless or {}, fields, info)
    blocks = [(name, block) for name in wanted if (block := fields[name].write) is not None]
    groups = frames(blocks, info)

    def plan(arguments: Arguments) -> tuple[Action, ...]:
        condition = None if unless is None else Condition(reads, _expected(unless, fields, arguments))
        return tuple(_write(names, wanted, fields, arguments, condition, info) for names in groups)

    return plan


def _write(
    names: tuple[str, ...],
    wanted: Mapping[str, Argument],
    fields: Mapping[str, Field],
    arguments: Arguments,
    condition: Condition | None,
    info: DeviceInfo,
) -> Write:
    entries: list[int] = []
    hazard: str | None = None
    every: list[float] = []
    wears = False
    first = fields[names[0]].write
    assert first is not None  # only what can be written has come so far
    for name in names:
        field = fields[name]
        value = _argument(wanted[name], arguments)
        entries += _entries(field, value)
        register = field.register
        assert register is not None  # `_entries` refuses all others
        hazard = hazard or register.hazard
        wears = wears or register.eeprom
        if register.rewrite_every_s is not None and _stands(register, value):
            every.append(register.rewrite_every_s)
    frame = _frame(first, tuple(entries), info, condition, hazard)
    return replace(frame, rewrite_every_s=min(every, default=None), wears=wears) if every or wears else frame


def _stands(register: Register, value: Value) -> bool:
    """The value is one that the unit drops by itself: neither zero nor its value of rest."""
    return bool(value) and value != register.rest


def _frame(
    first: Block,
    entries: tuple[int, ...],
    info: DeviceInfo,
    unless: Condition | None = None,
    hazard: str | None = None,
) -> Write:
    multiple = len(entries) > 1 or WRITE_ONE[first.table] not in info.functions
    return Write(first.table, first.address, entries, multiple, unless, hazard, unit_id=first.unit_id)


def _entries(field: Field, value: Value) -> tuple[int, ...]:
    if field.register is None:
        raise CodecError(f"{field.name}: not a register")
    try:
        return values.encode(field.register, field.gain, value)
    except CodecError as error:
        raise CodecError(f"{field.name}: {error}") from None


def _argument(value: Argument, arguments: Arguments) -> Value:
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if value[1:] not in arguments:
        raise CodecError(f"argument {value[1:]!r} is missing")
    return arguments[value[1:]]


def _expected(expect: Mapping[str, Argument], fields: Mapping[str, Field], arguments: Arguments) -> dict[str, Value]:
    """Expected values as the wire would give them back, so that equality is exact."""
    found: dict[str, Value] = {}
    for name, given in expect.items():
        field = fields[name]
        value = field.decoder(0)(_entries(field, _argument(given, arguments)))
        assert value is not None  # what could be encoded is a value
        found[name] = value
    return found


def _reads(expect: Iterable[str], fields: Mapping[str, Field], info: DeviceInfo) -> tuple[Block, ...]:
    spans = [block for name in expect if (block := fields[name].read) is not None]
    shy = [f.read for f in fields.values() if f.shy and f.read is not None and f.name not in set(expect)]
    return merge(spans, shy, info.max_read, info.max_gap)


def fits(block: Block, info: DeviceInfo) -> bool:
    """True when one write frame can carry the block."""
    return block.count <= limit(block.table, info.max_write)
