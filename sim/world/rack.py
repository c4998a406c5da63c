"""Rack: the two connectors of each bay, and what flows through them into the packs."""

import math
from typing import Final

from hal.commands import Connector
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.cylinder import Cylinder
from sim.world.packs import Inventory, Pack, bay
from sim.world.plant import Plant

TICK_S: Final = 10.0
"""Plant time between two steps of the state of charge while anything is charged."""
EFFICIENCY: Final = 0.95
"""Power into a pack for power from the grid [EST]."""
PARTS_UNDER_A: Final = 1.0
"""Above this current contacts that part draw an arc [EST]."""


class Rack(Part):
    """Connectors are `cylinders[bay, connector]`, bays from 1. `leaks` are the bays whose coolant runs."""

    def __init__(self, clock: Clock, plant: Plant, packs: Inventory, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.packs = packs
        self.allowed = False
        self.bays = tuple(range(1, plant.bays + 1))
        self.cylinders = {(k, c): Cylinder(home=True) for k in self.bays for c in Connector}
        self.leaks: set[int] = set()
        self.mishaps: list[tuple[str, str]] = []
        """Hazards that became real here: (kind, text)."""
        self._chance = chance
        self._jitter = jitter
        self._charged_s = clock.plant
        self._given: dict[int, tuple[float, float]] = {}

    @property
    def moving(self) -> bool:
        """Does any connector travel?"""
        return any(c.rate != 0.0 for c in self.cylinders.values())

    def is_mated(self, k: int, connector: Connector) -> bool:
        """Is its mated switch made?"""
        return self.cylinders[k, connector].is_out(self.clock.plant)

    def is_home(self, k: int, connector: Connector) -> bool:
        """Is its home switch made?"""
        return self.cylinders[k, connector].is_home(self.clock.plant)

    def drive(self, k: int, connector: Connector, *, out: bool) -> None:
        """Mate or retract a connector. It goes on to its end, or until it is stopped."""
        cylinder = self.cylinders[k, connector]
        if connector is Connector.POWER and not out and abs(self.output_a(k)) > PARTS_UNDER_A:
            self.mishaps.append(("contacts-parted-live", f"bay {k}: contacts part at {self.output_a(k):.0f} A"))
        cylinder.out, cylinder.home = out, not out
        self._set(k, connector)
        self.changed()

    def stop(self) -> None:
        """Hold every connector where it is."""
        for key, cylinder in self.cylinders.items():
            if cylinder.rate != 0.0:
                cylinder.out = cylinder.home = False
                self._set(*key)
        self.changed()

    def jam(self, k: int, connector: Connector, on: bool) -> None:
        """Jam a connector where it is, or free it."""
        self.cylinders[k, connector].jammed = on
        self._set(k, connector)
        self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC: supply of all connectors. Jobs that it cuts off are forgotten."""
        if on != self.allowed:
            self.stop()
            self.allowed = on

    def take_out(self, k: int) -> None:
        """The fork takes the pack of a bay: a connector that is not home is torn off."""
        for connector in Connector:
            if bay(k) in self.packs.at and not self.is_home(k, connector):
                self.mishaps.append(("connector-torn", f"bay {k}: pack taken out with its {connector} connector mated"))

    def plugged(self, k: int) -> Pack | None:
        """The pack that the charger of a bay reaches."""
        return self.packs.at.get(bay(k)) if self.is_mated(k, Connector.POWER) else None

    def feed(self, k: int, volts: float, amps: float) -> None:
        """What the charger of a bay gives from now on."""
        if self._given.get(k, (0.0, 0.0)) != (volts, amps):
            self._charge()
            self._given[k] = (volts, amps)
            self.changed()

    def output_a(self, k: int) -> float:
        """Current into the pack of a bay, A."""
        return self._given.get(k, (0.0, 0.0))[1] if self.plugged(k) is not None else 0.0

    @property
    def fed(self) -> list[int]:
        """Bays whose charger gives a current."""
        return [k for k, (_, amps) in self._given.items() if amps]

    @property
    def link_v(self) -> float:
        """Highest voltage at a charger's output."""
        return max((volts for volts, _ in self._given.values()), default=0.0)

    @property
    def grid_w(self) -> float:
        """What all chargers draw from the grid."""
        return sum(volts * amps for volts, amps in self._given.values()) / EFFICIENCY

    def due(self) -> float:
        """Next switch of a connector, or the next step of charging."""
        tick = self._charged_s + TICK_S if self.fed else math.inf
        return min(tick, *(c.next_s() for c in self.cylinders.values()))

    def fire(self) -> None:
        """Connectors go on, packs fill."""
        for cylinder in self.cylinders.values():
            cylinder.passes(self.clock.plant)
        self._charge()
        self.changed()

    def _charge(self) -> None:
        """Bring the packs' charge up to now."""
        seconds, self._charged_s = self.clock.plant - self._charged_s, self.clock.plant
        for k in self.fed if seconds > 0.0 else ():
            pack, amps = self.plugged(k), self.output_a(k)
            if pack is not None:
                kwh = pack.voltage_v * amps * seconds / 3.6e6
                pack.soc_pct = min(100.0, pack.soc_pct + 100.0 * kwh / pack.kind.energy_kwh)

    def _set(self, k: int, connector: Connector) -> None:
        cylinder = self.cylinders[k, connector]
        out_s, home_s = self.plant.connectors[connector]
        able = self.allowed and not cylinder.jammed and cylinder.out != cylinder.home
        slow = self._chance.factor(self._jitter) if able and cylinder.share + cylinder.out > 0.0 else 1.0
        cylinder.travel(self.clock.plant, out_s * slow, home_s * slow, allowed=self.allowed)
