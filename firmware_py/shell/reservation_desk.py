"""Reservations at work: asked and cancelled from the cloud, kept with each change, looked at again and again."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from firmware_py.core import reservations as r
from firmware_py.core.effects import Answer, Note
from firmware_py.core.events import Withhold
from firmware_py.core.image import Image
from firmware_py.core.params import Params
from firmware_py.core.reservations import Book, Limits, Reservation, Stage
from firmware_py.core.state import Order, State, Swap, Waiting
from firmware_py.shell.answers import Answers, Said
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Entry, Journal, Query, Row
from firmware_py.shell.recorder import Recorder
from hal.contract import CancelCommand, Command, ReserveCommand

RESERVE: Final = "reserve"
CANCEL: Final = "cancel"
KIND: Final = "reservation"
STAGES: Final[Mapping[tuple[Note, object], Stage]] = {
    (Note.STEP_DONE, "0.5"): Stage.PRE_STAGED,
    (Note.STEP_STARTED, "12"): Stage.IN_USE,
}
"""Rows of the chart: the one that proves the pack at the buffer, the one that takes it under the car."""


class Reservations:
    """The book, and all that keeps it: the journal before the cloud, the core told what is held for others."""

    def __init__(
        self,
        limits: Limits,
        params: Params,
        recorder: Recorder,
        clock: Callable[[], float],
        source: Callable[[], ClockSource],
        image: Callable[[], Image],
        state: Callable[[], State],
        decide: Callable[[Withhold], None],
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.book = Book()
        self._limits = limits
        self._params = params
        self._recorder = recorder
        self._clock = clock
        self._source = source
        self._image = image
        self._state = state
        self._decide = decide
        self._tell = tell

    # ---------------------------------------------------------------- at start

    async def recall(self, journal: Journal, open_swap: str | None, wall_s: float | None) -> None:
        """The open ones of before. Time that has passed counts where the clock was set then and is now.

        Where it was not, a reservation is held for as long as was left at its last change.
        """
        seen: set[str] = set()
        found: list[Reservation] = []
        for entry in await journal.rows(Query(kind=KIND, newest_first=True)):
            name = str(entry.row.body["id"])
            if name not in seen:
                seen.add(name)
                found.append(self._recalled(entry, wall_s))
        self.book = Book(tuple(one for one in reversed(found) if one.stage in r.OPEN))
        for one in self.book.open:
            if one.swap_id and one.swap_id != open_swap:
                self._change(r.over(one, completed=False, reason="the controller ended before its swap did"))

    def _recalled(self, entry: Entry, wall_s: float | None) -> Reservation:
        body, passed_s = entry.row.body, 0.0
        if wall_s is not None and entry.stamp.wall_is_set:
            passed_s = max(0.0, wall_s - entry.stamp.t_wall)
        kept = {key: body[key] for key in ("id", "vin", "vehicle", "pack_class", "bay", "serial", "swap_id", "reason")}
        return Reservation(**kept, stage=Stage(body["stage"]), until_s=self._clock() + body["left_s"] - passed_s)

    # ---------------------------------------------------------------- at work

    def reserve(self, wish: Reservation) -> Reservation | str:
        """Hold a pack, or say why not."""
        why = r.why_not(self.book, wish, self._limits, self._params, self._clock())
        if why:
            return why
        found = r.hold(self.book, wish, self._image(), self._params, self._busy())
        if found.stage is not Stage.HELD:
            return "no pack may be handed out that is not reserved or in use"
        self._change(found)
        return found

    def cancel(self, name: str) -> Reservation | str:
        """Give it up, or say why not."""
        found = r.cancelled(self.book, name)
        if isinstance(found, Reservation):
            self._change(found)
        return found

    def review(self) -> None:
        """To be called again and again: what is over ends, what has become unfit is replaced."""
        _, changed = r.review(self.book, self._image(), self._params, self._clock(), self._busy())
        for one in changed:
            self._change(one)

    def applied(self, order: Order) -> Order:
        """An order, with what is held for its car and for others."""
        mine = self.book.of(order.vin, order.vehicle)
        return replace(order, held=mine.serial if mine else "", withheld=self.book.withheld(order.vin))

    def noted(self, note: Note, body: Mapping[str, Any], swap_id: str) -> None:
        """What the core notes of the swap that serves one."""
        swap = self._state().swap
        if note is Note.ORDER and swap is not None:
            mine = self.book.of(swap.order.vin, swap.order.vehicle)
            if mine is not None:
                self._change(r.begun(mine, swap.id, swap.bay, swap.serial_new))
            return
        for one in tuple(r.serving(self.book, swap_id)):
            moved = (note, body.get("row"))
            if swap is not None and moved in STAGES:
                self._change(r.moved(one, STAGES[moved], swap))
            elif note is Note.SWAP_ENDED:
                self._change(r.over(one, completed=body["outcome"] == "completed", reason=str(body["reason"])))

    def _busy(self) -> frozenset[str]:
        """Packs of the swap that is on, and of the order that waits."""
        swap, waiting = self._state().swap, self._state().waiting
        of_swap = () if swap is None else (swap.serial_new, swap.serial_old or "", *swap.tried)
        return frozenset(of_swap if waiting is None else (*of_swap, waiting.serial))

    def _change(self, one: Reservation) -> None:
        self.book = self.book.put(one)
        self._recorder.note(Row(KIND, self._body(one), one.swap_id or None), lambda kept: self._kept(one, kept))
        swap, waiting = self._state().swap, self._state().waiting
        told = Withhold(self._withheld(swap), self._withheld(waiting))
        if told != Withhold(swap.order.withheld if swap else (), waiting.order.withheld if waiting else ()):
            self._decide(told)

    def _withheld(self, by: Swap | Waiting | None) -> tuple[str, ...]:
        return () if by is None else self.book.withheld(by.order.vin)

    def _kept(self, one: Reservation, kept: bool) -> None:
        if kept:
            self._tell(self.told(one))

    def left_s(self, one: Reservation) -> float:
        """Until it expires, in s."""
        return 0.0 if one.swap_id else round(max(0.0, one.until_s - self._clock()), 1)

    def _body(self, one: Reservation) -> dict[str, Any]:
        return {
            "id": one.id,
            "vin": one.vin,
            "vehicle": one.vehicle,
            "pack_class": one.pack_class,
            "stage": one.stage.value,
            "bay": one.bay,
            "serial": one.serial,
            "left_s": self.left_s(one),
            "swap_id": one.swap_id,
            "reason": one.reason,
            "clock_source": self._source().value,
        }

    def told(self, one: Reservation) -> dict[str, Any]:
        """In the words of the contract."""
        return {
            "reservation": one.id,
            "stage": one.stage.value,
            "bay": one.bay or None,
            "serial": one.serial or None,
            "left_s": self.left_s(one),
            "swap_id": one.swap_id,
            "reason": one.reason[:512],
            "clock_source": self._source().value,
        }


class ReserveDesk:
    """`cmd/reserve`."""

    model: type[Command] = ReserveCommand
    closed = ""

    def __init__(self, reservations: Reservations, answers: Answers, clock: Callable[[], float]) -> None:
        self._reservations = reservations
        self._answers = answers
        self._clock = clock

    async def take(self, command: Command) -> bool:
        """The reservation and its answer are one transaction."""
        assert isinstance(command, ReserveCommand)
        until_s = self._clock() + command.hold_s
        wish = Reservation(command.id, command.vin, command.vehicle, command.pack_class, until_s)
        found = self._reservations.reserve(wish)
        return await self._answers.settle(said(RESERVE, command.id, found))


class CancelDesk:
    """`cmd/cancel`."""

    model: type[Command] = CancelCommand
    closed = ""

    def __init__(self, reservations: Reservations, answers: Answers) -> None:
        self._reservations = reservations
        self._answers = answers

    async def take(self, command: Command) -> bool:
        """The end of the reservation and the answer are one transaction."""
        assert isinstance(command, CancelCommand)
        found = self._reservations.cancel(command.reservation)
        return await self._answers.settle(said(CANCEL, command.id, found))


def said(command: str, name: str, found: Reservation | str) -> Said:
    """The answer to what became of a wish."""
    if isinstance(found, str):
        return Said(command, name, Answer.REFUSED, found)
    place = f"bay {found.bay}, pack {found.serial}" if found.stage is Stage.HELD else found.stage.value
    return Said(command, name, Answer.ACCEPTED, place)
