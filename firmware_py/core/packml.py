"""The PackML state model (ISA-TR88.00.02 state names) as far as the station uses it."""

from enum import StrEnum


class PackML(StrEnum):
    """State of the station as a machine. People who run machines know these words."""

    STOPPED = "Stopped"
    RESETTING = "Resetting"
    IDLE = "Idle"
    STARTING = "Starting"
    EXECUTE = "Execute"
    HOLDING = "Holding"
    HELD = "Held"
    UNHOLDING = "Unholding"
    COMPLETING = "Completing"
    COMPLETE = "Complete"
    STOPPING = "Stopping"
    ABORTING = "Aborting"
    ABORTED = "Aborted"
    CLEARING = "Clearing"


class Mode(StrEnum):
    """Unit modes: what the station is used for. PackML states mean the same in each."""

    PRODUCTION = "Production"
    MAINTENANCE = "Maintenance"
    MANUAL = "Manual"


MOVING = frozenset({PackML.STARTING, PackML.EXECUTE, PackML.UNHOLDING, PackML.COMPLETING, PackML.ABORTING})
"""States in which rows of the chart may be active and drives enabled."""


class StablePlace(StrEnum):
    """Where a swap may rest: the only points that a restart may conclude to be at."""

    UNKNOWN = "unknown"
    S0 = "S0"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


PLACE_TEXT = {
    StablePlace.UNKNOWN: "not known yet",
    StablePlace.S0: "lane empty",
    StablePlace.S1: "car held, old pack locked",
    StablePlace.S2: "car held, no pack attached",
    StablePlace.S3: "car held, new pack locked and proven",
    StablePlace.S4: "car released",
}
