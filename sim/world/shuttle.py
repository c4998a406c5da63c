"""Shuttle: two slots on one rail, each with its own drive."""

from hal.commands import Slot
from sim.world.axis import Axis
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.plant import Plant
from sim.world.profile import first_closer

JAMMED = 1
"""Fault word of the shuttle: a slot does not follow its drive."""


class Shuttle(Part):
    """`slots`: the axes. The `in` slot is always on the buffer's side of the `out` slot."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.allowed = False
        self.fault_word = 0
        self.jammed: Slot | None = None
        self.slots = {
            Slot.OUT: Axis(clock, plant.under_mm, plant.rail_accel, plant.rail_max_mm_s, chance, jitter, plant.stop_s),
            Slot.IN: Axis(clock, plant.buffer_mm, plant.rail_accel, plant.rail_max_mm_s, chance, jitter, plant.stop_s),
        }
        self._closer_at = float("inf")

    @property
    def moving(self) -> bool:
        """Does any slot move?"""
        return self.slots[Slot.OUT].moving or self.slots[Slot.IN].moving

    def mm(self, slot: Slot) -> float:
        """Place of a slot on the rail."""
        return self.slots[slot].mm

    def at(self, slot: Slot, place_mm: float) -> bool:
        """Does the slot stand at (or pass) a place?"""
        return abs(self.slots[slot].mm - place_mm) <= self.plant.aligned_mm

    @property
    def gap_mm(self) -> float:
        """Distance of the slots' centres."""
        return self.mm(Slot.OUT) - self.mm(Slot.IN)

    @property
    def colliding(self) -> bool:
        """Are the slots nearer to each other than they are long?"""
        return self.gap_mm < self.plant.slot_length_mm

    def move(self, slot: Slot, target_mm: float, speed_mm_s: float) -> None:
        """Bring a slot to a place."""
        if not self.allowed:
            return
        if self.jammed is slot:
            self.fault_word = JAMMED
        else:
            self.slots[slot].go(target_mm, speed_mm_s, self._marks())
        self._watch()

    def stop(self) -> None:
        """Controlled stop of both slots."""
        for axis in self.slots.values():
            axis.halt(self._marks())
        self._watch()

    def halt(self, slot: Slot) -> None:
        """Controlled stop of one slot."""
        self.slots[slot].halt(self._marks())
        self._watch()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC, behind the link."""
        if on != self.allowed:
            self.allowed = on
            self.stop()

    def jam(self, slot: Slot | None) -> None:
        """Jam a slot where it is, or free what was jammed."""
        self.jammed = slot
        if slot is None:
            self.fault_word = 0
        elif self.slots[slot].moving:
            self.slots[slot].jam()
            self.fault_word = JAMMED
        self._watch()

    def shift(self, slot: Slot, by_mm: float) -> None:
        """Somebody pushes a slot by hand."""
        axis = self.slots[slot]
        axis.put(axis.mm + by_mm)
        self._watch()

    def due(self) -> float:
        """Next mark or end of either slot, or the moment they touch."""
        return min(self.slots[Slot.OUT].due(), self.slots[Slot.IN].due(), self._closer_at)

    def fire(self) -> None:
        """Pass marks, end motions."""
        for axis in self.slots.values():
            axis.passed()
        if self._closer_at <= self.clock.plant:
            self._closer_at = float("inf")
        self.changed()

    def _marks(self) -> list[float]:
        plant = self.plant
        return [plant.under_mm + way * plant.slot_length_mm for way in (-1.0, 1.0)]

    def _watch(self) -> None:
        self._closer_at = float("inf")
        if self.moving:
            gap = self.plant.slot_length_mm
            self._closer_at = first_closer(
                self.slots[Slot.IN].profile, self.slots[Slot.OUT].profile, gap, self.clock.plant
            )
        self.changed()
