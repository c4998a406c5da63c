"""The world: all parts of one station, advanced lazily from event to event, so that polling never changes the plant."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from hal.commands import Slot
from hal.config.bundle import Station
from sim import referee
from sim.world.car import Car, Cars
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.couplings import couple, join
from sim.world.house import Fire, Insulation, Meter, Signals, Ups
from sim.world.lane import Hoist, Sight
from sim.world.latches import LatchSet
from sim.world.lift import Lift
from sim.world.locks import LockSet
from sim.world.packs import CAR, HEAD, Inventory, Pack, bay
from sim.world.plant import PackKind, Plant, rack
from sim.world.platform import Platform
from sim.world.rack import Rack
from sim.world.safety import Safety
from sim.world.shuttle import Shuttle
from sim.world.stacker import Stacker
from sim.world.station import plant_of

SCATTERS: Final = (60.0, 40.0, 1.0)
"""Where drivers come to stand: width of the scatter in mm along, mm across, degrees [EST]."""


class World:
    """Truth of a station at wire time `now`. `speed` scales the plant only; `jitter`: sigma of each move's time."""

    def __init__(
        self,
        station: Station | Plant,
        seed: int,
        speed: float = 1.0,
        *,
        jitter: float = 0.0,
        stock: Mapping[str, Pack] | None = None,
        start: float = 0.0,
    ) -> None:
        plant = station if isinstance(station, Plant) else plant_of(station)
        self.plant = plant = plant if plant.places else replace(plant, places=rack(plant.bays))
        self.clock = clock = Clock(start, speed)
        self._serials = Chance(seed, "serials")
        self._parking = Chance(seed, "parking")
        self._jitter = jitter
        self.packs = Inventory(clock)
        self.lift = Lift(clock, plant, self.packs, Chance(seed, "lift"), jitter)
        self.locks: LockSet = (LatchSet if plant.latches else LockSet)(clock, plant, Chance(seed, "locks"), jitter)
        self.shuttle = Shuttle(clock, plant, Chance(seed, "shuttle"), jitter)
        self.stacker = Stacker(clock, plant, self.packs, Chance(seed, "stacker"), jitter)
        self.platform = Platform(clock, plant, Chance(seed, "platform"), jitter)
        self.safety = Safety(clock, plant)
        self.cars = Cars(clock, plant, Chance(seed, "car"), jitter)
        self.rack = Rack(clock, plant, self.packs, Chance(seed, "rack"), jitter)
        self.hoist = Hoist(clock, plant, Chance(seed, "hoist"))
        self.sight = Sight(clock)
        self.fire = Fire(clock, plant.fire_zones)
        self.signals = Signals(clock)
        self.ups = Ups(clock, plant)
        self.insulation = Insulation(clock)
        self.meter = Meter(clock)
        self._movers: tuple[Part, ...] = (
            self.lift,
            self.locks,
            self.shuttle,
            self.stacker,
            self.platform,
            self.cars,
            self.rack,
        )
        standing = (self.safety, self.packs, self.hoist, self.sight, self.fire, self.signals, self.ups)
        self.packs.at.update(stock if stock is not None else self._full_rack())
        self.referee = referee.Referee(self)
        self.changes = 0
        self.watchers: list[Callable[[], None]] = []
        """Called after each change; they may look, and change nothing."""
        self._next = math.inf
        self._busy = False
        self._stale = False
        join(self)
        for part in (*self._movers, *standing, self.insulation, self.meter):
            part.on_change = self._changed
        self._changed()

    @property
    def now(self) -> float:
        """Wire time of the truth."""
        return self.clock.now

    @property
    def latched(self) -> bool:
        """Is the pack on the car locked at every point?"""
        return CAR in self.packs.at and len(self.locks.tight) == len(self.locks.points)

    @property
    def mated_pack(self) -> Pack | None:
        """The pack whose plug is in the car, `None` if there is none."""
        if self.cars.parked is None or not self.lift.mated:
            return None
        return self.packs.at.get(CAR) or self.packs.at.get(HEAD)

    def parking(self) -> tuple[float, float, float]:
        """Where the next car comes to stand against its ideal place: mm forward, mm left, degrees left."""
        if not self._jitter:
            return (0.0, 0.0, 0.0)
        x, y, yaw = (width * (self._parking.uniform() - 0.5) for width in SCATTERS)
        return (x, y, yaw)

    @property
    def buffer_pack(self) -> Pack | None:
        """The pack on the `in` slot at the buffer."""
        return self.packs.at.get(Slot.IN) if self.shuttle.at(Slot.IN, self.plant.buffer_mm) else None

    @property
    def store_pack(self) -> Pack | None:
        """The pack on the `out` slot at the store."""
        return self.packs.at.get(Slot.OUT) if self.shuttle.at(Slot.OUT, self.plant.store_mm) else None

    def add(self, part: Part) -> None:
        """A part that came later: something in a unit that counts time by itself."""
        part.on_change = self._changed
        self._movers = (*self._movers, part)

    @property
    def next_change(self) -> float:
        """Wire time until which the truth stays as it is, if nobody interferes; the present while something moves."""
        return self.clock.now if any(part.moving for part in self._movers) else self._next

    def advance(self, now: float) -> None:
        """Bring the truth to wire time `now`; cheap when nothing happens on the way, nothing when `now` has passed."""
        while self._next <= now:
            self._step(now)
        self.clock.to(now)

    def touch(self) -> None:
        """Something was changed from outside (a fault): look at everything again."""
        self._changed()

    def set_speed(self, speed: float) -> None:
        """Change the plant's speed factor (> 0) from now on."""
        self.clock.set_speed(speed)
        self._next = self._next_wire()
        self._tell()

    def new_pack(self, kind: str | None = None, soc_pct: float = 90.0) -> Pack:
        """A pack of a type (the vehicle's by default) with a fresh serial number, not placed anywhere yet."""
        name = kind or self.plant.vehicle_pack
        found = next((k for k in self.plant.pack_kinds if k.name == name), None) or PackKind(name, 300.0)
        return Pack(serial_number(found, self._serials), found, soc_pct, temp_degc=self.plant.ambient_degc)

    def queue_car(self, vin: str = "LNAUTS0A0PX000001", pack: Pack | None = None, soc_pct: float = 18.0) -> Car:
        """A car of the station's vehicle type joins the queue outside with its pack locked on."""
        car = Car(vin, self.plant.vehicle, pack or self.new_pack(soc_pct=soc_pct))
        self.cars.arrive(car)
        return car

    def _full_rack(self) -> dict[str, Pack]:
        """Every bay but the last holds a charged pack that fits the vehicle; every fourth one is of another type."""
        others = [k.name for k in self.plant.pack_kinds if k.name != self.plant.vehicle_pack]
        stock = {}
        for k in range(1, self.plant.bays):
            kind = others[0] if others and k % 4 == 0 else self.plant.vehicle_pack
            stock[bay(k)] = self.new_pack(kind, soc_pct=96.0 - 0.5 * k)
        fixed = {place: self.new_pack(kind) for place, kind in self.plant.fixed.items() if place.startswith("bay-")}
        return stock | fixed

    def _changed(self) -> None:
        self._stale = True
        if not self._busy:
            self._settle()

    def _settle(self) -> None:
        self._busy = True
        try:
            while self._stale:
                self._stale = False
                couple(self)
                self.referee.check()
        finally:
            self._busy = False
        self.changes += 1
        self._next = self._next_wire()
        self._tell()

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()

    def _next_plant(self) -> float:
        return min(*(part.due() for part in self._movers), self.referee.due())

    def _next_wire(self) -> float:
        return min(self.clock.wire(self._next_plant()), self.safety.due_wire())

    def _step(self, upto: float) -> None:
        """Go to the next event and let it happen. A heartbeat puts the dead-man off in silence: then there is none."""
        plant, wire = self._next_plant(), self.safety.due_wire()
        self._next = min(self.clock.wire(plant), wire)
        if self._next > upto:
            return
        self._busy = True
        try:
            if wire <= self.clock.wire(plant):
                self.clock.to(wire)
                self.safety.fire()
            else:
                self.clock.to_plant(plant)
                for part in self._movers:
                    if part.due() <= self.clock.plant:
                        part.fire()
        finally:
            self._busy = False
        self._stale = True
        self._settle()


def serial_number(kind: PackKind, chance: Chance) -> str:
    """A 24-character pack code in the form of GB/T 34014: maker, product and type in front, then a serial part."""
    digits = "".join(c for c in kind.name if c.isdigit())[:2].rjust(2, "0")
    return f"001PB{digits}{chance.letters(17)}"
