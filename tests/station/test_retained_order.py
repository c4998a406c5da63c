"""An order that the broker has kept for whoever comes: refused, answered, counted in the journal, never acted on."""

import asyncio
from collections.abc import Callable

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from hal.contract import OrderCommand
from hal.ports import Message
from sim.campaigns.virtual import virtual_station
from sim.vloop import run_virtual

STATION = load_station("choco-14")
VIN = "LNAUTS0A0PX000001"


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not reached():
            await asyncio.sleep(0.05)


def test_a_retained_order_is_refused_answered_and_counted() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            controller = running.controller
            await controller.ready.wait()
            await controller.operate(Operator(Action.RESET, "test"))
            await until(lambda: controller.state.packml is PackML.IDLE)
            sender = running.sender
            order = OrderCommand.model_validate({**sender.heads("kept"), "vin": VIN, "vehicle": "aion-ut"})
            body = order.model_dump_json().encode()
            clock = asyncio.get_running_loop().time
            running.broker.go_down(clock(), lose_sessions=True)
            running.broker.come_up(clock())
            running.broker.publish_local(Message(running.topics.order, body, retain=True), clock())
            # the station subscribes anew after the broker was gone, and is handed what the broker has kept
            await until(lambda: any(f"{running.topics.order_reply} " in line for line in running.trace))
            assert controller.state.swap is None
            (refused,) = await running.journal.rows(Query(kind="order-answer"))
            assert refused.row.body["order_id"] == "kept"
            assert (refused.row.body["answer"], refused.row.body["reason"]) == (
                "refused",
                "a retained command is never acted on",
            )
            assert not await running.journal.rows(Query(kind="order-taken"))

    run_virtual(main(), 1)
