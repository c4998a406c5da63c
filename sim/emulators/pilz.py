"""Quirks of the PNOZmulti gateway: its watchdog clears all virtual inputs; the same bits are seen as words."""

from typing import Final

from hal.config.bundle import Unit
from hal.ports import Table
from sim.emulators.acts import act_safety
from sim.emulators.dead_man import DeadMan
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "pilz-pnozmulti"
TRIGGER: Final = 0x8000
TIMES_S: Final = {0: None, 1: 0.1, 2: 0.2, 3: 0.5, 4: 1.0, 5: 3.0, 6: 5.0, 7: 10.0}
WORDS: Final = {"off": 0, "ms_100": 1, "ms_200": 2, "ms_500": 3, "s_1": 4, "s_3": 5, "s_5": 6, "s_10": 7}
"""Time code of the watchdog register, b10 to b8 (communication interfaces manual 1002971, watchdog)."""
OUTPUTS: Final = 8192
"""Bit address of the first virtual output."""
INPUTS: Final = ("run_enable", "heartbeat", "input_word_0")


class PilzEmulator(UnitEmulator):
    """Virtual inputs fall to 0 when none was written for the watchdog's time. The chain itself is hard-wired."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_safety, rows)
        self._memory.kept["watchdog_time"] = "off"
        named = [r.address for r in unit.device.registers.values() if r.table is Table.DISCRETE]
        self._outputs = max(named) + 1 - OUTPUTS
        self._watchdog = DeadMan(world, self._clear)

    def act(self, written: Values) -> None:
        """Virtual inputs, watchdog."""
        word = written.get("watchdog")
        if isinstance(word, int) and word & TRIGGER:
            self._memory.kept["watchdog_time"] = next(name for name, code in WORDS.items() if code == word >> 8 & 7)
        first = written.get("input_word_0")
        if isinstance(first, int):
            written = written | {"run_enable": bool(first & 1)}
            self._memory.kept["run_enable"] = bool(first & 1)
        super().act(written)
        time_s = TIMES_S[WORDS[str(self._memory.kept["watchdog_time"])]]
        if time_s is None:
            self._watchdog.sleep()
        elif any(name in written for name in (*INPUTS, "watchdog")):
            self._watchdog.feed(time_s)

    def own(self) -> Values:
        """Virtual outputs as words."""
        seen = self._memory.kept | self._view.values(self.world)
        bits = self._codec.encode_read(Table.DISCRETE, OUTPUTS, self._outputs, seen)
        return {"output_words": (sum(bit << k for k, bit in enumerate(bits)),) + (0,) * 7, "watchdog": 0}

    def _clear(self) -> None:
        self._memory.kept |= {"run_enable": False, "heartbeat": 0, "input_word_0": 0}
        self._writes += 1
        self.world.safety.set_run_enable(False)
