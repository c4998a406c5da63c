"""A desk for orders on a journal that outlives it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from firmware_py.core.effects import Answer
from firmware_py.core.events import OrderIn
from firmware_py.core.state import Order
from firmware_py.shell.admission import Moment
from firmware_py.shell.answers import Answers, Said
from firmware_py.shell.challenge import Challenge
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.command_desk import CommandDesk
from firmware_py.shell.journal import Row, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.orders import OrderDesk
from firmware_py.shell.recorder import Recorder
from hal.ports import Message
from tests.unit.shell.fakes import virtual

NOW_MS = 1_000_000
ROOT = "swap/v1/lot/one"
KEPT = 20


class Scene:
    """A desk on a journal that outlives it. `happened` holds decisions, answers and acknowledgements in their order."""

    def __init__(self, journal: InlineJournal, boot: str = "boot") -> None:
        self.journal = journal
        self.happened: list[str] = []
        self.good_for_s: list[float] = []
        self.source = ClockSource.NTP
        self.challenge = Challenge(boot)
        self.decides = Answer.ACCEPTED
        self.broker_there = True
        self.recorder = Recorder(journal, lambda text: self.happened.append(f"journal {text}"))
        self.answers = Answers(self.recorder, self.tell, KEPT)
        self.orders = OrderDesk(self.answers, self.recorder, self.decide, lambda: f"{boot}-1", self.moment, self)
        self.desk = CommandDesk(
            ROOT, "lot/one", {"order": self.orders}, self.answers, self.moment, self.challenge.spend
        )

    def moment(self) -> Moment:
        return Moment(self.challenge.current, NOW_MS, self.source)

    def decide(self, event: OrderIn) -> None:
        self.happened.append(f"decided {event.order.id}")
        self.good_for_s.append(event.good_for_s)
        self.recorder.note(Row("order", {"swap_id": event.swap_id}, event.swap_id))
        self.orders.answer(event.order.id, self.decides, "bay 2")

    # nothing is reserved

    def applied(self, order: Order) -> Order:
        return order

    def tell(self, said: Said, sent: Callable[[], None]) -> None:
        self.happened.append(f"{said.id} {said.answer.value}")
        if self.broker_there:
            sent()

    async def take(self, *orders: dict[str, Any] | bytes, retain: bool = False) -> None:
        async def messages() -> AsyncIterator[Message]:
            for one in orders:
                payload = one if isinstance(one, bytes) else json.dumps(one).encode()
                yield Message(f"{ROOT}/cmd/order", payload, retain=retain, ack=lambda: self.happened.append("ack"))

        await self.desk.run(messages())

    async def kinds(self) -> list[str]:
        return [entry.row.kind for entry in await self.journal.rows()]


def order(order_id: str, challenge: str = "boot:0", **other: Any) -> dict[str, Any]:
    return {
        "id": order_id,
        "issued_at": NOW_MS - 10,
        "expires_at": NOW_MS + 1000,
        "target": "lot/one",
        "challenge": challenge,
        "vin": "LNAUTS0A0PX000001",
        "vehicle": "aion-ut",
        **other,
    }


def played(play: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        journal = InlineJournal(clock=lambda: Stamp(loop.time(), 0.0), latency_s=0.01)
        scene = Scene(journal)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(scene.recorder.run())
            await play(scene)
            task.cancel()
        journal.close()

    virtual(main())


async def restarted(scene: Scene, open_swap: str | None = None) -> Scene:
    """Another process on the same journal; it has recalled and written what it had to."""
    after = Scene(scene.journal, "again")
    await after.orders.recall(scene.journal, open_swap)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(after.recorder.run())
        await asyncio.sleep(1.0)
        task.cancel()
    return after
