"""Words of a move by hand: the wish of a person, what it comes to, and the move while it lasts."""

from dataclasses import dataclass

from firmware_py.core.packml import PackML
from hal.commands import Command


@dataclass(frozen=True, slots=True)
class JogWish:
    """What a person wants moved: an axis by a distance (mm, + = the axis's own positive way), else `to` a named end.

    `points`: lock points, 1-based.
    """

    device: str
    by_mm: float | None = None
    to: str = ""
    points: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A command for `device`, what will move in words, and for an axis its way in mm."""

    device: str
    command: Command
    text: str
    from_mm: float | None = None
    to_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Jog:
    """A move by hand that lasts. `rest` is where the station rested before; `over`: it is answered, motion stops."""

    ask: int
    wish: JogWish
    device: str
    rest: PackML
    plan: Plan | None = None
    over: bool = False
