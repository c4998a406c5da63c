"""Which axis of the plant a drive turns: one shape for the lift and for a slot of the shuttle."""

from typing import Protocol

from hal.commands import Slot
from hal.config.bundle import Unit
from sim.world import World
from sim.world.clock import Part


class Motion(Protocol):
    """An axis as its drive sees it. mm, mm/s; `servo`: asked to hold torque, `enabled`: it does."""

    @property
    def part(self) -> Part: ...
    @property
    def mm(self) -> float: ...
    @property
    def mm_s(self) -> float: ...
    @property
    def moving(self) -> bool: ...
    @property
    def done(self) -> bool: ...
    @property
    def allowed(self) -> bool: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def fault_word(self) -> int: ...
    @property
    def home_mm(self) -> float: ...
    def set_servo(self, on: bool) -> None: ...
    def move(self, mm: float, mm_s: float) -> None: ...
    def stop(self) -> None: ...
    def reset(self) -> None: ...


class LiftMotion:
    """The lift's axis."""

    def __init__(self, world: World) -> None:
        self.part = self._lift = world.lift
        self.home_mm = world.plant.home_mm

    @property
    def mm(self) -> float:
        return self._lift.mm

    @property
    def mm_s(self) -> float:
        return self._lift.axis.mm_s

    @property
    def moving(self) -> bool:
        return self._lift.moving

    @property
    def done(self) -> bool:
        return self._lift.done and not self._lift.moving

    @property
    def allowed(self) -> bool:
        return self._lift.allowed

    @property
    def enabled(self) -> bool:
        return self._lift.enabled

    @property
    def fault_word(self) -> int:
        return self._lift.fault_word

    def set_servo(self, on: bool) -> None:
        self._lift.set_servo(on)

    def move(self, mm: float, mm_s: float) -> None:
        self._lift.move(mm, mm_s)

    def stop(self) -> None:
        self._lift.stop()

    def reset(self) -> None:
        self._lift.reset_alarm()


class SlotMotion:
    """The axis of one slot of the shuttle."""

    def __init__(self, world: World, slot: Slot) -> None:
        self.part = self._shuttle = world.shuttle
        self._slot = slot
        self._axis = world.shuttle.slots[slot]
        self._servo = False
        self.home_mm = world.plant.under_mm

    @property
    def mm(self) -> float:
        return self._axis.mm

    @property
    def mm_s(self) -> float:
        return self._axis.mm_s

    @property
    def moving(self) -> bool:
        return self._axis.moving

    @property
    def done(self) -> bool:
        return not self._axis.moving and not self.fault_word

    @property
    def allowed(self) -> bool:
        return self._shuttle.allowed

    @property
    def enabled(self) -> bool:
        return self._servo and self.allowed and not self.fault_word

    @property
    def fault_word(self) -> int:
        return self._shuttle.fault_word if self._shuttle.jammed is self._slot else 0

    def set_servo(self, on: bool) -> None:
        if on is not self._servo:
            self._servo = on
            if not on:
                self.stop()
            self._shuttle.changed()

    def move(self, mm: float, mm_s: float) -> None:
        if self.enabled:
            self._shuttle.move(self._slot, mm, mm_s)

    def stop(self) -> None:
        self._shuttle.halt(self._slot)

    def reset(self) -> None:
        """The alarm of the drive; what jams the slot is still there."""
        self._shuttle.fault_word = 0
        self._shuttle.changed()


def motion_of(world: World, unit: Unit, kind: str) -> Motion:
    """The axis that a unit drives, by the roles that the station takes from it."""
    if kind != "shuttle":
        return LiftMotion(world)
    return SlotMotion(world, Slot.OUT if "out_mm" in unit.roles else Slot.IN)
