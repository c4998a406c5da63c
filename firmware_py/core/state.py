"""The sequencer's state: immutable and hashable, so that it can be explored, journalled and compared."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.jog_words import Jog
from firmware_py.core.packml import Mode, PackML, StablePlace
from firmware_py.core.recovery_words import Recovery


class Phase(StrEnum):
    """Life of an active row: waits for its guards, acts, sees its end for a while."""

    WAITING = "waiting"
    RUNNING = "running"
    SETTLING = "settling"


class Purpose(StrEnum):
    """What a way through the chart is for."""

    SERVE = "serve"
    ISOLATE = "isolate"


class Install(StrEnum):
    """Which pack is to be on the car when the swap ends."""

    NEW = "new"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Order:
    """A wish for one swap. Expiry is judged by the shell; the core sees only orders that are good."""

    id: str
    vin: str
    vehicle: str
    pack_class: str | None = None
    held: str = ""
    """The pack that was reserved for this car."""
    withheld: tuple[str, ...] = ()
    """Packs that are reserved for others."""


@dataclass(frozen=True, slots=True)
class Active:
    """One active row of the chart. `resumed` rows may find their goal already reached.

    `armed`: the watches that count only while running have been seen to hold since the row began.
    """

    row: str
    phase: Phase = Phase.WAITING
    resumed: bool = False
    armed: bool = False


@dataclass(frozen=True, slots=True)
class Swap:
    """One attempt to serve one order."""

    id: str
    order: Order
    bay: int
    serial_new: str
    serial_old: str | None = None
    return_bay: int = 0
    install: Install = Install.NEW
    purpose: Purpose = Purpose.SERVE
    isolate: bool = False
    """The old pack goes to the isolation place, not to a bay: it is hot, or a car has refused it."""
    tried: tuple[str, ...] = ()
    attempts: tuple[tuple[str, int], ...] = ()
    failure: FaultCode | None = None
    setback: FaultCode | None = None
    """Why the last pack was rejected, while the order may still be served with another."""
    accepted: bool = True
    """The order was answered: it is accepted on permissives that are fresh, and before that it may still be refused."""
    passed: frozenset[str] = frozenset()
    """Rows that are done (a join looks at these); a row that starts again leaves the set."""

    def attempt(self, row: str) -> int:
        """How often a row was retried."""
        return dict(self.attempts).get(row, 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted order that waits for its turn, the identity of its swap, and the pack that is held for it."""

    order: Order
    swap_id: str
    bay: int
    serial: str


@dataclass(frozen=True, slots=True)
class State:
    """Everything the sequencer remembers."""

    packml: PackML = PackML.STOPPED
    place: StablePlace = StablePlace.UNKNOWN
    active: tuple[Active, ...] = ()
    swap: Swap | None = None
    waiting: Waiting | None = None
    faults: tuple[Fault, ...] = ()
    swaps_started: int = 0
    enable_asked: bool = False
    """Run-enable was asked for on the way into motion; it is asked only on fresh, good permissives."""
    pending: frozenset[tuple[FaultCode, str]] = frozenset()
    """What was found and must last before it is a fault."""
    fault_rows: tuple[tuple[FaultCode, str, str], ...] = ()
    """Which row raised which standing fault."""
    mode: Mode = Mode.PRODUCTION
    jog: Jog | None = None
    released: str = ""
    """The row that a person has let go on, in Maintenance."""
    held_for: str = ""
    """Why the swap is held. It outlives the fault that held it: a fault may go by itself, a hold never does."""
    recovery: Recovery | None = None
    """The held swap was open when an earlier controller ended, and nobody has let it go on yet."""

    def fault(self, code: FaultCode, device: str) -> Fault | None:
        """The standing fault of this code and device."""
        return next((f for f in self.faults if f.code is code and f.device == device), None)
