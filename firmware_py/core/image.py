"""The Image: the latest fresh reading of everything. A field that is unknown or stale is `None`."""

from dataclasses import dataclass

from hal.readings import (
    CarReading,
    LiftReading,
    LockSetReading,
    PackReading,
    PlatformReading,
    SafetyReading,
    ShuttleReading,
    StackerReading,
)


@dataclass(frozen=True, slots=True)
class Image:
    """What the core may know at one instant. `packs[k]` is the pack in bay k+1, `buffer` the one at the buffer."""

    lift: LiftReading = LiftReading()
    locks: LockSetReading = LockSetReading()
    shuttle: ShuttleReading = ShuttleReading()
    stacker: StackerReading = StackerReading()
    platform: PlatformReading = PlatformReading()
    safety: SafetyReading = SafetyReading()
    car: CarReading = CarReading()
    car_pack: PackReading = PackReading()
    buffer: PackReading = PackReading()
    packs: tuple[PackReading, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Devices that are to be read faster from now on and have not been yet: nothing of theirs may start to move."""

    def bay(self, number: int) -> PackReading:
        """Pack in bay `number` (1-based); an unknown reading where the bay is empty or silent."""
        return self.packs[number - 1] if 0 < number <= len(self.packs) else PackReading()
