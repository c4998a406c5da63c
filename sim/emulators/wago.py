"""Process image of the WAGO coupler: the same bits in two tables, in words, and read back from 0x0200 on."""

from typing import Final

from hal.ports import Table
from sim.emulators.protocol import ModbusReject
from sim.emulators.unit import ILLEGAL_ADDRESS, UnitEmulator

MODEL: Final = "wago-750"
READBACK: Final = 0x0200
WORDS: Final = 0x0100
SETUP: Final = 0x1000
"""Wire addresses of the coupler's manual: outputs read back, end of a word area, watchdog and information words."""


class WagoEmulator(UnitEmulator):
    """Words from 0x0100 and 0x0300 to 0x0FFF are refused with exception 2, as the coupler does."""

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """Bits are the same by functions 1 and 2: inputs below 0x0200, outputs from there on."""
        if table in {Table.HOLDING, Table.INPUT} and address < SETUP:
            return self._words(address, count, now)
        if table is Table.INPUT:
            return super().read(Table.HOLDING, address, count, now)
        if table in {Table.COIL, Table.DISCRETE}:
            return super().read(Table.DISCRETE if address < READBACK else Table.COIL, address, count, now)
        return super().read(table, address, count, now)

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """Outputs can be set at 0x0000 and at 0x0200, as bits or as words."""
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
        bits = self.read(Table.DISCRETE, (address - base) * 16 + base, count * 16, now)
        return tuple(sum(bit << k for k, bit in enumerate(bits[16 * i : 16 * i + 16])) for i in range(count))

    @staticmethod
    def _word_base(address: int, count: int) -> int:
        for base in (0x0000, READBACK):
            if base <= address and address + count <= base + WORDS:
                return base
        raise ModbusReject(ILLEGAL_ADDRESS)
