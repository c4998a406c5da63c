"""Outputs of the sequencer, in order. The shell carries them out; the core never sees how."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmware_py.core.faults import Fault
from firmware_py.core.state import State
from hal.commands import Command


@dataclass(frozen=True, slots=True)
class Act:
    """Send a command for a row: judged by the gate, journalled as an intent, then sent once."""

    row: str
    command: Command


@dataclass(frozen=True, slots=True)
class StopMotion:
    """Stop these devices at once, journal or not. `drop_enable` also cuts all drives behind their links."""

    devices: tuple[str, ...]
    reason: str
    drop_enable: bool = True


@dataclass(frozen=True, slots=True)
class Arm:
    """Start (or restart) a timer of this duration in s."""

    timer: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop a timer, if it runs."""

    timer: str


@dataclass(frozen=True, slots=True)
class RaiseFault:
    """A fault stands from now on."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class ClearFault:
    """A fault is gone."""

    fault: Fault


class Note(StrEnum):
    """Kinds of things worth keeping."""

    ORDER = "order"
    STEP_STARTED = "step-started"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    LOCK_EVIDENCE = "lock-evidence"
    PACK_EVIDENCE = "pack-evidence"
    PLACE = "place"
    STATE = "state"
    RETRY = "retry"
    SWAP_SEALED = "swap-sealed"
    SWAP_ENDED = "swap-ended"
    SWAP_CLEARED = "swap-cleared"
    RECOVERY = "recovery"
    MODE = "mode"


@dataclass(frozen=True)
class Keep:
    """Put a fact in the journal, and tell the cloud. `body` is JSON-able."""

    note: Note
    body: Mapping[str, object]


class Answer(StrEnum):
    """What an order or an operator's act is answered with."""

    ACCEPTED = "accepted"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to an order."""

    order_id: str
    answer: Answer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Answer to an operator's act. `ask` is the number under which it was asked; 0 where nobody waits any more."""

    action: str
    ask: int
    answer: Answer
    reason: str = ""


Effect = Act | StopMotion | Arm | Disarm | RaiseFault | ClearFault | Keep | Reply | Told
Result = tuple[State, tuple[Effect, ...]]
