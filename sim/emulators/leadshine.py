"""Quirks of the Leadshine PR drive of the lift: enable first, start by one frame, quick stop, alarms."""

from typing import Final

from sim.emulators.acts import Memory
from sim.emulators.views import Values, View, lift_values
from sim.world import World

MODEL: Final = "leadshine-cs2rs"
START_PR0: Final = 0x0010
QUICK_STOP: Final = 0x0040
RESET_ALARM: Final = 0x1111
ABSOLUTE: Final = 0x0001
"""Words of the drive: PR0 start, quick stop, alarm reset, mode absolute (device map of the family)."""


def act_leadshine(world: World, memory: Memory, written: Values) -> None:
    """A start in a mode other than absolute, or while the drive is not enabled, is taken and does nothing.

    Both trigger registers fall back at once, so each write of a start word is an edge.
    """
    lift = world.lift
    if "enable" in written:
        lift.set_servo(written["enable"] == 1)
    if written.get("control") == RESET_ALARM:
        lift.reset_alarm()
    for name in ("quick_stop", "trigger"):
        word = written.get(name)
        if word == QUICK_STOP:
            lift.stop()
        elif word == START_PR0 and memory.number("mode") == ABSOLUTE:
            lift.move(memory.number("target_mm"), memory.number("target_speed_mm_s"))


def leadshine_values(world: World) -> Values:
    """Lift values and the bits of the status word: done bits drop at the start, homing stays done."""
    done = world.lift.done and not world.lift.moving
    return lift_values(world) | {
        "fault": bool(world.lift.fault_word),
        "command_done": done,
        "path_done": done,
        "home_done": True,
        "pr_position": world.lift.mm,
    }


LEADSHINE_VIEW: Final = View(leadshine_values, lambda world: (world.lift,))
