"""The Image: the latest fresh reading of everything. A field that is unknown or stale is `None`."""

from dataclasses import dataclass

from hal.readings import (
    CarReading,
    ChargerReading,
    CodeReading,
    FireReading,
    HoistReading,
    InsulationReading,
    LiftReading,
    LockSetReading,
    MeterReading,
    PackReading,
    PlatformReading,
    RackReading,
    SafetyReading,
    ShuttleReading,
    SignalsReading,
    StackerReading,
    UpsReading,
    VisionReading,
)


@dataclass(frozen=True, slots=True)
class Image:
    """What the core may know at one instant. `packs[k]` and `chargers[k]` belong to bay k+1.

    `buffer` is the pack at the buffer, `scanner` the code reader there.
    """

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
    hoist: HoistReading = HoistReading()
    vision: VisionReading = VisionReading()
    scanner: CodeReading = CodeReading()
    rack: RackReading = RackReading()
    fire: FireReading = FireReading()
    signals: SignalsReading = SignalsReading()
    insulation: InsulationReading = InsulationReading()
    meter: MeterReading = MeterReading()
    ups: UpsReading = UpsReading()
    chargers: tuple[ChargerReading, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Devices that are to be read faster from now on and have not been yet: nothing of theirs may start to move."""

    def bay(self, number: int) -> PackReading:
        """Pack in bay `number` (1-based); an unknown reading where the bay is empty or silent."""
        return self.packs[number - 1] if 0 < number <= len(self.packs) else PackReading()

    def charger(self, bay: int) -> ChargerReading:
        """Charger of bay `bay` (1-based); an unknown reading where there is none or it is silent."""
        return self.chargers[bay - 1] if 0 < bay <= len(self.chargers) else ChargerReading()
