"""Quirks of the Laumas TLB4: zero by a command word, a peak that stays, stores to a memory that wears out."""

from typing import Final

from hal.config.bundle import Unit
from sim.emulators.acts import act_nothing
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "laumas-tlb4"
ZERO, STORE = 8, 99


class LaumasEmulator(UnitEmulator):
    """Net is gross: no tare is known to the station. Peak is the highest weight that was asked for [EST]."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_nothing, rows)
        self.stored = 0
        """How often the set points were written to the memory."""
        self._peak = 0.0

    def act(self, written: Values) -> None:
        """Commands."""
        if written.get("command") == ZERO:
            self.world.lift.load_offset_kg = -self.world.lift.load_kg
            self.world.touch()
        elif written.get("command") == STORE:
            self.stored += 1

    def own(self) -> Values:
        """Net and peak are in the unit's divisions: the station's gain belongs to the gross weight."""
        kg = self.world.lift.load_kg + self.world.lift.load_offset_kg
        divisions = round(kg / self.unit.gain.get("load_kg", 1.0))
        self._peak = max(self._peak, divisions)
        return {"net": divisions, "peak": self._peak, "status_word": 0}
