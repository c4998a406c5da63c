"""Effects of a controller, counted where they arrive: at the devices. At a drawn one its process is killed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from random import Random
from typing import Final

from hal.codecs.registers import Value
from hal.commands import CarMode
from sim.emulators.build import Emulators

SOON_S: Final = 0.02
"""Within it a command's outcome is kept, and the next command is meant and sent."""
LATER_S: Final = 1.0
"""Within it a motion is on its way, or over."""
_HEARTBEAT: Final = {"heartbeat"}


class How(StrEnum):
    """When a controller dies, counted from an effect."""

    LOST = "lost"  # its command dies with it: meant, never done
    TAKEN = "taken"  # the device acts, nobody hears its answer: done, no outcome
    SOON = "soon"
    LATER = "later"
    EARLY = "early"  # while it starts, before a person was asked


@dataclass(frozen=True, slots=True)
class Shot:
    """The effect to kill at, counted from now on, and how. `delay_s` is from the effect; with `after` 0 from now."""

    after: int
    how: How
    delay_s: float


_AT_WORK: Final = (How.LOST, How.TAKEN, How.SOON, How.LATER)


def draw(chance: Random, mean: float) -> Shot:
    """The next shot, `mean` effects away on an average."""
    how = chance.choice(_AT_WORK)
    delay_s = {How.SOON: SOON_S, How.LATER: LATER_S}.get(how, 0.0) * chance.random()
    return Shot(chance.randint(1, max(1, round(2 * mean) - 1)), how, delay_s)


class Marksman:
    """Counts what arrives at the devices: writes but the heartbeat, each repeated one once, and requests to the car."""

    def __init__(self, emulators: Emulators) -> None:
        self.effects = 0
        """So far in this swap."""
        self.last = ""
        """Where the last one arrived."""
        self.how = How.EARLY
        """Of the last shot."""
        self._said: dict[str, object] = {}
        self._shot: Shot | None = None
        self._kill: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        for name, unit in emulators.units.items():
            unit.heard = partial(self._written, name)
        if emulators.car is not None:
            emulators.car.heard = self._asked

    def aim(self, shot: Shot, kill: Callable[[], None]) -> None:
        """Kill by this shot, unless `rest` comes before."""
        self.rest()
        self._shot, self._kill = shot, kill
        if not shot.after:
            self._timer = asyncio.get_running_loop().call_later(shot.delay_s, self._fire)

    def rest(self) -> None:
        """No shot from now on."""
        self._shot = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _written(self, unit: str, written: dict[str, Value]) -> bool:
        if written.keys() <= _HEARTBEAT:
            return True
        return self._arrives(unit, dict(written))

    def _asked(self, mode: CarMode) -> bool:
        return self._arrives("car", mode)

    def _arrives(self, where: str, what: object) -> bool:
        if self._said.get(where) == what:
            return True
        self._said[where] = what
        self.effects += 1
        self.last = where
        shot = self._shot
        if shot is None or self._timer is not None:
            return True
        if shot.after > 1:
            self._shot = Shot(shot.after - 1, shot.how, shot.delay_s)
            return True
        if shot.delay_s:
            self._timer = asyncio.get_running_loop().call_later(shot.delay_s, self._fire)
            return True
        self._fire()
        return shot.how is not How.LOST

    def _fire(self) -> None:
        assert self._shot is not None
        self.how = self._shot.how
        self._shot = self._timer = None
        self._kill()
