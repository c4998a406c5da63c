"""Orders: a command is acknowledged once it is kept, never before, and never where it was not kept."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from firmware_py.core.effects import Answer
from firmware_py.core.events import Event, OrderIn
from firmware_py.shell.journal import JournalError, Row, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.orders import OrderDesk
from hal.contract.messages import OrderCommand
from hal.ports import Message

NOW_MS = 1_000_000
VIN = "LNAUTS0A0PX000001"


class Scene:
    """A desk, its surroundings, and everything that happened in its order."""

    def __init__(self, *, disk_fails: bool = False) -> None:
        self.disk_fails = disk_fails
        self.happened: list[str] = []
        self.answers: list[tuple[str, Answer]] = []
        self.good_for_s: list[float] = []
        self.desk = OrderDesk(self, self, lambda: NOW_MS, self._decide, lambda: "swap-1")  # type: ignore[arg-type]

    # the cloud

    def parse_order(self, message: Message) -> OrderCommand | str:
        return OrderCommand.model_validate_json(message.payload)

    def reply(self, order_id: str, answer: Answer, reason: str) -> None:
        self.answers.append((order_id, answer))

    # the recorder

    async def intend(self, row: Row) -> None:
        if self.disk_fails:
            raise JournalError("disk full")
        self.happened.append(f"kept {row.body['order_id']}")

    def note(self, row: Row) -> None:
        pass

    def _decide(self, event: Event) -> None:
        assert isinstance(event, OrderIn)
        self.happened.append("decided")
        self.good_for_s.append(event.good_for_s)

    async def take(self, *orders: dict[str, Any]) -> None:
        async def messages() -> AsyncIterator[Message]:
            for order in orders:
                yield Message("cmd", json.dumps(order).encode(), ack=self._acked(order["id"]))

        await self.desk.run(messages())

    def _acked(self, order_id: str) -> Callable[[], None]:
        return lambda: self.happened.append(f"acknowledged {order_id}")


def order(order_id: str, expires_at: int = NOW_MS + 1000) -> dict[str, Any]:
    return {
        "id": order_id,
        "issued_at": NOW_MS - 10,
        "expires_at": expires_at,
        "vin": VIN,
        "vehicle": "aion-ut",
        "challenge": "",
    }


async def test_kept_then_decided_then_acknowledged() -> None:
    scene = Scene()
    await scene.take(order("a"))
    assert scene.happened == ["kept a", "decided", "acknowledged a"]


async def test_what_could_not_be_kept_is_refused_and_not_acknowledged() -> None:
    scene = Scene(disk_fails=True)
    await scene.take(order("a"))
    assert scene.happened == []
    assert scene.answers == [("a", Answer.REFUSED)]


async def test_the_same_order_again_is_acknowledged_and_acted_on_once() -> None:
    scene = Scene()
    await scene.take(order("a"), order("a"))
    assert scene.happened == ["kept a", "decided", "acknowledged a", "acknowledged a"]
    assert scene.answers == [("a", Answer.REFUSED)]


@pytest.mark.parametrize("late_ms", [0, 1, 10**9])
async def test_an_expired_order_is_kept_and_refused(late_ms: int) -> None:
    scene = Scene()
    await scene.take(order("a", NOW_MS - late_ms))
    assert scene.happened == ["kept a", "acknowledged a"]
    assert scene.answers == [("a", Answer.REFUSED)]


async def test_an_order_that_waited_when_the_controller_ended_fails_and_is_not_taken_again() -> None:
    journal = InlineJournal(clock=lambda: Stamp(0.0, 0.0), latency_s=0.0)
    answers = (("served", "accepted"), ("waits", "accepted"), ("no", "refused"), ("served", "started"))
    await journal.append(
        [
            *(Row("order-taken", {"order_id": name}) for name in ("served", "begun", "waits", "no")),
            *(Row("order-answer", {"order_id": name, "answer": word, "reason": ""}) for name, word in answers),
            Row("order-answer", {"order_id": "begun", "answer": "accepted", "reason": ""}),
            Row("order", {"order_id": "begun", "swap_id": "swap-2"}),
        ]
    )
    scene = Scene()
    await scene.desk.recall(journal)
    assert scene.answers == [("waits", Answer.FAILED)]
    await scene.take(order("waits"))
    assert scene.happened == ["acknowledged waits"]
    journal.close()


async def test_an_order_is_decided_with_the_time_that_it_is_good_for() -> None:
    scene = Scene()
    await scene.take(order("a", NOW_MS + 2500))
    assert scene.good_for_s == [2.5]
