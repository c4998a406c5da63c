"""Any drive without an emulator of its own: what a write means is read off the steps of its own verbs."""

from typing import Final

from hal.config.bundle import Unit
from hal.config.device import CommandStep
from sim.emulators.acts import act_nothing
from sim.emulators.motion import motion_of
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values
from sim.emulators.views import VIEWS
from sim.world import World

ENABLED: Final = "enabled"
HOMING_MM_S: Final = 20.0


class AxisEmulator(UnitEmulator):
    """A verb's last write does what the verb is for; a write that is skipped while enabled turns the servo on."""

    def __init__(self, world: World, unit: Unit, kind: str, rows: Rows) -> None:
        super().__init__(world, unit, VIEWS[kind], act_nothing, rows)
        self._motion = motion_of(world, unit, kind)
        if not any(_turns_on(step) for verb in unit.device.commands.values() for step in verb.steps):
            self._motion.set_servo(True)

    def act(self, written: Values) -> None:
        """Compare with the steps of the file."""
        for name, verb in self.unit.device.commands.items():
            writes = [step for step in verb.steps if step.write is not None]
            for step in writes:
                if self._is(step, written):
                    if _turns_on(step):
                        self._motion.set_servo(True)
                    elif step is writes[-1]:
                        self._do(name, step)

    def own(self) -> Values:
        """The axis, under the names of a lift's roles; a slot's come by the station's roles."""
        motion = self._motion
        return {
            "position_mm": motion.mm,
            "speed_mm_s": motion.mm_s,
            "enabled": motion.enabled,
            "moving": motion.moving,
            "brake_released": motion.moving,
            "fault_word": motion.fault_word,
        }

    def _is(self, step: CommandStep, written: Values) -> bool:
        """Are these the words of the step? A step of several frames is done with the one that its last name is in."""
        wanted = step.write or {}
        if not written or not wanted.keys() >= written.keys() or list(wanted)[-1] not in written:
            return False
        constants = {n: v for n, v in wanted.items() if n in written and not (isinstance(v, str) and v.startswith("$"))}
        return all(written[name] == value for name, value in constants.items())

    def _do(self, verb: str, step: CommandStep) -> None:
        given = {v[1:]: n for n, v in (step.write or {}).items() if isinstance(v, str) and v.startswith("$")}
        motion, number = self._motion, self._memory.number
        match verb:
            case "move":
                motion.move(number(given["position_mm"]), number(given.get("speed_mm_s", "")) or HOMING_MM_S)
            case "home":
                motion.move(motion.home_mm, HOMING_MM_S)
            case "stop":
                motion.stop()
            case "reset":
                motion.reset()


def _turns_on(step: CommandStep) -> bool:
    return (step.unless or {}).get(ENABLED) is True
