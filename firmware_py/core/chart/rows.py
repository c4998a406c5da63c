"""What a row of the chart is. Rows are typed values that name pure functions; stations vary by data, rows do not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_py.core.checks import Check, View, always
from firmware_py.core.faults import FaultCode, Reaction
from firmware_py.core.packml import StablePlace
from firmware_py.core.state import Swap
from hal.commands import Command

DEVICES = frozenset({"lift", "locks", "shuttle", "stacker", "platform", "safety", "rack"})
Commands = Callable[[View], tuple[Command, ...]]
Condition = Callable[[View], bool]


def nothing(_: View) -> tuple[Command, ...]:
    """A row that only watches."""
    return ()


def yes(_: View) -> bool:
    """Unconditional."""
    return True


@dataclass(frozen=True)
class Watch:
    """Something that must hold at the command and during the row, and the fault it is when it does not.

    `while_running_only` ones may be false before the command has acted: they count once they were seen to hold.
    """

    check: Check
    code: FaultCode
    device: str
    while_running_only: bool = False


@dataclass(frozen=True)
class Link:
    """A transition to another row, taken when this row is done and the condition holds."""

    to: str
    when: Condition = yes


@dataclass(frozen=True)
class Route:
    """What a fault of this row leads to. First `retries` (key of the station's table) by way of `via`, then `reaction`.

    `to` are the rows that BACK_OUT and ABORT go to; `fails` says whether the order is lost by it.
    """

    reaction: Reaction
    to: tuple[str, ...] = ()
    retries: str = ""
    via: str = ""
    fails: bool = True


Cause = FaultCode | tuple[FaultCode, str]
"""A fault's code, or code and device where the device makes the difference."""
Routes = Mapping[Cause, Route]


@dataclass(frozen=True)
class Row:
    """One row. A done-test is what is *seen*, never an acknowledgement; every row has a limit and an exit."""

    name: str
    step: int
    """Number of the step in the reference sequence (0..19) that this row is part of."""
    title: str
    done: Check
    limit: str
    """Key of the station's table of time limits."""
    limit_fault: FaultCode
    limit_device: str
    exit: tuple[str, ...] | None
    """Rows to go to when the swap is aborted here; empty = the swap ends here, `None` = the only way out is on."""
    guard_cases: tuple[Watch, ...] = ()
    """What a start that does not come means: the first check that does not hold names the fault."""
    limit_cases: tuple[Watch, ...] = ()
    """What the limit means: the first check that does not hold names the fault, else `limit_fault`."""
    moves: tuple[str, ...] = ()
    """Devices in motion during the row: polled fast, stopped on hold, refused without safety permissives."""
    start: Check = always
    """Pose that the row starts from; with the done-test it makes sure that a change was seen."""
    clear: Check = always
    """What must be seen before any start, also where the row goes on after a hold and `start` is no longer so."""
    watches: tuple[Watch, ...] = ()
    command: Commands = nothing
    then: tuple[Link, ...] = ()
    needs: tuple[str, ...] = ()
    """Rows that must be done first (a join)."""
    routes: Routes | None = None
    place: StablePlace | None = None
    """Stable place that is reached when the row is done."""
    update: Callable[[View], Swap] | None = None
    evidence: Callable[[View], Mapping[str, object]] | None = None
    anew: Check | None = None
    """What must be seen once since the row began before its end counts: an old verdict is no evidence."""
    under_way: Check | None = None
    """What a row that goes on after a hold sees while its command is still being obeyed: it is not sent again then."""
    resume: str = ""
    """Row to go on with when this one was held in the middle; empty = this one."""
    dwell: str = ""
    """Key of the station's table of dwells: the done-test must hold that long."""
    patience: str = ""
    """Key of the station's table of limits: how long the row waits for its start; empty = as long as for any guard."""
    beside: bool = False
    """Runs beside the car (the pack on its way to the buffer): goes on to a pose of rest when the order is given up."""
    seals: bool = False
    """Before this row's command the record is sealed: everything of the swap is durable first."""

    @property
    def mover_devices(self) -> frozenset[str]:
        """Devices behind `moves`: the platform stands for its actuators."""
        return frozenset(m if m in DEVICES else "platform" for m in self.moves)
