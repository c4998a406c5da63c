"""Any Modbus unit: a register view on the world through the unit's own device file."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hal.codecs.blocks import OWN_ID, Block
from hal.codecs.identity import Mark, marks_of
from hal.codecs.registers import UnitCodec, Value
from hal.codecs.stamp import Stamp
from hal.codecs.values import Scalar
from hal.config.bundle import Unit
from hal.errors import CodecError
from hal.ports import Table
from sim.emulators.acts import Act, Memory
from sim.emulators.faults import ModbusFault
from sim.emulators.protocol import ModbusReject, ModbusSilence, heed
from sim.emulators.view import Values, View
from sim.world import World

READ_FUNCTION: Final = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
WRITE_FUNCTIONS: Final = {Table.COIL: frozenset({5, 15}), Table.HOLDING: frozenset({6, 16})}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


Rows = Mapping[str, slice]
"""Of rows that come from several units: role -> what of the whole row this unit sees."""


class UnitEmulator:
    """Pure view: it keeps written registers for read-back, and answers from a cache while the world does not change.

    A model with quirks of its own overrides `act` (what writes do) and `own` (what it shows besides, or otherwise).
    """

    def __init__(self, world: World, unit: Unit, view: View, act: Act, rows: Rows = MappingProxyType({})) -> None:
        self.unit = unit
        self.functions = frozenset[int](unit.device.device.functions)
        self.reply_s = unit.device.device.reply_s
        self.fault = ModbusFault()
        self.world = world
        self._codec = UnitCodec(unit)
        self._view = view
        self._act = act
        self._rows = rows
        self._parts = view.parts(world)
        self.lies: dict[tuple[str, int], Scalar] = {}
        """Inputs that do not show the truth (a broken switch, a torn wire, a short), by role and element, 0 = whole."""
        self._memory = Memory()
        self.heard: Callable[[Values], bool] = lambda _: True
        """Told of every write before it acts. `False`: it never came."""
        self._writes = 0
        self._stamps: dict[tuple[Table, int, int], Stamp | None] = {}
        self._count = 0
        """Answers so far: the count of a status block."""
        self._marks = {(m.block.table, m.block.address, m.block.count): m for m in marks_of(unit.device)}
        self._cache: dict[tuple[Table, int, int], tuple[tuple[int, int, float], tuple[int, ...]]] = {}

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """The entries of a read. Raises `ModbusReject` for what is not there, `ModbusSilence` when silent."""
        world = self.world
        world.advance(now)
        key = (table, address, count)
        cached = self._cache.get(key)
        fault = self.fault
        heed(fault)
        stamp = self._stamp()
        if cached is not None and (cached[0] == stamp or fault.frozen):
            return self._counted(key, cached[1])
        self._refuse(READ_FUNCTION[table] in self.functions, ILLEGAL_FUNCTION)
        if key in self._marks:
            return self._marks[key].encode(_said(self._marks[key], other=fault.other))
        try:
            entries = self._codec.encode_read(table, address, count, self.values())
        except LookupError:
            raise ModbusReject(ILLEGAL_ADDRESS) from None
        self._cache[key] = (stamp, entries)
        return self._counted(key, entries)

    def write_beside(self, unit_id: int, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """As `write`, under another of its ids."""
        self.world.advance(now)
        heed(self.fault)
        self._refuse(bool(WRITE_FUNCTIONS.get(table, frozenset()) & self.functions), ILLEGAL_FUNCTION)
        try:
            written = self._codec.decode_write(table, address, values, unit_id)
        except LookupError:
            raise ModbusReject(ILLEGAL_ADDRESS) from None
        except CodecError:
            raise ModbusReject(ILLEGAL_VALUE) from None
        if self.fault.frozen:
            return
        if not self.heard(written):
            raise ModbusSilence
        self._memory.kept |= written
        self._writes += 1
        self.act(written)

    def _counted(self, key: tuple[Table, int, int], entries: tuple[int, ...]) -> tuple[int, ...]:
        if key not in self._stamps:
            self._stamps[key] = self._codec.stamp(Block(*key))
        stamp = self._stamps[key]
        if stamp is None:
            return entries
        if not self.fault.frozen:
            self._count += 1
        return stamp.counted(entries, self._count)

    @property
    def other_ids(self) -> tuple[int, ...]:
        """Unit ids under which it answers for some of its registers, beside its own."""
        return tuple(sorted({r.unit_id for r in self.unit.device.registers.values() if r.unit_id is not None}))

    def read_beside(self, unit_id: int, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """As `read`, under another of its ids."""
        self.world.advance(now)
        heed(self.fault)
        self._refuse(READ_FUNCTION[table] in self.functions, ILLEGAL_FUNCTION)
        try:
            return self._codec.encode_read(table, address, count, self.values(), unit_id)
        except LookupError:
            raise ModbusReject(ILLEGAL_ADDRESS) from None

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """Take a write. Raises as `read` does."""
        self.write_beside(OWN_ID, table, address, values, now)

    def act(self, written: Values) -> None:
        """Do to the world what these values say."""
        self._act(self.world, self._memory, written)

    def values(self) -> dict[str, Value]:
        """Everything that can be read, by the names of the unit's file: the truth over what was written."""
        own, names = self.own(), self.unit.roles
        seen = self._memory.kept | self._view.values(self.world) | own
        seen |= {role: own[name] for role, name in names.items() if name in own}
        for (role, point), wrong in self.lies.items():
            truth = seen.get(role)
            if isinstance(truth, tuple):
                seen[role] = tuple(wrong if i == point else one for i, one in enumerate(truth, 1))
            else:
                seen[role] = wrong
        for role, part in self._rows.items():
            row = seen[role]
            seen[role] = row[part] if isinstance(row, tuple) else row
        return seen | {name: seen[role] for role, name in names.items()}

    def own(self) -> Values:
        """What this model shows of itself, over the view of its kind."""
        return {}

    def _stamp(self) -> tuple[int, int, float]:
        for part in self._parts:
            if part.moving:
                return (self.world.changes, self._writes, self.world.clock.plant)
        return (self.world.changes, self._writes, -1.0)

    @staticmethod
    def _refuse(allowed: bool, code: int) -> None:
        if not allowed:
            raise ModbusReject(code)

    @property
    def can_tell(self) -> bool:
        """It says what it is, and its file knows what it should say."""
        return any(mark.expect for mark in self._marks.values())


def _said(mark: Mark, *, other: bool) -> int | str:
    """What the product of the file says of itself, or what another one would."""
    if mark.text:
        return "OTHER" if other else str(mark.expect[0] if mark.expect else "SIMULATED")[: 2 * mark.block.count]
    number = int(mark.expect[0]) if mark.expect else 0
    return number ^ 0x0001 if other else number
