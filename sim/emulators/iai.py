"""Quirks of the IAI ROBO Cylinder: a move is refused without a word while the servo is off; edges; the move block."""

from typing import Final

from hal.config.bundle import Unit
from sim.emulators.acts import act_nothing
from sim.emulators.motion import motion_of
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

MODEL: Final = "iai-robo-cylinder"
HOMING_MM_S: Final = 20.0
"""How fast the axis looks for its home [EST]."""
BLOCK: Final = ("target_mm", "target_speed_mm_s")
"""Words of the move block that start or change a move by themselves (manual, numeric data moves)."""


class IaiEmulator(UnitEmulator):
    """One axis. Alarm reset and home act on the rising edge: a coil that was left high does nothing the second time."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_nothing, rows)
        self._motion = motion_of(world, unit, kind)
        self.homed = True
        """The encoder is absolute, or somebody homed the axis: `False` until it has been homed."""
        self._homing = False
        self._high: set[str] = set()

    def act(self, written: Values) -> None:
        """Coils and the move block."""
        motion = self._motion
        if "servo_on" in written and motion.allowed and not motion.fault_word:
            motion.set_servo(bool(written["servo_on"]))
        if self._rises("alarm_reset", written):
            motion.reset()
        if self._rises("home", written) and motion.enabled:
            self.homed, self._homing = False, True
            motion.move(motion.home_mm, HOMING_MM_S)
        if written.get("slow_stop"):
            motion.stop()
            self._homing = False
        if any(name in written for name in BLOCK) and motion.enabled and self.homed:
            self._memory.kept["move_flags"] = 0
            motion.move(self._memory.number("target_mm"), self._memory.number("target_speed_mm_s"))

    def own(self) -> Values:
        """Device status 1 and what else the axis shows."""
        motion = self._motion
        if self._homing and motion.done:
            self.homed, self._homing = True, False
        return {
            "position_mm": motion.mm,
            "speed_mm_s": motion.mm_s,
            "fault_word": motion.fault_word,
            "emergency_stop": not motion.allowed,
            "ready": motion.allowed and not motion.fault_word,
            "enabled": motion.enabled,
            "major_failure": bool(motion.fault_word),
            "brake_released": motion.moving,
            "homed": self.homed,
            "in_position": motion.done,
            "moving": motion.moving,
        }

    def _rises(self, name: str, written: Values) -> bool:
        if name not in written:
            return False
        was = name in self._high
        (self._high.add if written[name] else self._high.discard)(name)
        return bool(written[name]) and not was
