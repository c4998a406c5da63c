"""Packs and where they are: the one inventory of the truth."""

import math
from dataclasses import dataclass
from typing import Final

from sim.world.clock import Clock, Part
from sim.world.plant import PackKind

CAR: Final = "car"
HEAD: Final = "head"
OUT: Final = "out"
IN: Final = "in"
FORK: Final = "fork"
ISOLATION: Final = "isolation"
_COOLING_S: Final = 3600.0


@dataclass(slots=True)
class Pack:
    """One pack. SOC and SOH in %. Temperature in °C at plant time `warm_at_s`, relaxing to ambient in an hour."""

    serial: str
    kind: PackKind
    soc_pct: float = 90.0
    soh_pct: float = 97.0
    temp_degc: float = 25.0
    warm_at_s: float = 0.0
    cell_spread_v: float = 0.01
    fault_bits: int = 0
    mute: bool = False
    """Its BMS is dead: it says nothing, wherever it is plugged in."""
    nameless: bool = False
    """Its BMS tells no code, as packs of some makes do not."""
    stripped: frozenset[int] = frozenset()
    crossed: frozenset[int] = frozenset()

    @property
    def mass_kg(self) -> float:
        """Weight on the load cell."""
        return self.kind.mass_kg

    @property
    def voltage_v(self) -> float:
        """Terminal voltage inside: flat curve, ±5 % over the SOC range."""
        return self.kind.voltage_v * (0.95 + 0.1 * self.soc_pct / 100.0)

    def temperature(self, now: float, ambient: float) -> float:
        """Temperature in °C at plant time `now`."""
        return ambient + (self.temp_degc - ambient) * math.exp(-max(0.0, now - self.warm_at_s) / _COOLING_S)


def bay(k: int) -> str:
    """Name of bay `k` (1-based)."""
    return f"bay-{k}"


class Inventory(Part):
    """`at`: place -> pack. A pack that lost its support lies on the `floor`; `clashes` are packs set onto packs."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.at: dict[str, Pack] = {}
        self.floor: list[tuple[Pack, str]] = []
        self.clashes: list[str] = []

    def put(self, place: str, pack: Pack) -> None:
        """Set a pack down at a place. On top of another one it is a clash, and the pack is on the floor."""
        if place in self.at:
            self.clashes.append(f"pack {pack.serial} set onto pack {self.at[place].serial} at {place}")
            self.floor.append((pack, place))
        else:
            self.at[place] = pack
        self.changed()

    def take(self, place: str) -> Pack | None:
        """Take the pack away from a place, `None` if there is none."""
        pack = self.at.pop(place, None)
        if pack is not None:
            self.changed()
        return pack

    def move(self, origin: str, goal: str) -> None:
        """Hand a pack over. Nothing happens when there is none."""
        pack = self.at.pop(origin, None)
        if pack is not None:
            self.put(goal, pack)

    def drop(self, place: str) -> None:
        """The pack at `place` loses its support."""
        pack = self.at.pop(place, None)
        if pack is not None:
            self.floor.append((pack, place))
            self.changed()

    def find(self, serial: str) -> str | None:
        """Place of a pack, `None` if it is nowhere in the station."""
        return next((place for place, pack in self.at.items() if pack.serial == serial), None)
