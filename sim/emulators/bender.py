"""Quirks of the isoCHA425: measuring can be stopped, a self test takes its time, settings wear a memory."""

from typing import Final

from hal.config.bundle import Unit
from sim.emulators.acts import act_nothing
from sim.emulators.dead_man import DeadMan
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "bender-isocha425"
SELF_TEST: Final = 0x5445
TEST_S: Final = 10.0
"""How long a self test takes [EST]; the driver that is public waits 30 s."""
DEVICE_ERROR_CHANNEL: Final = 129
SETTINGS: Final = ("prealarm_kohm", "alarm_kohm", "measuring")


class BenderEmulator(UnitEmulator):
    """`broken`: the monitor tells an error of its own; its value still looks like a number."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_nothing, rows)
        self.broken = False
        self.worn = 0
        """Writes to the memory so far."""
        self._test = DeadMan(world, lambda: None)

    def act(self, written: Values) -> None:
        """Settings, self test."""
        self.worn += sum(name in written for name in SETTINGS)
        if "measuring" in written:
            self.world.insulation.measuring = bool(written["measuring"])
            self.world.touch()
        if written.get("self_test") == SELF_TEST:
            self._test.feed(TEST_S)

    def own(self) -> Values:
        """What the value says of itself."""
        seen: Values = {"insulation_test": "internal" if self._test.awake else "none"}
        if self.broken:
            seen |= {"insulation_state": "device_error", "insulation_channel": DEVICE_ERROR_CHANNEL}
        elif not self.world.insulation.measuring:
            seen["insulation_bound"] = "invalid"
        return seen
