"""Quirks of the Leadshine PR drive: enable first, start by one frame, quick stop, alarms."""

from typing import Final

from hal.config.bundle import Unit
from sim.emulators.acts import act_nothing
from sim.emulators.motion import motion_of
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "leadshine-cs2rs"
START_PR0: Final = 0x0010
QUICK_STOP: Final = 0x0040
RESET_ALARM: Final = 0x1111
ABSOLUTE: Final = 0x0001
"""Words of the drive: PR0 start, quick stop, alarm reset, mode absolute (device map of the family)."""


class LeadshineEmulator(UnitEmulator):
    """A start in a mode other than absolute, or while the drive is not enabled, is taken and does nothing.

    Both trigger registers fall back at once, so each write of a start word is an edge.
    """

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_nothing, rows)
        self._motion = motion_of(world, unit, kind)

    def act(self, written: Values) -> None:
        """Enable, alarm reset, triggers."""
        motion, memory = self._motion, self._memory
        if "enable" in written:
            motion.set_servo(written["enable"] == 1)
        if written.get("control") == RESET_ALARM:
            motion.reset()
        for name in ("quick_stop", "trigger"):
            word = written.get(name)
            if word == QUICK_STOP:
                motion.stop()
            elif word == START_PR0 and memory.number("mode") == ABSOLUTE:
                motion.move(memory.number("target_mm"), memory.number("target_speed_mm_s"))

    def own(self) -> Values:
        """Values of the axis and the bits of the status word: done bits drop at the start, homing stays done."""
        motion = self._motion
        return {
            "position_mm": motion.mm,
            "speed_mm_s": motion.mm_s,
            "enabled": motion.enabled,
            "moving": motion.moving,
            "fault_word": motion.fault_word,
            "fault": bool(motion.fault_word),
            "command_done": motion.done,
            "path_done": motion.done,
            "home_done": True,
            "pr_position": motion.mm,
        }
