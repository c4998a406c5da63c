"""After a restart in mid-swap: when has everything that counts been read once more?"""

from collections.abc import Callable
from typing import Final

from firmware_py.shell.plant import Plant

COUNTED: Final = ("lift", "locks", "shuttle", "stacker", "platform", "safety", "hoist")
"""Devices that say where car, packs and movers are. Packs and the car speak by themselves."""
_TWICE: Final = 2


class Looks:
    """Counts two looks from `begin()` on. `looked` is called at the end of each, with every unit read or known lost."""

    def __init__(self, plant: Plant, looked: Callable[[], None]) -> None:
        devices = (plant.devices[name] for name in COUNTED if name in plant.devices)
        self._all = frozenset(unit.name for device in devices for unit in device.units)
        self._looked = looked
        self._waiting: set[str] = set()
        self._to_come = 0

    def begin(self) -> None:
        """From now on."""
        self._waiting, self._to_come = set(self._all), _TWICE

    def told_of(self, unit: str) -> None:
        """A unit brought values, or is known to be lost."""
        if not self._to_come:
            return
        self._waiting.discard(unit)
        if not self._waiting:
            self._to_come -= 1
            self._waiting = set(self._all)
            self._looked()
