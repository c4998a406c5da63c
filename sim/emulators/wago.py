"""Quirks of the WAGO coupler: the same bits in two tables, read back from 0x0200 on; a watchdog of its own."""

from typing import Final

from hal.config.bundle import Unit
from hal.ports import Table
from sim.emulators.acts import ACTS
from sim.emulators.dead_man import DeadMan
from sim.emulators.protocol import ModbusReject, heed
from sim.emulators.unit import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_FUNCTION, Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "wago-750"
READBACK: Final = 0x0200
WORDS: Final = 0x0100
SETUP: Final = 0x1000
"""Wire addresses of the coupler's manual: outputs read back, end of a word area, watchdog and information words."""


OFF, RUNNING, EXPIRED = 0, 1, 2
"""Watchdog state, register 0x1006."""
DEVICE_FAILURE: Final = 4
MASKS: Final = frozenset({0x1001, 0x1002})
RESTART, STOP_NOW = 0x1007, 0x1008
STOPS: Final = frozenset({0xAA55, 0x55AA})
"""The two registers that a coupler whose watchdog ran out still takes, and the words that stop it (manual, p. 177)."""


class WagoEmulator(UnitEmulator):
    """Words from 0x0100 and 0x0300 to 0x0FFF are refused with exception 2, as the coupler does.

    Watchdog: a time, a mask of functions, then a change of the trigger start it; each request whose function is in the
    mask feeds it. When it runs out the outputs go off and every request is refused with exception 4 until it is
    restarted or stopped. `time_unit_s` is the unit of register 0x1000, which the page that was read does not give.
    A write of one entry counts as function 5 or 6, of several as 15 or 16.
    """

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], ACTS[kind], rows)
        self.time_unit_s = 0.1
        self._state = OFF
        self._trigger = 0
        self._half_stopped = False
        self._watchdog = DeadMan(world, self._ran_out)

    @property
    def expired(self) -> bool:
        """It refuses everything but its restart."""
        return self._state == EXPIRED

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """Bits are the same by functions 1 and 2: inputs below 0x0200, outputs from there on."""
        self._admit(now)
        found = self._look(table, address, count, now)
        self._feed(READ_FUNCTION[table])
        return found

    def _look(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        if table in {Table.HOLDING, Table.INPUT} and address < SETUP:
            return self._words(address, count, now)
        if table is Table.INPUT:
            return super().read(Table.HOLDING, address, count, now)
        if table in {Table.COIL, Table.DISCRETE}:
            return super().read(Table.DISCRETE if address < READBACK else Table.COIL, address, count, now)
        return super().read(table, address, count, now)

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """Outputs can be set at 0x0000 and at 0x0200, as bits or as words."""
        wakes = table is Table.HOLDING and address in {RESTART, STOP_NOW} and len(values) == 1
        self._admit(now, wakes=wakes)
        if self.expired and not (values[0] in STOPS if address == STOP_NOW else values[0] == 1):
            raise ModbusReject(DEVICE_FAILURE)
        masks = table is Table.HOLDING and not MASKS.isdisjoint(range(address, address + len(values)))
        if masks and self._state == RUNNING:
            raise ModbusReject(ILLEGAL_VALUE)  # masks cannot be written while it runs; the code is open
        self._set(table, address, values, now)
        self._feed((5 if table is Table.COIL else 6) + (10 if len(values) > 1 else 0))

    def act(self, written: Values) -> None:
        """Registers of the watchdog, or outputs."""
        trigger, stop = written.get("watchdog_trigger"), written.get("watchdog_stop")
        if written.get("watchdog_off") in STOPS or (stop == 0x5555 and self._half_stopped):
            self._state = OFF
            self._watchdog.sleep()
        triggered = isinstance(trigger, int) and trigger not in {0, self._trigger} and self._state == OFF
        if triggered or (written.get("watchdog_restart") == 1 and self.expired):
            self._start()
        if isinstance(trigger, int):
            self._trigger = trigger
        self._half_stopped = stop == 0xAAAA
        super().act(written)

    def own(self) -> Values:
        """What the watchdog shows of itself."""
        return {"watchdog_state": self._state}

    def _start(self) -> None:
        if self._time_s > 0:
            self._state = RUNNING
            self._watchdog.feed(self._time_s)

    @property
    def _time_s(self) -> float:
        return self._memory.number("watchdog_time") * self.time_unit_s

    def _admit(self, now: float, *, wakes: bool = False) -> None:
        self.world.advance(now)
        heed(self.fault)
        if self.expired and not wakes:
            raise ModbusReject(DEVICE_FAILURE)

    def _feed(self, function: int) -> None:
        if self._state == RUNNING and int(self._memory.number("watchdog_mask_low")) >> (function - 1) & 1:
            self._watchdog.feed(self._time_s)

    def _ran_out(self) -> None:
        off: Values = {f"out.{name}": False for name in self.unit.outputs}
        self._state = EXPIRED
        self._memory.kept |= off
        self._writes += 1
        super().act(off)

    def _set(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        if table is Table.HOLDING and address < SETUP:
            base = self._word_base(address, len(values))
            bits = tuple(word >> k & 1 for word in values for k in range(16))
            super().write(Table.COIL, (address - base) * 16, bits, now)
        elif table is Table.COIL and address >= READBACK:
            super().write(table, address - READBACK, values, now)
        else:
            super().write(table, address, values, now)

    def _words(self, address: int, count: int, now: float) -> tuple[int, ...]:
        base = self._word_base(address, count)
        bits = self._look(Table.DISCRETE, (address - base) * 16 + base, count * 16, now)
        return tuple(sum(bit << k for k, bit in enumerate(bits[16 * i : 16 * i + 16])) for i in range(count))

    @staticmethod
    def _word_base(address: int, count: int) -> int:
        for base in (0x0000, READBACK):
            if base <= address and address + count <= base + WORDS:
                return base
        raise ModbusReject(ILLEGAL_ADDRESS)
