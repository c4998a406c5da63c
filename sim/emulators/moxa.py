"""Quirks of the ioLogik E1200: channels as bits and as one word; the host watchdog that is set in the unit itself."""

from typing import Final

from hal.config.bundle import Unit
from hal.ports import Table
from sim.emulators.acts import ACTS, act_nothing
from sim.emulators.dead_man import DeadMan
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODELS: Final = ("moxa-e1210", "moxa-e1211")
CHANNELS: Final = 16


class MoxaEmulator(UnitEmulator):
    """`host_s`: after so long without a request outputs go off and stay off, also when the flag is cleared."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], ACTS.get(kind, act_nothing), rows)
        self.host_s: float | None = None
        self._alarm = False
        self._memory.kept["watchdog_alarm"] = False
        self._host = DeadMan(world, self._lost)
        self._bits = Table.DISCRETE if "di" in unit.device.channels else Table.COIL

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """A request of the host."""
        found = super().read(table, address, count, now)
        self._heard()
        return found

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """All outputs can be set by one word, too."""
        word = self.unit.device.registers.get("do_word")
        if word is not None and table is word.table and address == word.address and len(values) == 1:
            super().write(Table.COIL, 0, tuple(values[0] >> k & 1 for k in range(CHANNELS)), now)
        else:
            super().write(table, address, values, now)
        self._heard()

    def act(self, written: Values) -> None:
        """Writing 1 to the flag clears it."""
        if "watchdog_alarm" in written:
            self._memory.kept["watchdog_alarm"] = self._alarm and not written["watchdog_alarm"]
            self._alarm = bool(self._memory.kept["watchdog_alarm"])
        super().act(written)

    def own(self) -> Values:
        """The channels as one word, first channel in bit 0."""
        seen = self._memory.kept | self._view.values(self.world)
        for role, part in self._rows.items():
            row = seen[role]
            seen[role] = row[part] if isinstance(row, tuple) else row
        bits = self._codec.encode_read(self._bits, 0, CHANNELS, seen)
        word = sum(bit << k for k, bit in enumerate(bits))
        return {"di_word": word, "do_word": word}

    def _heard(self) -> None:
        if self.host_s is not None:
            self._host.feed(self.host_s)

    def _lost(self) -> None:
        off: Values = {f"out.{name}": False for name in self.unit.outputs}
        self._alarm = True
        self._memory.kept |= off | {"watchdog_alarm": True, "safe_mode": True}
        self._writes += 1
        super().act(off)
