"""One small move by hand: what it commands, and when it is seen to be done. Pure questions to the Image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware_py.core.image import Image
from firmware_py.core.jog_words import JogWish, Plan
from firmware_py.core.params import Params
from firmware_py.core.standstill import ENDS
from hal.commands import Actuator, Command, Drive, HomeFork, Lock, MoveLift, MoveSlot, Slot, Unlock
from hal.readings import LockState


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis that can be moved by a distance: where it stands, whether it moves, its tolerance, its command."""

    device: str
    seen_mm: Callable[[Image], float | None]
    moving: Callable[[Image], bool | None]
    tol_mm: Callable[[Params], float]
    command: Callable[[float, Params], MoveLift | MoveSlot]


AXES: Final[dict[str, Axis]] = {
    "lift": Axis(
        "lift",
        lambda i: i.lift.position_mm,
        lambda i: i.lift.moving,
        lambda p: p.lift_tol_mm,
        lambda mm, p: MoveLift(mm, p.manual.lift_mm_s),
    ),
    "slot_in": Axis(
        "shuttle",
        lambda i: i.shuttle.in_mm,
        lambda i: i.shuttle.in_moving,
        lambda p: p.slot_tol_mm,
        lambda mm, p: MoveSlot(Slot.IN, mm, p.manual.slot_mm_s),
    ),
    "slot_out": Axis(
        "shuttle",
        lambda i: i.shuttle.out_mm,
        lambda i: i.shuttle.out_moving,
        lambda p: p.slot_tol_mm,
        lambda mm, p: MoveSlot(Slot.OUT, mm, p.manual.slot_mm_s),
    ),
}
FULL_SPEED: Final = frozenset({"stacker"})
"""Axes whose command has no speed: they are not moved by hand, as that would be at the speed of production."""
OUT, HOME, LOCK, UNLOCK = "out", "home", "lock", "unlock"
WORDS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((*AXES, *sorted(FULL_SPEED)), ()),
    **{actuator.value: (OUT, HOME) for actuator in Actuator},
    "locks": (LOCK, UNLOCK),
    "fork": (HOME,),
}
"""What can be moved by hand, and the words that say where to; an axis takes a distance instead."""


def plan(wish: JogWish, image: Image, params: Params) -> Plan | str:
    """What a wish comes to, or why it cannot be."""
    if wish.device not in WORDS:
        return f"nothing is called {wish.device!r} here (allowed: {', '.join(WORDS)})"
    if wish.device in FULL_SPEED:
        return f"{wish.device} takes no speed, so it cannot be slowed: not moved by hand"
    if wish.device in AXES:
        return _axis(wish, AXES[wish.device], image, params)
    words = WORDS[wish.device]
    if wish.by_mm is not None or wish.to not in words:
        return f"{wish.device} goes to {' or '.join(words)}, not by a distance"
    if wish.points and wish.device != "locks":
        return f"points are for locks, not for {wish.device}"
    if wish.device == "locks":
        return _locks(wish, image, params)
    if wish.device == "fork":
        made = Plan("stacker", HomeFork(), "the fork goes home")
    else:
        out, actuator = wish.to == OUT, Actuator(wish.device)
        made = Plan("platform", Drive(actuator, out), f"{actuator.value} goes {wish.to}")
    return f"{wish.device} is {wish.to} already" if awaited(made, image, params) is None else made


def awaited(made: Plan, image: Image, params: Params) -> str | None:
    """`None` = seen done and standing; else what is still waited for. Raises `Unseen` where it cannot be seen."""
    match made.command:
        case MoveLift() | MoveSlot():
            return _way(made, image, params)
        case Drive(actuator, out):
            switch = ENDS[actuator][0 if out else 1]
            return None if _seen(f"platform.{switch}", getattr(image.platform, switch)) else f"{switch} is not made"
        case HomeFork():
            home = _seen("stacker.fork_home", image.stacker.fork_home)
            moving = _seen("stacker.moving", image.stacker.moving)
            return None if home and not moving else "the fork is not home"
        case Lock(points):
            return _points(points, LockState.LOCKED, image)
        case Unlock(points):
            return _points(points, LockState.FREE, image)
        case _:
            raise TypeError(f"{type(made.command).__name__} is no move by hand")


class Unseen(Exception):
    """A reading that a move by hand needs is missing or stale. The text names it."""


def _seen(name: str, value: bool | float | None) -> bool | float:
    if value is None:
        raise Unseen(f"{name}: no fresh reading")
    return value


def _axis(wish: JogWish, axis: Axis, image: Image, params: Params) -> Plan | str:
    if wish.by_mm is None or wish.to or wish.points:
        return f"{wish.device} moves by a distance in mm"
    longest, tol = params.manual.max_step_mm, axis.tol_mm(params)
    if not 2 * tol <= abs(wish.by_mm) <= longest:
        return f"{wish.device} by {wish.by_mm:g} mm: {2 * tol:g} to {longest:g} mm at a time, either way"
    seen = _seen(f"{wish.device}: position", axis.seen_mm(image))
    if _seen(f"{wish.device}: standstill", axis.moving(image)):
        return f"{wish.device} moves"
    goal = seen + wish.by_mm
    command = axis.command(goal, params)
    text = f"{wish.device} moves from {seen:.1f} to {goal:.1f} mm at {command.speed_mm_s:g} mm/s"
    return Plan(axis.device, command, text, seen, goal)


def _way(made: Plan, image: Image, params: Params) -> str | None:
    """Where the axis is on its way. Leaving the way is `Unseen`: what happens is not what was asked."""
    assert made.from_mm is not None
    assert made.to_mm is not None
    axis = _axis_of(made.command)
    mm, tol = _seen(f"{made.device}: position", axis.seen_mm(image)), axis.tol_mm(params)
    low, high = sorted((made.from_mm, made.to_mm))
    if not low - 2 * tol <= mm <= high + 2 * tol:
        raise Unseen(f"{made.device} is at {mm:.1f} mm, its way is {low:.1f} to {high:.1f} mm")
    if _seen(f"{made.device}: standstill", axis.moving(image)) or abs(mm - made.to_mm) > tol:
        return f"{made.device} is at {mm:.1f} mm, wanted {made.to_mm:.1f} mm"
    return None


def _axis_of(command: Command) -> Axis:
    if isinstance(command, MoveSlot):
        return AXES["slot_in" if command.slot is Slot.IN else "slot_out"]
    return AXES["lift"]


def _locks(wish: JogWish, image: Image, params: Params) -> Plan | str:
    points = tuple(sorted(set(wish.points)))
    if not points or not all(1 <= p <= params.lock_points for p in points):
        return f"locks: name points of 1 to {params.lock_points}"
    command: Command = Lock(points) if wish.to == LOCK else Unlock(points)
    names = ", ".join(map(str, points))
    made = Plan("locks", command, f"lock points {names} turn to {wish.to}")
    return f"lock points {names}: {wish.to}ed already" if awaited(made, image, params) is None else made


def _points(points: tuple[int, ...], state: LockState, image: Image) -> str | None:
    """Tool and second channel agree on every named point, and none of all points turns any more."""
    seen, proof = image.locks.state, image.locks.proof_locked
    if seen is None or proof is None:
        raise Unseen("locks: no fresh reading")
    if LockState.TURNING in seen:
        return "lock points still turn"
    tight = state is LockState.LOCKED
    off = [str(p) for p in points if seen[p - 1] is not state or proof[p - 1] is not tight]
    return f"lock points not {state.value} by both channels: {', '.join(off)}" if off else None
