"""What the station can see: one frozen reading per device, units in the field names.

A field that is `None` is *unknown*: never measured, from a unit that is silent, or older than its unit allows.
Unknown is never "ok": every consumer must handle it, and none may start a motion on it.
`at_s` is the monotonic time in seconds of the oldest measurement that the reading is made of.
"""

from dataclasses import fields
from typing import Final

from hal.readings.around import (
    ChargerReading,
    CodeReading,
    FireReading,
    HoistReading,
    InsulationBound,
    InsulationReading,
    InsulationState,
    MeterReading,
    NutrunnerReading,
    RackReading,
    RollerReading,
    SignalsReading,
    UpsReading,
    VisionReading,
)
from hal.readings.swap import (
    CarReading,
    LiftReading,
    LockSetReading,
    LockState,
    PackReading,
    PlatformReading,
    SafetyReading,
    SelfCheck,
    ShuttleReading,
    StackerReading,
)

Reading = (
    LiftReading
    | LockSetReading
    | ShuttleReading
    | StackerReading
    | PlatformReading
    | SafetyReading
    | CarReading
    | PackReading
    | RollerReading
    | NutrunnerReading
    | InsulationReading
    | MeterReading
    | HoistReading
    | VisionReading
    | CodeReading
    | RackReading
    | FireReading
    | SignalsReading
    | ChargerReading
    | UpsReading
)

READING_OF_KIND: Final[dict[str, type]] = {
    "lift": LiftReading,
    "lock-set": LockSetReading,
    "shuttle": ShuttleReading,
    "stacker": StackerReading,
    "platform": PlatformReading,
    "safety-plc": SafetyReading,
    "vehicle": CarReading,
    "pack": PackReading,
    "roller": RollerReading,
    "nutrunner": NutrunnerReading,
    "insulation": InsulationReading,
    "meter": MeterReading,
    "hoist": HoistReading,
    "vision": VisionReading,
    "code-reader": CodeReading,
    "rack": RackReading,
    "fire-panel": FireReading,
    "signals": SignalsReading,
    "charger": ChargerReading,
    "ups": UpsReading,
}
"""Device kind -> its reading; the field names are the roles that device files and wiring may offer."""


def roles(kind: str) -> tuple[str, ...]:
    """Names of the roles of a device kind, without the time stamp."""
    return tuple(f.name for f in fields(READING_OF_KIND[kind]) if f.name != "at_s")


__all__ = [
    "READING_OF_KIND",
    "CarReading",
    "ChargerReading",
    "CodeReading",
    "FireReading",
    "HoistReading",
    "InsulationBound",
    "InsulationReading",
    "InsulationState",
    "LiftReading",
    "LockSetReading",
    "LockState",
    "MeterReading",
    "NutrunnerReading",
    "PackReading",
    "PlatformReading",
    "RackReading",
    "Reading",
    "RollerReading",
    "SafetyReading",
    "SelfCheck",
    "ShuttleReading",
    "SignalsReading",
    "StackerReading",
    "UpsReading",
    "VisionReading",
    "roles",
]
