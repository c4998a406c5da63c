"""Drives the sequencer without a loop: one row under test, or a whole swap against the pictures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from firmware_py.core.chart import CHART, Row
from firmware_py.core.effects import (
    Act,
    Arm,
    ClearFault,
    Disarm,
    Effect,
    Keep,
    Note,
    RaiseFault,
    Reply,
    StopMotion,
    Told,
)
from firmware_py.core.events import Event, Scan, TimeUp
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.state import Active, Phase, State, Swap
from hal.commands import CarMode as M
from hal.commands import Command, RequestCar, RunEnable
from hal.readings import CarReading, CodeReading, SelfCheck
from tests.unit.core import scenes as s

T = TypeVar("T")


def of(kind: type[T], effects: Iterable[Effect]) -> list[T]:
    """Effects of one kind, in order."""
    return [e for e in effects if isinstance(e, kind)]


def sequencer(rows: dict[str, Row] | None = None) -> Sequencer:
    """A sequencer of the demonstration station."""
    return Sequencer(s.params(), CHART if rows is None else rows)


def at_row(name: str, swap: Swap, phase: Phase = Phase.RUNNING, place: StablePlace = StablePlace.S1) -> State:
    """A swap in this row alone."""
    return State(PackML.EXECUTE, place, (Active(name, phase, armed=phase is not Phase.WAITING),), swap)


def raised(effects: Iterable[Effect]) -> list[tuple[FaultCode, str]]:
    """(code, device) of the faults that were raised."""
    return [e.fault.key for e in of(RaiseFault, effects)]


def notes(effects: Iterable[Effect], note: Note) -> list[object]:
    """Rows that notes of a kind are about."""
    return [k.body.get("row") for k in of(Keep, effects) if k.note is note]


@dataclass
class Driver:
    """A station of pictures: carries effects out at once, keeps timers, counts scans."""

    image: Image
    state: State = field(default_factory=State)
    seq: Sequencer = field(default_factory=sequencer)
    effects: list[Effect] = field(default_factory=list)
    timers: dict[str, float] = field(default_factory=dict)
    done: list[object] = field(default_factory=list)
    places: list[StablePlace] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    verdict: CarReading | None = None
    """What a car that checks itself is going to say."""
    twist: Callable[[str, Command, Image, Image], Image] = lambda _row, _command, _before, after: after
    """What really comes of a command: (row, command, picture before, picture after) -> picture."""

    def tell(self, event: Event) -> list[Effect]:
        """One step, its effects carried out. A car that was woken is seen to check itself once before its verdict."""
        before, verdict = self.state, self.verdict
        self.verdict = None
        self.state, effects = self.seq.step(before, self.image, event)
        assert hash(self.state) == hash(replace(self.state))
        for effect in effects:
            self._carry_out(effect)
        if verdict is not None and self.verdict is None:
            self.image = s.put(self.image, car=verdict)
        self.effects += effects
        return list(effects)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Act(row, command):
                self.commands.append(command)
                self._act(row, command)
            case StopMotion(_, _, drop_enable) if drop_enable:
                self.image = s.put(self.image, safety__drives_enabled=False)
            case Arm(timer, after_s):
                self.timers[timer] = after_s
            case Disarm(timer):
                self.timers.pop(timer, None)
            case Keep(Note.STEP_DONE, body):
                self.done.append(body["row"])
            case Keep(Note.PLACE, body):
                self.places.append(StablePlace(str(body["place"])))
            case _:
                pass

    def _act(self, row: str, command: Command) -> None:
        if isinstance(command, RunEnable):
            self.image = s.put(self.image, safety__drives_enabled=command.on)
            return
        after = s.after(self.image, command)
        if row == "1":
            after = s.drive_in(after)
        if row == "0.4" and self.state.swap:
            new = self.state.swap.serial_new
            after = s.put(after, buffer=s.pack(new), scanner=CodeReading(new))
        if isinstance(command, RequestCar) and command.mode is M.WAKE:
            after = s.after(s.put(self.image, car_pack=s.pack(self._on_car())), command)
        before = self.image
        self.image = self.twist(row, command, before, after)
        if isinstance(command, RequestCar) and command.mode is M.WAKE and self.image is not before:
            self.verdict = self.image.car
            self.image = s.put(self.image, car__self_check=SelfCheck.RUNNING)

    def is_in(self, packml: PackML) -> bool:
        """The station is in this state now."""
        return self.state.packml is packml

    def _on_car(self) -> str:
        """Code of the pack that hangs on the car: the one of the slot that was emptied under it."""
        came_with = self.image.car_pack.serial or ""
        swap = self.state.swap
        if swap is None or "13" not in self.done or "11.return" in self.done:
            return came_with
        return swap.serial_new

    def run(self, until: Callable[["Driver"], bool], scans: int = 400) -> None:
        """Scan until it is so; where nothing happens any more, the shortest timer passes."""
        for _ in range(scans):
            if until(self):
                return
            if not self.tell(Scan()) and self.timers:
                timer = min(self.timers, key=self.timers.__getitem__)
                del self.timers[timer]
                self.tell(TimeUp(timer))
        active = [(a.row, a.phase.value) for a in self.state.active]
        raise AssertionError(f"{self.state.packml}: {active} {self.state.faults} after {self.done}")


def faults_cleared(effects: Iterable[Effect]) -> list[tuple[FaultCode, str]]:
    """(code, device) of the faults that are gone."""
    return [e.fault.key for e in of(ClearFault, effects)]


def answers(effects: Iterable[Effect]) -> list[tuple[str, str]]:
    """(order or action, answer) of what orders and operators are answered, in order."""
    return [
        (e.order_id if isinstance(e, Reply) else e.action, e.answer.value)
        for e in effects
        if isinstance(e, Reply | Told)
    ]


def reason(effects: Iterable[Effect]) -> str:
    """The reason in the one answer there is."""
    (found,) = (e for e in effects if isinstance(e, Reply | Told))
    return found.reason
