"""What the screen shows at one moment, as plain values. Seconds are seconds of the plant."""

from dataclasses import dataclass
from enum import StrEnum

from hal.contract import RecordEvent


class Mark(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"


class Tool(StrEnum):
    """What the tool says of a lock point; the letters are those of the contract."""

    LOCKED = "L"
    FREE = "F"
    TURNING = "T"
    FAILED = "X"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class StepView:
    """One of the twenty steps. `actual_s` is the time in which at least one of its rows was active."""

    number: int
    title: str
    mark: Mark
    actual_s: float | None = None
    nominal_s: float | None = None


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the chart. `beside` rows (rack, slots, after the car) are no part of the swap's path."""

    name: str
    step: int
    title: str
    took_s: float
    beside: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class LockView:
    """One lock point: the tool's word, and the second channel (`None` unknown)."""

    point: int
    tool: Tool
    proof: bool | None


@dataclass(frozen=True, slots=True)
class LiftView:
    """The swap head; `None` is unknown."""

    position_mm: float | None = None
    speed_mm_s: float | None = None
    load_kg: float | None = None


@dataclass(frozen=True, slots=True)
class BayView:
    """One bay. `pack_class` is the specification code of the pack (characters 6 and 7 of its GB/T 34014 code)."""

    number: int
    present: bool | None = None
    serial_tail: str | None = None
    soc_pct: float | None = None
    pack_class: str | None = None


@dataclass(frozen=True, slots=True)
class FaultView:
    """One standing fault."""

    code: str
    device: str
    severity: str
    text: str
    remedy: str
    age_s: float
    """How long it has stood, by the station's own clock."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """What became of the last order: its last answer so far."""

    order_id: str
    answer: str
    reason: str

    @property
    def final(self) -> bool:
        """No further answer comes."""
        return self.answer in {"completed", "failed", "refused"}


@dataclass(frozen=True, slots=True)
class View:
    """The whole screen. `clock_s` counts from the admission of the car to its release; `None` before."""

    station: str
    site: str
    online: bool | None
    packml: str
    mode: str
    """The unit mode; empty before the first word."""
    place: str
    place_text: str
    clock_s: float | None
    steps: tuple[StepView, ...]
    active: tuple[RowView, ...]
    ended: tuple[RowView, ...]
    """The last rows that ended, the latest first."""
    locks: tuple[LockView, ...]
    lift: LiftView
    bays: tuple[BayView, ...]
    faults: tuple[FaultView, ...]
    order: OrderView | None
    record: RecordEvent | None
    simulated_speed: float | None
    """Speed factor of the simulator behind the station; `None` where nobody said that there is one."""
    connected: bool = True
    """The broker is there. Where it is not, all that is shown is old."""
    held_for: str = ""
    """Why a swap is held, also when the fault behind it is gone."""

    @property
    def held(self) -> bool:
        """The station waits for a person."""
        return self.packml in {"Held", "Aborted"}
