"""What a fault is: a named change of the world, of a unit or of a link, with checked parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sim.emulators import Emulators
from sim.world import World

Argument = str | int | float
Arguments = Mapping[str, Argument]


class FaultError(ValueError):
    """No such fault or parameter, or it cannot be done now. The text says what is allowed."""


@dataclass
class Rig:
    """What faults act on. `hooks` hold what the runner switches: hooks["broker-down"](True) takes the broker down."""

    world: World
    emulators: Emulators | None = None
    hooks: dict[str, Callable[[bool], None]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `allowed` gives the legal values of a rig; empty = any value of `kind`. No default = needed."""

    name: str
    title: str
    kind: type[str] | type[int] | type[float] = str
    allowed: Callable[[World, "Emulators | None"], tuple[Argument, ...]] | None = None
    default: Argument | None = None


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault. `clear` is `None` for a momentary act."""

    id: str
    title: str
    part: str
    inject: Callable[[Rig, Arguments], None]
    clear: Callable[[Rig, Arguments], None] | None
    parameters: tuple[Parameter, ...] = ()


Act = Callable[[Rig, Arguments, bool], None]
"""One function for both directions: `True` injects, `False` clears."""

NO_PARAMETERS: Final[tuple[Parameter, ...]] = ()


def kind(id_: str, title: str, part: str, act: Act, parameters: tuple[Parameter, ...] = NO_PARAMETERS) -> FaultKind:
    """A fault that lasts until it is cleared."""
    return FaultKind(id_, title, part, lambda r, a: act(r, a, True), lambda r, a: act(r, a, False), parameters)
