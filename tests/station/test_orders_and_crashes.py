"""Orders and a controller that is killed at any moment: acted on at most once, answered always, and never unkept."""

import asyncio
import json
from typing import Any

import pytest

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from hal.contract import StationState
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle, until

STATION = load_station("choco-14")
VIN = "LNAUTS0A0PX000077"
FINAL = {"completed", "failed", "refused"}
STEP_S = 0.00025
"""Half the way of a row to the disk: a kill falls between any two of the things that happen."""


def answers(running: VirtualStation, order_id: str) -> list[str]:
    """What the broker was given, in order."""
    said = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.order_reply} " in line]
    return [v["answer"] for v in (json.loads(text)["values"] for text in said) if v["order_id"] == order_id]


async def kept(running: VirtualStation, kind: str, order_id: str) -> list[dict[str, Any]]:
    rows = await running.journal.rows(Query(kind=kind, newest_first=True))
    return [dict(e.row.body) for e in rows if e.row.body["order_id"] == order_id]


async def killed_and_back(running: VirtualStation, dead_s: float = 0.5) -> None:
    inject(running.rig, "controller-dead")
    await asyncio.sleep(dead_s)
    clear(running.rig, "controller-dead")
    async with asyncio.timeout(20):
        await running.controller.ready.wait()


def test_killed_at_any_moment_of_an_order() -> None:
    """The kill comes k steps after the order left its sender: 2 ms under way, 0.5 ms to the disk, 2 ms back."""
    met: set[str] = set()

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await idle(running)
            for k in range(24):
                met.add(await _once(running, f"order-{k}", k * STEP_S))
            assert running.world.referee.breaches == []

    async def _once(running: VirtualStation, name: str, after_s: float) -> str:
        order = running.order(name, VIN).model_dump_json().encode()
        await asyncio.sleep(after_s)
        told_before = answers(running, name)
        await killed_and_back(running)
        taken, begun = await kept(running, "order-taken", name), await kept(running, "order", name)
        assert len(begun) <= len(taken) <= 1
        assert begun or not told_before, "nothing was told that is not kept"
        for _ in range(2):  # it comes again, and a copy of it
            running.sender.publish("order", order)
        await asyncio.sleep(0.2)
        told = answers(running, name)
        assert told, "always answered"
        assert await kept(running, "order", name) == begun, "acted on at most once"
        state = running.controller.state
        if not begun:
            assert set(told) == ({"failed"} if taken else {"refused"})
            assert state.packml is PackML.STOPPED
        else:
            assert not FINAL & set(told), "its swap is open"
            assert state.packml is PackML.HELD
            await running.controller.operate(Operator(Action.CLEAR, "tester"))
            await asyncio.sleep(0.2)
            assert answers(running, name)[-1] == "failed"
        final = [said for said in await kept(running, "order-answer", name) if said["answer"] in FINAL]
        assert len(final) == 1
        await _ready_for_the_next(running)
        return "begun" if begun else "taken" if taken else "never here"

    virtual(main())
    assert met == {"begun", "taken", "never here"}


async def _ready_for_the_next(running: VirtualStation) -> None:
    async with asyncio.timeout(30):
        await running.controller.operate(Operator(Action.RESET, "tester"))
        await until(running, PackML.IDLE)
        await asyncio.sleep(2.0)


@pytest.mark.parametrize("late_s", [-0.0004, -0.0002, 0.0, 0.0012])
def test_killed_when_the_swap_is_just_over_its_order_is_answered_completed_or_stays_open(late_s: float) -> None:
    """The end of the swap and the last answer are one transaction: both are kept, or neither."""

    async def main() -> None:
        async with virtual_station(STATION, 1, speed=8.0) as running:
            await idle(running)
            order = running.order("order-1").model_dump_json().encode()
            loop = asyncio.get_running_loop()
            ended: asyncio.Future[float] = loop.create_future()
            give = running.controller.desks.orders.answer

            def noticed(order_id: str, answer: Answer, reason: str) -> None:
                give(order_id, answer, reason)
                if answer is Answer.COMPLETED:
                    ended.set_result(loop.time())

            running.controller.desks.orders.answer = noticed  # type: ignore[method-assign]
            async with asyncio.timeout(200):
                await ended
            await asyncio.sleep(0.0004 + late_s)
            await killed_and_back(running)
            over = await running.journal.rows(Query(kind="swap-ended"))
            final = [a for a in await kept(running, "order-answer", "order-1") if a["answer"] == "completed"]
            assert len(over) == len(final)
            running.sender.publish("order", order)
            await asyncio.sleep(0.5)
            if final:
                assert answers(running, "order-1")[-1] == "completed"
                assert running.controller.state.packml is PackML.STOPPED
            else:
                assert not FINAL & set(answers(running, "order-1"))
                assert running.controller.state.packml is PackML.HELD
            assert len(await kept(running, "order", "order-1")) == 1

    virtual(main())


def test_two_orders_two_copies_of_each_in_any_order_serve_one_car_once() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1, speed=8.0) as running:
            await idle(running)
            vin = running.world.queue_car().vin
            first = running.sender.order("order-1", vin, "aion-ut").model_dump_json().encode()
            second = running.sender.order("order-2", vin, "aion-ut").model_dump_json().encode()
            for payload in (second, first, first, second):
                running.sender.publish("order", payload)
            async with asyncio.timeout(200):
                await until(running, PackML.EXECUTE)
                await until(running, PackML.IDLE)
            await asyncio.sleep(0.5)
            for payload in (second, first):
                running.sender.publish("order", payload)
            await asyncio.sleep(0.5)
            assert [e.row.body["order_id"] for e in await running.journal.rows(Query(kind="order"))] == ["order-1"]
            assert answers(running, "order-1")[-1] == "completed"
            assert {a for a in answers(running, "order-1") if a in FINAL} == {"completed"}
            assert set(answers(running, "order-2")) == {"refused"}
            assert len(running.world.cars.departed) == 1

    virtual(main())


def test_the_challenge_is_told_anew_with_every_order_and_with_every_start() -> None:
    def told(running: VirtualStation) -> list[str]:
        states = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.station} " in line]
        return list(dict.fromkeys(StationState.model_validate_json(text).values.challenge for text in states))

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await idle(running)
            assert told(running) == ["sim-1:0"]
            running.sender.order("order-1", VIN, "tram")
            await asyncio.sleep(0.1)
            assert told(running) == ["sim-1:0", "sim-1:1"]
            stale = running.order("order-2", VIN, challenge="sim-1:0").id
            await killed_and_back(running)
            assert running.sender.challenge == "sim-1-2:0"
            running.order("order-3", VIN, challenge="sim-1:1")
            await asyncio.sleep(0.1)
            for name in ("order-1", stale, "order-3"):
                assert set(answers(running, name)) == {"refused"}
            assert (await kept(running, "order-answer", "order-1"))[0]["reason"].startswith(
                "vehicle tram is not served"
            )
            for name in (stale, "order-3"):
                assert (await kept(running, "order-answer", name))[0]["reason"].startswith("challenge sim-1:")

    virtual(main())
