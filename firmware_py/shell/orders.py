"""The order desk: orders come in from the cloud, are kept before they are acknowledged, and are always answered."""

import logging
from collections.abc import AsyncIterator, Callable

from firmware_py.core.effects import Answer, Note, Reply
from firmware_py.core.events import OrderIn
from firmware_py.core.state import Order
from firmware_py.shell.cloud import Cloud
from firmware_py.shell.journal import Journal, JournalError, Query, Row
from firmware_py.shell.recorder import Recorder
from hal.contract.messages import OrderCommand
from hal.ports import Message

_log = logging.getLogger(__name__)


class OrderDesk:
    """Takes each order at most once, over restarts too. `now_ms` is the wall clock, for the expiry."""

    def __init__(
        self,
        cloud: Cloud,
        recorder: Recorder,
        now_ms: Callable[[], int],
        decide: Callable[[OrderIn], None],
        new_swap_id: Callable[[], str],
    ) -> None:
        self._cloud = cloud
        self._recorder = recorder
        self._now_ms = now_ms
        self._decide = decide
        self._new_swap_id = new_swap_id
        self._seen: set[str] = set()
        self.last: Reply | None = None
        """The last answer to an order."""

    async def recall(self, journal: Journal) -> None:
        """Remember every order that the journal has; one that waited for its turn fails: nothing begins by itself."""
        after = 0
        while page := await journal.rows(Query(kind="order-taken", after_seq=after)):
            self._seen.update(str(entry.row.body["order_id"]) for entry in page)
            after = page[-1].seq
        last: dict[str, str] = {}
        for entry in await journal.rows(Query(kind="order-answer", newest_first=True)):
            last.setdefault(str(entry.row.body["order_id"]), str(entry.row.body["answer"]))
        begun = await journal.rows(Query(kind=Note.ORDER.value, newest_first=True))
        swaps = {entry.row.body["order_id"] for entry in begun}
        for order_id, answer in last.items():
            if answer == Answer.ACCEPTED.value and order_id not in swaps:
                self.answer(order_id, Answer.FAILED, "the controller was started again before its turn")

    async def run(self, messages: AsyncIterator[Message]) -> None:
        """Take orders for ever. A message is acknowledged once it is kept, or known to be none."""
        async for message in messages:
            order = self._cloud.parse_order(message)
            if isinstance(order, str):
                self._recorder.note(Row("order-rejected", {"reason": order}))
                self.answer("unknown", Answer.REFUSED, order)
            elif not await self._take(order):
                continue
            if message.ack is not None:
                message.ack()

    async def _take(self, order: OrderCommand) -> bool:
        """`False` where it could not be kept: then it is not acknowledged either."""
        if order.id in self._seen:
            self.answer(order.id, Answer.REFUSED, "this order was taken before: it is acted on once")
            return True
        try:
            await self._recorder.intend(Row("order-taken", {"order_id": order.id, "vehicle": order.vehicle}))
        except JournalError as error:
            self.answer(order.id, Answer.REFUSED, f"not journalled, not taken: {error}")
            return False
        self._seen.add(order.id)
        left_ms = order.expires_at - self._now_ms()
        if left_ms <= 0:
            self.answer(order.id, Answer.REFUSED, "expired")
        else:
            self._decide(OrderIn(wanted(order), self._new_swap_id(), left_ms / 1000.0))
        return True

    def answer(self, order_id: str, answer: Answer, reason: str) -> None:
        """Answer an order: kept, told to the cloud, and in the log for the person beside the station."""
        self._recorder.note(Row("order-answer", {"order_id": order_id, "answer": answer.value, "reason": reason}))
        self.last = Reply(order_id, answer, reason)
        _log.info("order", {"order": order_id, "answer": answer.value, "reason": reason})
        self._cloud.reply(order_id, answer, reason)


def wanted(order: OrderCommand) -> Order:
    """An order in the words of the core."""
    return Order(order.id, order.vin, order.vehicle, order.pack_class)
