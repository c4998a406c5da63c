"""What a view is: a function from the truth to values by role name."""

from collections.abc import Callable
from dataclasses import dataclass

from hal.codecs.registers import Value
from sim.world import World
from sim.world.clock import Part

Values = dict[str, Value]


@dataclass(frozen=True)
class View:
    """Values of one kind of unit, and the parts whose motion makes them a function of time."""

    values: Callable[[World], Values]
    parts: Callable[[World], tuple[Part, ...]]
