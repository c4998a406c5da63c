"""Faults of the machines: lift, lock points, shuttle, stacker, platform."""

from collections.abc import Callable
from typing import Final

from hal.commands import Actuator, Slot
from sim.emulators import Emulators
from sim.faults.kinds import Argument, Arguments, FaultError, FaultKind, Parameter, Rig, kind
from sim.faults.places import PACK, named_pack
from sim.world import World
from sim.world.latches import LatchSet


def _points(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return tuple(range(1, world.plant.lock_points + 1))


POINT: Final = Parameter("point", "lock point", int, _points)


def _on_point(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        setattr(rig.world.locks.points[int(arguments["point"]) - 1], name, on)

    return act


def _on_latch(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        if not isinstance(rig.world.locks, LatchSet):
            raise FaultError("the lock points of this station are bolts, not latches")
        setattr(rig.world.locks.latches[int(arguments["point"]) - 1], name, on)
        rig.world.touch()

    return act


def _thread(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, arguments: Arguments, on: bool) -> None:
        pack, point = named_pack(rig.world, str(arguments["pack"])), int(arguments["point"])
        points: frozenset[int] = getattr(pack, name)
        setattr(pack, name, points | {point} if on else points - {point})

    return act


def _stall(rig: Rig, arguments: Arguments, on: bool) -> None:
    lift = rig.world.lift
    at_mm = float(arguments.get("at_mm", -1.0))
    lift.set_stall((at_mm if at_mm >= 0.0 else lift.mm) if on else None)


def _load_offset(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.lift.load_offset_kg = float(arguments["kg"]) if on else 0.0


def _jam_slot(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.shuttle.jam(Slot(str(arguments["slot"])) if on else None)


def _jam_actuator(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.platform.jam(Actuator(str(arguments["actuator"])), on)


def _on_lift(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(rig.world.lift, name, on)

    return act


def _snag(rig: Rig, arguments: Arguments, on: bool) -> None:
    rig.world.lift.snag_mm = float(arguments["at_mm"]) if on else None


def _loosen(rig: Rig, arguments: Arguments, on: bool) -> None:
    (rig.world.locks.loosen if on else rig.world.locks.fasten)(int(arguments["point"]))


def _push(rig: Rig, arguments: Arguments) -> None:
    slot = Slot(str(arguments["slot"]))
    if rig.world.shuttle.slots[slot].moving:
        raise FaultError(f"slot {slot} moves: nobody pushes it")
    rig.world.shuttle.shift(slot, float(arguments["mm"]))


def _jam_stacker(rig: Rig, _arguments: Arguments, on: bool) -> None:
    rig.world.stacker.jam(on)


def _run_on(rig: Rig, arguments: Arguments, on: bool) -> None:
    world = rig.world
    axes = {
        "lift": world.lift.axis,
        "stacker": world.stacker.level,
        **{f"slot-{s}": a for s, a in world.shuttle.slots.items()},
    }
    axes[str(arguments["mover"])].runs_on = on


SLOT: Final = Parameter("slot", "slot of the shuttle", str, lambda _w, _e: tuple(s.value for s in Slot))
ACTUATOR: Final = Parameter("actuator", "actuator", str, lambda _w, _e: tuple(a.value for a in Actuator))
MOVERS: Final = ("lift", "slot-in", "slot-out", "stacker")
MOVER: Final = Parameter("mover", "what moves", str, lambda _w, _e: MOVERS)

PLANT_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("bolt-stuck", "a bolt does not break loose, a latch does not move", "locks", _on_point("stuck"), (POINT,)),
    kind("latch-open-wrong", "the open switch of a latch is wrong", "locks", _on_latch("open_wrong"), (POINT,)),
    kind(
        "latch-closed-wrong",
        "the closed switch of a latch is wrong",
        "locks",
        _on_latch("closed_wrong"),
        (POINT,),
    ),
    kind("thread-stripped", "a pack's bolt turns without torque", "locks", _thread("stripped"), (PACK, POINT)),
    kind("thread-crossed", "a pack's bolt binds half way", "locks", _thread("crossed"), (PACK, POINT)),
    kind(
        "lock-proof-wrong",
        "the second channel of a lock point shows the opposite",
        "locks",
        _on_point("proof_wrong"),
        (POINT,),
    ),
    kind(
        "lift-stall",
        "the lift stops dead at a height (or where it is) and its drive trips",
        "lift",
        _stall,
        (Parameter("at_mm", "height", float, default=-1.0),),
    ),
    kind(
        "load-offset", "the load cell is off", "lift", _load_offset, (Parameter("kg", "offset", float, default=60.0),)
    ),
    kind("shuttle-jam", "a slot does not follow its drive", "shuttle", _jam_slot, (SLOT,)),
    kind("actuator-jam", "an actuator sticks where it is", "platform", _jam_actuator, (ACTUATOR,)),
    kind("lock-loosens", "a lock point works loose (clear = somebody tightens it)", "locks", _loosen, (POINT,)),
    kind(
        "pack-snagged",
        "a pack that is let down is caught on the car below a height",
        "lift",
        _snag,
        (Parameter("at_mm", "height", float, default=750.0),),
    ),
    kind("lift-deaf", "the lift drive takes its moves and does not turn", "lift", _on_lift("deaf")),
    kind("lift-reversed", "the lift turns the wrong way", "lift", _on_lift("reversed")),
    kind("mover-runs-on", "a mover takes no stop, whoever gives it", "drives", _run_on, (MOVER,)),
    kind("stacker-jam", "the stacker does not follow its drives", "stacker", _jam_stacker),
    FaultKind(
        "slot-pushed",
        "somebody pushes a slot by hand",
        "shuttle",
        _push,
        None,
        (SLOT, Parameter("mm", "how far, towards the store", float, default=60.0)),
    ),
)
