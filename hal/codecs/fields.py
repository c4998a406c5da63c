"""Fields: every named value of a unit with its place in the tables, from registers and from wired channels alike."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from hal.codecs import values
from hal.codecs.blocks import OWN_ID, Block
from hal.codecs.values import Decoder, Placer, Value
from hal.config.bundle import Unit, Wired
from hal.config.device import WORD_TABLES, Argument, Register
from hal.errors import CodecError
from hal.readings import READING_OF_KIND, roles

OUTPUT = "out."
"""Before the name of a wired output, because an input may have the same name: `out.rods_home` is a coil."""

LATCH_OUTPUT = re.compile(r"latch_(open|closed)_([1-9]\d*)")
"""Wired outputs that drive latches; they are read back with each poll, because the state of a latch depends on them."""

ROLES = frozenset(role for kind in READING_OF_KIND for role in roles(kind))


@dataclass(frozen=True)
class Field:
    """One named value. `read` and `write` say where it stands for each direction, None where it cannot be done.

    `polled` is part of the cyclic reads; `shy` must never be read without need (reading changes it).
    """

    name: str
    read: Block | None
    write: Block | None
    polled: bool
    shy: bool
    decoder: Callable[[int], Decoder]
    placer: Callable[[int], Placer]
    register: Register | None = None
    gain: float = 1.0


def fields_of(unit: Unit) -> tuple[Field, ...]:
    """All fields of a unit: registers, wired inputs, wired outputs."""
    return (*_registers(unit), *_inputs(unit), *_outputs(unit))


def is_polled(name: str, register: Register) -> bool:
    """True when a register is part of the cyclic reads: what its file says, else when its name is a role."""
    if not register.readable or register.clears_on_read:
        return False
    if register.is_stamp:
        return True
    return name in ROLES if register.cyclic is None else register.cyclic


def _always(register: Register) -> bool:
    """Polled whatever a station takes of the unit."""
    return register.cyclic is True or register.is_stamp


def is_shy(register: Register) -> bool:
    """True when no read may touch a register that does not ask for it."""
    return register.readable and (register.cyclic is False or register.clears_on_read)


def read_block(register: Register, registers: Mapping[str, Register]) -> Block:
    """What one request must take: the value with the companions that say whether it counts."""
    parts = (register, *(registers[name] for name in register.valid))
    low, high = min(p.address for p in parts), max(p.address + p.span for p in parts)
    return Block(register.table, low, high - low, _unit_id(register))


def _unit_id(register: Register) -> int:
    return OWN_ID if register.unit_id is None else register.unit_id


def whole_block(register: Register) -> Block:
    """All entries of a register, without companions."""
    return Block(register.table, register.address, register.span, _unit_id(register))


def _registers(unit: Unit) -> Iterator[Field]:
    every, taken = unit.device.registers, frozenset(unit.roles.values())
    for name, register in every.items():
        gain = unit.gain.get(name, 1.0)
        read = read_block(register, every)
        skip = register.address - read.address
        yield Field(
            name=name,
            read=read if register.readable else None,
            write=whole_block(register) if register.writable else None,
            polled=is_polled(name, register) and (not taken or name in taken or _always(register)),
            shy=is_shy(register),
            decoder=_register_decoder(unit, register, gain, read),
            placer=partial(_placer_at, register, gain, skip),
            register=register,
            gain=gain,
        )


def _register_decoder(unit: Unit, register: Register, gain: float, read: Block) -> Callable[[int], Decoder]:
    others = [(n, unit.device.registers[n], frozenset(allowed)) for n, allowed in register.valid.items()]

    def decoder(at: int) -> Decoder:
        start = at - read.address
        value = values.decoder(register, gain, start + register.address)
        looks = [(values.decoder(r, unit.gain.get(n, 1.0), start + r.address), ok) for n, r, ok in others]
        return _valid(value, looks) if looks else value

    return decoder


def _valid(value: Decoder, looks: Sequence[tuple[Decoder, frozenset[Argument]]]) -> Decoder:
    def decode(entries: Sequence[int]) -> Value | None:
        return value(entries) if all(look(entries) in allowed for look, allowed in looks) else None

    return decode


def _inputs(unit: Unit) -> Iterator[Field]:
    for name, wired in unit.inputs.items():
        yield replace(_wired(unit, name, wired), write=None, polled=True)


def _outputs(unit: Unit) -> Iterator[Field]:
    for name, channel in unit.outputs.items():
        group = unit.device.channels[channel.group]
        field = _wired(unit, name, channel)
        back = group.address if group.readback is None else group.readback
        read = field.read and replace(field.read, address=field.read.address - group.address + back)
        yield replace(field, name=OUTPUT + name, read=read, polled=LATCH_OUTPUT.fullmatch(name) is not None)


def _wired(unit: Unit, name: str, wired: Wired) -> Field:
    channels = wired if isinstance(wired, tuple) else (wired,)
    group = unit.device.channels[channels[0].group]
    per_entry = 16 if group.table in WORD_TABLES else 1
    first = min(c.index for c in channels) // per_entry
    last = max(c.index for c in channels) // per_entry
    block = Block(group.table, group.address + first, last - first + 1)
    spots = tuple((c.index // per_entry - first, 1 << c.index % per_entry, c.inverted) for c in channels)
    single = not isinstance(wired, tuple)
    return Field(
        name=name,
        read=block,
        write=block,
        polled=False,
        shy=False,
        decoder=lambda at: _switch_decoder(spots, at, single),
        placer=lambda at: _switch_placer(spots, at, single),
    )


def _switch_decoder(spots: tuple[tuple[int, int, bool], ...], at: int, single: bool) -> Decoder:
    places = tuple((at + i, mask, inverted) for i, mask, inverted in spots)
    if single:
        i, mask, inverted = places[0]
        return lambda entries: (entries[i] & mask != 0) is not inverted

    def decode(entries: Sequence[int]) -> Value:
        return tuple([(entries[i] & mask != 0) is not inverted for i, mask, inverted in places])

    return decode


def _placer_at(register: Register, gain: float, skip: int, at: int) -> Placer:
    return values.placer(register, gain, at + skip)


def _switch_placer(spots: tuple[tuple[int, int, bool], ...], at: int, single: bool) -> Placer:
    def place(entries: list[int], value: Value) -> None:
        given = (value,) if single else value
        if not isinstance(given, tuple) or len(given) != len(spots):
            raise CodecError(f"{value!r}: {len(spots)} switch states are needed")
        for (i, mask, inverted), state in zip(spots, given, strict=True):
            if state is not True and state is not False:
                raise CodecError(f"{state!r}: true or false is needed")
            on = state is not inverted
            entries[at + i] = entries[at + i] | mask if on else entries[at + i] & ~mask

    return place


__all__ = ["OUTPUT", "ROLES", "Field", "fields_of", "is_polled", "is_shy", "read_block", "whole_block"]
