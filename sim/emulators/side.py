"""Another unit id of a product: some of its registers are answered there."""

from hal.ports import Table
from sim.emulators.unit import UnitEmulator


class SideEmulator:
    """Implements `ModbusEmulator`; faults and functions are those of the product."""

    def __init__(self, emulator: UnitEmulator, unit_id: int) -> None:
        self.functions = emulator.functions
        self.reply_s = emulator.reply_s
        self.fault = emulator.fault
        self._emulator = emulator
        self._id = unit_id

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """See `ModbusEmulator`."""
        return self._emulator.read_beside(self._id, table, address, count, now)

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """See `ModbusEmulator`."""
        self._emulator.write_beside(self._id, table, address, values, now)
