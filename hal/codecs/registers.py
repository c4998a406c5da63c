"""Modbus unit codec: blocks to poll, words to values, verbs to frames; and the same tables from the device's side."""

from collections.abc import Mapping, Sequence
from functools import partial

from hal.codecs.blocks import OWN_ID, Block, merge
from hal.codecs.fields import LATCH_OUTPUT, OUTPUT, ROLES, Field, fields_of
from hal.codecs.plan import Action, Condition, Planner, Wait, Write, compile_verb, switch
from hal.codecs.stamp import Stamp, stamp_of
from hal.codecs.values import Decoded, Decoder, Placer, Value
from hal.config.bundle import Unit
from hal.config.device import WORD_TABLES
from hal.errors import CodecError
from hal.ports import Table

ENTRIES = 65536
_Image = tuple[int, int, tuple[tuple[str, Placer], ...]]
"""Index of the block's first entry in the image, size of the image, and who puts what there."""


class UnitCodec:
    """Everything that one unit's device file and wiring say, compiled. Pure: no clock, no link.

    `fields` has every named value; `blocks` are the cyclic reads; `roles` the names that they give; `verbs` what can be
    planned. A unit with wired outputs also has the verb `stop` (all outputs off), and `drive` (actuator, out) or `lock`
    and `unlock` (mask of latches) by what they are; outputs are the fields `out.<name>`.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.info = unit.device.device
        self.fields: Mapping[str, Field] = {field.name: field for field in fields_of(unit)}
        polled = [f for f in self.fields.values() if f.polled and f.read is not None]
        self.roles: tuple[str, ...] = tuple(f.name for f in polled if f.name in ROLES)
        self.blocks: tuple[Block, ...] = self._merged(polled)
        self._verbs: dict[str, Planner] = {
            name: compile_verb(verb.steps, self.fields, self.info) for name, verb in unit.device.commands.items()
        }
        self.actuators: tuple[str, ...] = tuple(n.removesuffix("_out") for n in unit.outputs if n.endswith("_out"))
        self.latches = frozenset(int(m[2]) for n in unit.outputs if (m := LATCH_OUTPUT.fullmatch(n)))
        if unit.outputs:
            self._verbs |= {"stop": self._all_off}
        if self.actuators:
            self._verbs |= {"drive": self._drive}
        if self.latches:
            self._verbs |= {"lock": partial(self._swing, True), "unlock": partial(self._swing, False)}
        self.verbs: frozenset[str] = frozenset(self._verbs)
        self._decoders: dict[Block, tuple[tuple[str, Decoder], ...]] = {b: self._decoders_of(b) for b in self.blocks}
        self._images: dict[Block, _Image] = {}
        self._mapped = self._mapped_blocks()
        self._constants = {n: r.constant for n, r in unit.device.registers.items() if r.constant is not None}

    def decode(self, block: Block, words: Sequence[int]) -> Decoded:
        """Every readable value that lies in the block. Raises `CodecError` when the number of words is wrong."""
        if len(words) != block.count:
            raise CodecError(f"{block.table} 0x{block.address:04X}: {len(words)} entries instead of {block.count}")
        decoders = self._decoders.get(block)
        if decoders is None:
            decoders = self._decoders[block] = self._decoders_of(block)
        return {name: decode(words) for name, decode in decoders}

    def stamp(self, block: Block) -> Stamp | None:
        """What proves that words are a new answer of this block."""
        return stamp_of(block, self.unit.device.registers)

    def plan(self, verb: str, arguments: Mapping[str, Value]) -> tuple[Action, ...]:
        """Frames and waits of a command, in order. Raises `CodecError` for an unknown verb or a value out of range."""
        planner = self._verbs.get(verb)
        if planner is None:
            raise CodecError(f"{self.unit.name}: no verb {verb!r}, known: {', '.join(sorted(self._verbs))}")
        return planner(arguments)

    def encode_read(
        self, table: Table, address: int, count: int, values: Mapping[str, Value], unit_id: int = OWN_ID
    ) -> tuple[int, ...]:
        """Device side: the entries of a read, under one of its ids. Raises `LookupError` when an address is unmapped.

        A role that is in range must have a value (`CodecError`); an internal value that is missing reads as 0, as do
        the unused entries that merged reads carry along.
        """
        block = Block(table, address, count, unit_id)
        image = self._images.get(block)
        if image is None:
            image = self._images[block] = self._image_of(block)
        start, size, placers = image
        entries = [0] * size
        for name, place in placers:
            value = values.get(name, self._constants.get(name))
            if value is not None:
                place(entries, value)
            elif name in ROLES:
                raise CodecError(f"{self.unit.name}: no value for {name}")
        return tuple(entries[start : start + count])

    def decode_write(
        self, table: Table, address: int, values: Sequence[int], unit_id: int = OWN_ID
    ) -> dict[str, Value]:
        """Device side: the values that a write sets. Raises `LookupError` when an address is unmapped or read only.

        Channels that are wired to nothing are taken and forgotten.
        """
        block = Block(table, address, len(values), unit_id)
        covered: set[int] = set()
        found: dict[str, Value] = {}
        for field in self.fields.values():
            if field.write is None or not block.overlaps(field.write):
                continue
            if field.write.address < block.address or field.write.end > block.end:
                raise LookupError(f"{field.name} is written in part")
            value = field.decoder(field.write.address - block.address)(values)
            covered.update(range(field.write.address, field.write.end))
            if value is None:
                raise LookupError(f"{field.name}: no such value")
            found[field.name] = value
        for group in self.unit.device.channels.values():
            if group.table is table and unit_id == OWN_ID:
                covered.update(range(group.address, group.address + group.count))
        if not covered.issuperset(range(block.address, block.end)):
            raise LookupError(f"{table} 0x{address:04X} is not writable")
        return found

    def _merged(self, fields: Sequence[Field]) -> tuple[Block, ...]:
        shy = [f.read for f in self.fields.values() if f.shy and f.read is not None]
        return merge([f.read for f in fields if f.read is not None], shy, self.info.max_read, self.info.max_gap)

    def _mapped_blocks(self) -> tuple[Block, ...]:
        """What the device itself answers: every readable field, every channel, and the small gaps between them."""
        spans = [f.read for f in self.fields.values() if f.read is not None]
        for group in self.unit.device.channels.values():
            count = -(-group.count // 16) if group.table in WORD_TABLES else group.count
            spans.append(Block(group.table, group.address if group.readback is None else group.readback, count))
        return merge(spans, (), ENTRIES, self.info.max_gap)

    def _decoders_of(self, block: Block) -> tuple[tuple[str, Decoder], ...]:
        return tuple(
            (f.name, f.decoder(f.read.address - block.address))
            for f in self.fields.values()
            if f.read is not None and block.covers(f.read)
        )

    def _image_of(self, block: Block) -> _Image:
        if not any(mapped.covers(block) for mapped in self._mapped):
            raise LookupError(f"{block.table} 0x{block.address:04X}+{block.count} is not mapped")
        inside = [(f, f.read) for f in self.fields.values() if f.read is not None and block.overlaps(f.read)]
        low = min([block.address, *(read.address for _, read in inside)])
        high = max([block.end, *(read.end for _, read in inside)])
        placers = tuple((f.name, f.placer(read.address - low)) for f, read in inside)
        return block.address - low, high - low, placers

    def _drive(self, arguments: Mapping[str, Value]) -> tuple[Action, ...]:
        name, out = arguments.get("actuator"), arguments.get("out")
        if name not in self.actuators or not isinstance(out, bool):
            known = ", ".join(self.actuators)
            raise CodecError(f"drive {name!r} out={out!r}: one of {known} and true or false is needed")
        pair = ((self.fields[f"{OUTPUT}{name}_out"], out), (self.fields[f"{OUTPUT}{name}_home"], not out))
        return switch(pair, self.info)

    def _swing(self, closed: bool, arguments: Mapping[str, Value]) -> tuple[Action, ...]:
        mask = arguments.get("mask")
        points = {k + 1 for k in range(mask.bit_length()) if mask >> k & 1} if isinstance(mask, int) else set()
        if not points or not points <= self.latches:
            raise CodecError(f"{self.unit.name}: latches {sorted(points)}, known: {sorted(self.latches)}")
        wanted = {f"{OUTPUT}latch_{way}_{k}": (way == "closed") is closed for k in points for way in ("open", "closed")}
        return switch(((self.fields[name], on) for name, on in wanted.items()), self.info)

    def _all_off(self, _arguments: Mapping[str, Value]) -> tuple[Action, ...]:
        return switch(((self.fields[OUTPUT + name], False) for name in self.unit.outputs), self.info)


__all__ = ["Action", "Block", "Condition", "Decoded", "UnitCodec", "Value", "Wait", "Write"]
