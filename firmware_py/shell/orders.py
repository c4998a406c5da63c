"""The order desk: an order is kept together with what was decided on it, before anything moves, and always answered."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from firmware_py.core.effects import Answer, Reply
from firmware_py.core.events import OrderIn
from firmware_py.core.state import Order
from firmware_py.shell.admission import Moment
from firmware_py.shell.answers import ORDER, Answers, Said, Taken, interrupted
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Journal, JournalError, Row
from firmware_py.shell.recorder import Recorder
from hal.contract import Command, OrderCommand

TAKEN: Final = "order-taken"
INTERRUPTED: Final = "interrupted: the controller ended before it was answered"


class Reserved(Protocol):
    """What is reserved for whom."""

    def applied(self, order: Order) -> Order:
        """The order, with what is held for its car and for others."""
        ...


class OrderDesk:
    """Decides on orders that are fresh and new. `source` tells who sets the wall clock."""

    model: type[Command] = OrderCommand
    closed = ""

    def __init__(
        self,
        answers: Answers,
        recorder: Recorder,
        decide: Callable[[OrderIn], None],
        new_swap_id: Callable[[], str],
        moment: Callable[[], Moment],
        reservations: Reserved,
    ) -> None:
        self._answers = answers
        self._recorder = recorder
        self._decide = decide
        self._new_swap_id = new_swap_id
        self._moment = moment
        self._reservations = reservations

    async def recall(self, journal: Journal, open_swap: str | None) -> None:
        """Remember the orders of before. Those that no open swap works on are over: they are answered now."""
        await self._answers.recall(journal)
        for taken in interrupted(list(self._answers.open.values()), open_swap):
            self._answers.give(Said(taken.command, taken.id, Answer.FAILED, INTERRUPTED))

    async def take(self, command: Command) -> bool:
        """Keep it, the decision and the answer in one transaction. `False` where that failed: it was never here."""
        assert isinstance(command, OrderCommand)
        swap_id = self._new_swap_id()
        body = self._body(command)
        try:
            kept = self._recorder.promise(Row(TAKEN, body, swap_id))
            self._answers.take(Taken(ORDER, command.id, swap_id, body))
            self._decide(OrderIn(self._reservations.applied(wanted(command)), swap_id, self._good_for_s(command)))
            await kept
        except JournalError as error:
            self._answers.drop(ORDER, command.id)
            await self._answers.refuse(ORDER, command.id, f"not journalled, not taken: {error}")
            return False
        return True

    def answer(self, order_id: str, answer: Answer, reason: str) -> None:
        """Answer an order, whenever the core knows more of it."""
        self._answers.give(Said(ORDER, order_id, answer, reason))

    def _good_for_s(self, order: OrderCommand) -> float:
        """How long it may wait for its turn: by the clock where somebody sets it, else as long as it was made for."""
        moment = self._moment()
        begins_ms = order.issued_at if moment.source is ClockSource.NONE else moment.now_ms
        return (order.expires_at - begins_ms) / 1000

    def _body(self, order: OrderCommand) -> dict[str, Any]:
        return {
            "order_id": order.id,
            "vin": order.vin,
            "vehicle": order.vehicle,
            "pack_class": order.pack_class,
            "challenge": order.challenge,
            "issued_at": order.issued_at,
            "expires_at": order.expires_at,
            "clock_source": self._moment().source.value,
        }

    @property
    def last(self) -> Reply | None:
        """The last answer."""
        said = self._answers.last_order
        return None if said is None else Reply(said.id, said.answer, said.reason)


def wanted(order: OrderCommand) -> Order:
    """An order in the words of the core."""
    return Order(order.id, order.vin, order.vehicle, order.pack_class)
