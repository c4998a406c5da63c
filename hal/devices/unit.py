"""One Modbus unit on one link: poll it into fresh values, carry out its verbs."""

import asyncio
from collections.abc import Callable, Mapping

from hal.codecs.blocks import OWN_ID
from hal.codecs.identity import marks_of
from hal.codecs.registers import Block, UnitCodec, Value, Wait, Write
from hal.codecs.stamp import Stamp
from hal.errors import (
    CodecError,
    DeviceRefused,
    DeviceSilent,
    DeviceStrange,
    HalError,
    LinkDown,
    LinkError,
    LinkGarbage,
    LinkWithdrawn,
    MemorySpared,
)
from hal.ports import ModbusLink

Values = dict[str, Value | None]
NEVER = float("-inf")
GATEWAY_CODES = frozenset({0x0A, 0x0B})
"""A gateway answers for a unit that does not (Modbus Application Protocol V1.1b3, 7)."""
LOOK_EVERY_S = 0.02
"""Between two looks at an awaited value: the line is shared with the polls of its other units."""


class ModbusUnit:
    """Values of one unit, all of one age. `clock` gives monotonic seconds."""

    def __init__(self, codec: UnitCodec, link: ModbusLink, clock: Callable[[], float]) -> None:
        self.codec = codec
        self.name = codec.unit.name
        self.values: Values = {}
        self.at_s = NEVER
        self.version = 0
        """Grows whenever a value changed."""
        self.changed_at_s = NEVER
        """Time of the sample in which a value changed last."""
        self._link = link
        self._clock = clock
        self._id = codec.unit.unit
        self._timeout_s = codec.info.timeout_s
        self._polled = tuple((block, codec.stamp(block)) for block in codec.blocks)
        self._raw: dict[Block, tuple[int, ...]] = {}
        self._count: dict[Block, int | None] = {}
        """The last count of each block that has a stamp."""
        self._marks = tuple(mark for mark in marks_of(codec.unit.device) if mark.expect)
        self._is_known = not self._marks
        self.memory_writes = 0
        """Writes so far to a memory that wears out; one whose answer was lost counts."""
        self._spare_until_s = NEVER

    async def poll(self) -> None:
        """Read all blocks. Nothing is stored unless all of them came: values of one sample belong together.

        A unit that can tell what it is does so first: at the start, and again after each request without an answer,
        because somebody may have put another one in its place. Raises `LinkError` or `DeviceError`, of them
        `DeviceStrange` for another product; the first failure ends the poll.
        """
        try:
            if not self._is_known:
                await self._identify()
            await self._sample()
        except LinkError:
            self._is_known = not self._marks
            raise

    async def _sample(self) -> None:
        started = self._clock()
        fresh: list[tuple[Block, tuple[int, ...], tuple[int, ...]]] = []
        for block, stamp in self._polled:
            words = await self._read(block)
            body = words
            if stamp is not None:
                self._check_stamp(block, stamp, words)
                body = stamp.body(words)
            if body != self._raw.get(block):
                fresh.append((block, words, body))
        for block, words, body in fresh:
            self.values.update(self._decode(block, words))
            self._raw[block] = body
            self.version += 1
            self.changed_at_s = started
        self.at_s = started

    async def _identify(self) -> None:
        for mark in self._marks:
            try:
                wrong = mark.why_not(await self._read(mark.block))
            except DeviceRefused as error:
                if error.code in GATEWAY_CODES:
                    raise
                wrong = f"it does not tell its {mark.name} (exception {error.code}), {mark.wanted}"
            if wrong:
                raise DeviceStrange(f"{self.name}: not the product of its file {self.codec.unit.device.name}: {wrong}")
        self._is_known = True

    async def do(
        self, verb: str, arguments: Mapping[str, Value], *, urgent: bool = False, still: Callable[[], bool]
    ) -> None:
        """Carry out a verb: each write leaves once; waits read back until seen or `DeviceSilent`.

        Before every write `still()` must hold, else the rest is dropped: a stop came in between. Raises `MemorySpared`
        for a write to a memory that wears out and was written just now.
        """
        for action in self.codec.plan(verb, arguments):
            if not still():
                return
            match action:
                case Write():
                    await self._write(action, urgent, still)
                case Wait():
                    await self._wait(action, still)

    def rewrites(self, verb: str, arguments: Mapping[str, Value]) -> tuple[Write, ...]:
        """The writes of a verb that the unit drops unless they come again."""
        plan = self.codec.plan(verb, arguments)
        return tuple(action for action in plan if isinstance(action, Write) and action.rewrite_every_s is not None)

    async def rewrite(self, verb: str, arguments: Mapping[str, Value], *, still: Callable[[], bool]) -> None:
        """Send them once more. Raises as `do`; a write that is not wanted any more does not leave."""
        for write in self.rewrites(verb, arguments):
            await self._write(write, False, still)

    async def _write(self, write: Write, urgent: bool, still: Callable[[], bool]) -> None:
        if write.unless is not None and write.unless.holds(await self._look(write.unless.reads)):
            return
        if write.wears and (left_s := self._spare_until_s - self._clock()) > 0:
            every_s = self.codec.info.memory_every_s
            raise MemorySpared(
                f"{self.name}: its memory is written every {every_s:g} s at the most, next in {left_s:.3g} s"
            )
        try:
            await self._link.write(
                self._id if write.unit_id == OWN_ID else write.unit_id,
                write.table,
                write.address,
                write.values,
                multiple=write.multiple,
                timeout_s=self._timeout_s,
                urgent=urgent,
                still=still,
            )
        except LinkWithdrawn:  # a stop came while it waited for its turn on the line
            return
        except LinkDown:  # nothing was sent
            raise
        except HalError:
            self._wrote(write)
            raise
        self._wrote(write)

    def _wrote(self, write: Write) -> None:
        if write.wears:
            self.memory_writes += 1
            self._spare_until_s = self._clock() + (self.codec.info.memory_every_s or 0.0)

    async def _wait(self, wait: Wait, still: Callable[[], bool]) -> None:
        until = self._clock() + wait.limit_s
        while still():
            if wait.holds(await self._look(wait.reads)):
                return
            if self._clock() >= until:
                raise DeviceSilent(f"{self.name}: {dict(wait.expect)} not seen within {wait.limit_s:g} s")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, blocks: tuple[Block, ...]) -> Values:
        seen: Values = {}
        for block in blocks:
            seen.update(self._decode(block, await self._read(block)))
        return seen

    async def _read(self, block: Block) -> tuple[int, ...]:
        unit = self._id if block.unit_id == OWN_ID else block.unit_id
        return await self._link.read(unit, block.table, block.address, block.count, timeout_s=self._timeout_s)

    def _check_stamp(self, block: Block, stamp: Stamp, words: tuple[int, ...]) -> None:
        """Raise `LinkGarbage` for an old answer, or one of another block."""
        wrong = stamp.why_not(words, self._count.get(block))
        self._count[block] = stamp.count(words)  # also a refused one: a unit that starts anew counts on from there
        if wrong:
            raise LinkGarbage(f"{self.name}: {block.table} 0x{block.address:04X}: {wrong}")

    def _decode(self, block: Block, words: tuple[int, ...]) -> Values:
        try:
            return self.codec.decode(block, words)
        except CodecError as error:
            raise LinkGarbage(f"{self.name}: {error}") from None
