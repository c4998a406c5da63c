"""What written values do to the world, per kind of unit. A generic unit starts on its own start words."""

from collections.abc import Callable
from typing import Final

from hal.codecs.fields import OUTPUT
from hal.codecs.registers import Value
from hal.commands import Actuator, Connector, DriverText, Lamp, Slot
from sim.emulators.view import Values
from sim.world import World
from sim.world.latches import LatchSet

LEFT, RIGHT = -1, 1
PICK, PLACE, HOME = 1, 2, 3
MATE, RETRACT = 1, 2


class Memory:
    """Written values of one unit, remembered: a start word uses targets that an earlier frame wrote."""

    def __init__(self) -> None:
        self.kept: Values = {}

    def number(self, name: str) -> float:
        """Last written number of a register, 0 when it was never written."""
        value = self.kept.get(name, 0.0)
        return float(value) if isinstance(value, bool | int | float) else 0.0


Act = Callable[[World, Memory, Values], None]


def act_locks(world: World, memory: Memory, written: Values) -> None:
    """A mask starts the drivers of its points (bit k-1 = point k), a stop word stops all."""
    if written.get("stop"):
        world.locks.stop()
    if points := _points(written.get("lock_mask", 0)):
        world.locks.lock(points)
    if points := _points(written.get("unlock_mask", 0)):
        world.locks.unlock(points)
    if isinstance(world.locks, LatchSet):
        _drive_latches(world.locks, memory, written)


def _drive_latches(latches: LatchSet, memory: Memory, written: Values) -> None:
    """A pair of outputs for each latch; both off leave it where it is, and so do both on."""
    for k in range(1, len(latches.points) + 1):
        names = [f"{OUTPUT}latch_{way}_{k}" for way in ("open", "closed")]
        if not any(name in written for name in names):
            continue
        opens, closes = (bool(memory.number(name)) for name in names)
        if opens is closes:
            latches.release((k,))
        elif closes:
            latches.lock((k,))
        else:
            latches.unlock((k,))


def act_shuttle(world: World, memory: Memory, written: Values) -> None:
    """Each slot has target, speed and start word."""
    if written.get("stop"):
        world.shuttle.stop()
    for slot in Slot:
        if written.get(f"{slot}_start"):
            world.shuttle.move(slot, memory.number(f"{slot}_target_mm"), memory.number(f"{slot}_speed_mm_s"))


def act_stacker(world: World, memory: Memory, written: Values) -> None:
    """Travel by target and start word, fork by side and job word."""
    if written.get("stop"):
        world.stacker.stop()
    if written.get("start"):
        world.stacker.move(memory.number("target_mm"))
    side = RIGHT if memory.number("fork_side") else LEFT
    if written.get("fork_job") == PICK:
        world.stacker.pick(side)
    elif written.get("fork_job") == PLACE:
        world.stacker.place(side)
    elif written.get("fork_job") == HOME:
        world.stacker.home()


def act_platform(world: World, memory: Memory, written: Values) -> None:
    """Output pairs, in one frame or one by one."""
    for actuator in Actuator:
        out, home = f"{OUTPUT}{actuator}_out", f"{OUTPUT}{actuator}_home"
        if out in written or home in written:
            world.platform.drive(actuator, out=bool(memory.number(out)), home=bool(memory.number(home)))


def act_safety(world: World, _memory: Memory, written: Values) -> None:
    """The controller's run-enable and heartbeat."""
    if "run_enable" in written:
        world.safety.set_run_enable(bool(written["run_enable"]))
    heartbeat = written.get("heartbeat")
    if isinstance(heartbeat, int):
        world.safety.beat(heartbeat)


def act_nothing(_world: World, _memory: Memory, _written: Values) -> None:
    """A unit that only measures."""


def _points(mask: Value) -> tuple[int, ...]:
    number = mask if isinstance(mask, int) else 0
    return tuple(k + 1 for k in range(number.bit_length()) if number >> k & 1)


def act_rack(world: World, memory: Memory, written: Values) -> None:
    """A job word drives one connector of one bay, a stop word holds all."""
    if written.get("stop"):
        world.rack.stop()
    bay, connector, job = int(memory.number("job_bay")), memory.kept.get("job_connector"), written.get("job")
    if bay in world.rack.bays and isinstance(connector, str) and job in {MATE, RETRACT}:
        world.rack.drive(bay, Connector(connector), out=job == MATE)


def act_fire(world: World, _memory: Memory, written: Values) -> None:
    """The order to the extraction."""
    if "extraction" in written:
        world.fire.extract(bool(written["extraction"]))


def act_signals(world: World, memory: Memory, _written: Values) -> None:
    """Lamp and text."""
    kept = memory.kept
    world.signals.show(Lamp(str(kept.get("lamp", Lamp.OFF))), DriverText(str(kept.get("text", DriverText.NONE))))


ACTS: Final[dict[str, Act]] = {
    "lift": act_nothing,
    "lock-set": act_locks,
    "shuttle": act_shuttle,
    "stacker": act_stacker,
    "platform": act_platform,
    "safety-plc": act_safety,
    "rack": act_rack,
    "fire-panel": act_fire,
    "signals": act_signals,
}
"""Device kind -> what its units do on a write. A lift's drive is a model of its own."""
