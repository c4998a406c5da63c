"""Pack lift: the swap head, its drive, and the load on its cell."""

import math
from collections.abc import Callable
from typing import Final

from sim.world.axis import Axis
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.packs import CAR, HEAD, Inventory
from sim.world.plant import Plant

FOLLOWING_ERROR: Final = 0x0180
OVER_CURRENT: Final = 0x00E0
"""Alarm words of the drive, as in the device map of the axis drive."""
SNAG_MM: Final = 100.0
"""Way of the head from where a pack is caught to where all of it hangs there, and tears [EST]."""
_TRIP_S: Final = 0.3
_READY_S: Final = 0.05
"""How long a stalled drive pushes before it trips; how long the servo needs after its enable register [EST]."""


class Lift(Part):
    """Truth of the lift. `servo_on` is the enable register, `allowed` the safety PLC's release behind the link."""

    def __init__(self, clock: Clock, plant: Plant, packs: Inventory, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.packs = packs
        self.axis = Axis(clock, plant.home_mm, plant.lift_accel, plant.lift_max_mm_s, chance, jitter, plant.stop_s)
        self.servo_on = False
        self.allowed = False
        self.fault_word = 0
        self.done = True
        self.stall_mm: float | None = None
        self.stalled = False
        self.load_offset_kg = 0.0
        self.snag_mm: float | None = None
        """Below this height a pack that is let down is caught by something of the car."""
        self.deaf = False
        self.reversed = False
        """Faults: the drive takes a move and does not turn, or turns the wrong way."""
        self.on_pass: Callable[[float, bool], None] = _ignore
        self._trip_at = math.inf
        self._ready_at = math.inf
        self._ready = False

    @property
    def mm(self) -> float:
        """Height of the head."""
        return self.axis.mm

    @property
    def moving(self) -> bool:
        """Does the drive run (also while it pushes against a jam)?"""
        return self.axis.moving or self._trip_at < math.inf

    @property
    def enabled(self) -> bool:
        """Does the drive hold torque on demand?"""
        return self._ready and self.allowed and not self.fault_word

    @property
    def load_kg(self) -> float:
        """True load on the cell in kg: a held pack rests on the head only as far as the head is pressed into it."""
        pack = self.packs.at.get(HEAD)
        if pack is not None:
            over = self.mm - self.plant.support_mm if CAR in self.packs.at or self.car_above else 0.0
            return pack.mass_kg * (1.0 + max(0.0, over) / self.plant.soft_mm) * (1.0 - self.caught)
        pack = self.packs.at.get(CAR)
        if pack is None:
            return 0.0
        return pack.mass_kg * max(0.0, self.mm - self.plant.dock_mm) / self.plant.soft_mm

    @property
    def caught(self) -> float:
        """Share of a pack on the head that hangs on a snag; at 1 something tears."""
        if self.snag_mm is None or not self.car_above or HEAD not in self.packs.at:
            return 0.0
        return min(1.0, max(0.0, (self.snag_mm - self.mm) / SNAG_MM))

    car_above: bool = False
    """Stands a car over the pit? Then a pack raised past the seat presses against it."""

    @property
    def touches(self) -> bool:
        """Is the head in contact with a pack hanging on the car?"""
        return CAR in self.packs.at and self.mm >= self.plant.dock_mm - 0.5

    @property
    def mated(self) -> bool:
        """Is a pack at its seat under the car (held by it or pressed to it), so that its plug is in?"""
        return CAR in self.packs.at or (
            self.car_above and HEAD in self.packs.at and self.mm >= self.plant.support_mm - 0.5
        )

    def move(self, target_mm: float, speed_mm_s: float) -> None:
        """Start a move; ignored while the drive is not enabled."""
        if not self.enabled:
            return
        self.done = False
        goal_mm = max(self.plant.home_mm, 2.0 * self.mm - target_mm) if self.reversed else target_mm
        if not self.deaf:
            self.axis.go(goal_mm, speed_mm_s, self._marks())
        if self.stalled and self.axis.moving:
            self._stall()
        elif not self.axis.moving:
            self.done = True
        self.changed()

    def stop(self) -> None:
        """Controlled stop; the load stays held."""
        self.axis.halt(self._marks())
        self.changed()

    def set_servo(self, on: bool) -> None:
        """The drive's enable register. Off in motion = controlled stop, then brake."""
        if on != self.servo_on:
            self.servo_on = on
            self._ready = False
            self._ready_at = self.clock.plant + _READY_S if on else math.inf
            if not on:
                self.axis.halt(self._marks())
            self.changed()

    def set_allowed(self, on: bool) -> None:
        """The release of the safety PLC, behind the link."""
        if on != self.allowed:
            self.allowed = on
            if not on:
                self.axis.halt(self._marks())
            self.changed()

    def set_stall(self, at_mm: float | None) -> None:
        """Something blocks the head at a height; `None` = it is gone and a fitter has reset the drive."""
        self.stall_mm, self.stalled = at_mm, at_mm is not None and abs(at_mm - self.mm) < 1e-3
        if at_mm is None:
            self.fault_word = 0
        elif self.axis.moving:
            if self.stalled:
                self._stall()
            else:
                self.axis.go(self.axis.target_mm, self.axis.asked_mm_s, self._marks())
        self.changed()

    def reset_alarm(self) -> None:
        """Clear the drive's fault word."""
        self.fault_word = 0
        self.changed()

    def due(self) -> float:
        """Next mark, end of motion, servo ready, or trip of a stalled drive."""
        return min(self.axis.due(), self._trip_at, self._ready_at)

    def fire(self) -> None:
        """Pass marks, end the motion, trip."""
        for mark, up in self.axis.passed():
            self._pass(mark, up)
        if self.clock.plant >= self._ready_at:
            self._ready, self._ready_at = True, math.inf
        if self.clock.plant >= self._trip_at:
            self._trip(FOLLOWING_ERROR)
        if not self.axis.moving and not self.fault_word and self._trip_at == math.inf:
            self.done = True
        self.changed()

    def _pass(self, mark: float, up: bool) -> None:
        if mark == self.stall_mm:
            self.stalled = True
            self._stall()
        elif up and mark == self._overload_mm():
            self.axis.jam()
            self._trip(OVER_CURRENT)
        self.on_pass(mark, up)

    def _stall(self) -> None:
        self.axis.jam()
        self._trip_at = self.clock.plant + _TRIP_S

    def _trip(self, word: int) -> None:
        self._trip_at = math.inf
        self.fault_word = word

    def _overload_mm(self) -> float:
        """Height at which the drive trips on load, for the pack in play."""
        plant = self.plant
        if HEAD in self.packs.at:
            return plant.support_mm + (plant.overload - 1.0) * plant.soft_mm if self.car_above else math.inf
        return plant.dock_mm + plant.overload * plant.soft_mm if CAR in self.packs.at else math.inf

    def _marks(self) -> list[float]:
        plant = self.plant
        marks = [plant.slot_mm - 10.0, plant.slot_mm, plant.shutter_mm, plant.dock_mm - 2.0]
        if self.stall_mm is not None:
            marks.append(self.stall_mm)
        if self.snag_mm is not None:
            marks.append(self.snag_mm - SNAG_MM)
        over = self._overload_mm()
        return marks if math.isinf(over) else [*marks, over]


def _ignore(_mark: float, _up: bool) -> None:
    """Nobody listens yet."""
