"""Quirks of the Altivar 320: states of CiA 402 one by one, a ramp behind the reference, a fault without a master."""

from typing import Final

from hal.config.bundle import Unit
from hal.ports import Table
from sim.emulators.acts import act_nothing
from sim.emulators.cia402 import STATUS, Drive402, Machine402
from sim.emulators.dead_man import DeadMan
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values, View
from sim.world import World
from sim.world.clock import Part

MODEL: Final = "altivar-320"
STATE_S: Final = 0.01
"""How long the drive needs for one change of state [EST]."""
RAMP_S2: Final = 200.0
"""Change of the output per s, in mm/s (or whatever the station's gain makes of Hz) [EST]."""
LOST_MASTER: Final = 1
"""Fault word shown after `silence_s` without a request. The maker's numbers were not sourced [EST]."""
BITS: Final = {"ready": 0, "switched_on": 1, "enabled": 2, "drive_fault": 3, "quick_stop_off": 5, "disabled": 6}


class Ramp(Part):
    """Output of the drive on its way to the reference."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._from, self._to, self._since = 0.0, 0.0, world.clock.plant
        world.add(self)

    @property
    def speed(self) -> float:
        """Output now."""
        way = RAMP_S2 * (self.clock.plant - self._since)
        return min(self._from + way, self._to) if self._to >= self._from else max(self._from - way, self._to)

    @property
    def moving(self) -> bool:
        """Does it change?"""
        return self.speed != self._to

    def go(self, to: float) -> None:
        """Ramp to another output."""
        if to != self._to:
            self._from, self._to, self._since = self.speed, to, self.clock.plant
            self.changed()

    def coast(self) -> None:
        """No voltage: taken as standing at once."""
        self._from = self._to = 0.0
        self.changed()


class AltivarEmulator(UnitEmulator):
    """A drive that turns something which the plant does not know: its speed is all there is."""

    def __init__(self, world: World, unit: Unit, _kind: str, rows: Rows) -> None:
        self.ramp = Ramp(world)
        super().__init__(world, unit, View(lambda _: {}, lambda _: (self.ramp,)), act_nothing, rows)
        self.machine = Machine402()
        self.fault_word = 0
        self._asked: list[int] = []
        self._next = DeadMan(world, self._step)
        self._silence = DeadMan(world, lambda: self.trip(LOST_MASTER))

    def trip(self, word: int) -> None:
        """A fault of the drive."""
        self.fault_word = word
        self.machine.trip()
        self.ramp.coast()

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """Any request feeds the supervision of the master."""
        found = super().read(table, address, count, now)
        self._silence.feed(self.unit.device.device.silence_s or 0.0)
        return found

    def act(self, written: Values) -> None:
        """Command words are worked off one after the other."""
        self._silence.feed(self.unit.device.device.silence_s or 0.0)
        command = written.get("command")
        if isinstance(command, int):
            self._asked.append(command)
            if not self._next.awake:
                self._next.feed(STATE_S)
        self._turn()

    def own(self) -> Values:
        """Status word, bit by bit, output, fault."""
        if not self.world.safety.drives_enabled and self.ramp.speed:
            self.ramp.coast()
        status = STATUS[self.machine.state]
        bits: Values = {name: bool(status >> bit & 1) for name, bit in BITS.items()}
        return bits | {"speed_mm_s": self.ramp.speed, "fault_word": self.fault_word}

    def _step(self) -> None:
        self.machine.command(self._asked.pop(0))
        if not self.world.safety.drives_enabled:
            self.machine.drop()
        if self.machine.state is not Drive402.FAULT:
            self.fault_word = 0
        if self._asked:
            self._next.feed(STATE_S)
        self._turn()

    def _turn(self) -> None:
        match self.machine.state:
            case Drive402.ENABLED:
                self.ramp.go(self._memory.number("reference_mm_s"))
            case Drive402.QUICK_STOP:
                self.ramp.go(0.0)
            case _:
                self.ramp.coast()
