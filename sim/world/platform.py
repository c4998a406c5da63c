"""Platform: two-position actuators driven by output pairs, their switches and the lane."""

from hal.commands import Actuator
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.cylinder import Cylinder
from sim.world.plant import Plant


class Platform(Part):
    """The outputs stay as they were written; without the safety PLC's release their supply is cut and nothing moves."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.allowed = False
        self.cylinders = {a: Cylinder() for a in Actuator}
        self._chance = chance
        self._jitter = jitter

    @property
    def moving(self) -> bool:
        """Does any actuator travel?"""
        return any(c.rate != 0.0 for c in self.cylinders.values())

    def travels(self, actuator: Actuator) -> bool:
        """Does this one travel?"""
        return self.cylinders[actuator].rate != 0.0

    def share(self, actuator: Actuator) -> float:
        """0 = home (retracted, down, closed), 1 = working position (extended, raised, open)."""
        return self.cylinders[actuator].at(self.clock.plant)

    def is_out(self, actuator: Actuator) -> bool:
        """Is its working-position switch made?"""
        return self.cylinders[actuator].is_out(self.clock.plant)

    def is_home(self, actuator: Actuator) -> bool:
        """Is its home switch made?"""
        return self.cylinders[actuator].is_home(self.clock.plant)

    def drive(self, actuator: Actuator, *, out: bool, home: bool) -> None:
        """Set the pair of outputs. Both on or both off = the valve is centred."""
        cylinder = self.cylinders[actuator]
        if (cylinder.out, cylinder.home) != (out, home):
            cylinder.out, cylinder.home = out, home
            self._set(actuator)
            self.changed()

    def jam(self, actuator: Actuator, on: bool) -> None:
        """Jam an actuator where it is, or free it."""
        self.cylinders[actuator].jammed = on
        self._set(actuator)
        self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC: supply of all outputs."""
        if on != self.allowed:
            self.allowed = on
            for actuator in Actuator:
                self._set(actuator)
            self.changed()

    def due(self) -> float:
        """End of the earliest travel, or where a switch changes on the way."""
        return min(c.next_s() for c in self.cylinders.values())

    def fire(self) -> None:
        """End travels."""
        for cylinder in self.cylinders.values():
            cylinder.passes(self.clock.plant)
        self.changed()

    def _set(self, actuator: Actuator) -> None:
        cylinder = self.cylinders[actuator]
        out_s, home_s = self.plant.actuators[actuator]
        able = self.allowed and not cylinder.jammed and cylinder.out != cylinder.home
        slow = self._chance.factor(self._jitter) if able else 1.0
        cylinder.travel(self.clock.plant, out_s * slow, home_s * slow, allowed=self.allowed)
