"""Inputs of the sequencer: what may happen to it."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.jog_words import JogWish
from firmware_py.core.packml import Mode, StablePlace
from firmware_py.core.state import Active, Order, Swap


@dataclass(frozen=True, slots=True)
class Scan:
    """The Image may have changed."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A deadline that the core armed has passed. `timer` is the name it was armed under."""

    timer: str


@dataclass(frozen=True, slots=True)
class OrderIn:
    """A kept, unexpired order, good for so long. `swap_id` is the identity that the record will have."""

    order: Order
    swap_id: str
    good_for_s: float


@dataclass(frozen=True, slots=True)
class TurnIn:
    """The station is free for the order that waits."""


@dataclass(frozen=True, slots=True)
class IsolateIn:
    """A hot pack may be brought to the isolation place now. `swap_id` is the identity that the record will have."""

    bay: int
    swap_id: str


@dataclass(frozen=True, slots=True)
class Withhold:
    """Packs that are reserved for other cars than that of the swap, or of the order that waits: not to be chosen."""

    for_swap: tuple[str, ...] = ()
    for_waiting: tuple[str, ...] = ()


class Action(StrEnum):
    """What an operator may ask."""

    RESET = "reset"
    HOLD = "hold"
    RESUME = "resume"
    ABORT = "abort"
    CLEAR = "clear"
    MODE = "mode"
    JOG = "jog"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's deliberate act: who and why are journalled by the shell. The answer carries the number `ask`.

    `uid` and `role` are of who asked beside the station.
    `mode` and `jog` are for the acts of these names; `row`: which one a step lets go on, empty = the one that waits.
    """

    action: Action
    who: str
    why: str = ""
    ask: int = 0
    mode: Mode | None = None
    jog: JogWish | None = None
    row: str = ""
    uid: int | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The shell could not carry out an effect, or lost a device. `row` is empty where no row asked for it."""

    code: FaultCode
    device: str
    text: str
    row: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A device that was lost, or was another one, answers again as itself: this fault of it is over."""

    device: str
    code: FaultCode = FaultCode.LINK_LOST


@dataclass(frozen=True, slots=True)
class Started:
    """The controller has begun: what an earlier one has set in motion may still run."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """At start: the journal knows a swap that never ended. All of it is the journal's last word.

    `faults` that stood, each with the row that raised it (empty = no row).
    """

    text: str
    swap: Swap
    active: tuple[Active, ...]
    place: StablePlace
    faults: tuple[tuple[Fault, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """After a restart: everything that counts has been read once more since the last of these."""


@dataclass(frozen=True, slots=True)
class StartHeld:
    """At start: something beside a swap keeps the station from being used before a person has looked."""

    code: FaultCode
    device: str
    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The controller is about to end: all motion stops for good."""

    why: str


AtStart = Started | Interrupted | Looked | StartHeld
"""What an earlier run has left."""
Event = Scan | TimeUp | OrderIn | TurnIn | IsolateIn | Withhold | Operator | Trouble | Recovered | AtStart | Leave
