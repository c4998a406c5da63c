"""However an order comes, it is acted on at most once and always answered: one table of deliveries."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from hal.contract import OrderReply
from hal.ports import Message
from sim.campaigns.virtual import EPOCH_MS, VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle, until

STATION = load_station("choco-14")
CARS = {"a": "LNAUTS0A0PX000001", "b": "LNAUTS0A0PX000002"}
SERVED = ["accepted", "started", "completed"]
GIVEN_UP = ["accepted", "started", "failed"]

CASES: dict[str, tuple[str, Mapping[str, list[str]], str]] = {
    # steps, answers to each order without repetitions, orders that began a swap
    "once": ("make:a send:a over:a", {"a": SERVED}, "a"),
    "delivered three times": ("make:a send:a send:a send:a over:a", {"a": SERVED}, "a"),
    "again while it is served": ("make:a send:a begun send:a over:a", {"a": SERVED}, "a"),
    "again when it is over": ("make:a send:a over:a send:a send:a", {"a": SERVED}, "a"),
    "two at once with one challenge": ("make:a make:b send:a send:b over:a", {"a": SERVED, "b": ["refused"]}, "a"),
    "two at once, in the other order": ("make:a make:b send:b send:a over:b", {"a": ["refused"], "b": SERVED}, "b"),
    "one that waits for its turn": (
        "make:a send:a begun make:b send:b over:a over:b", {"a": SERVED, "b": SERVED}, "ab",
    ),
    "the turn of one that comes twice": (
        "make:a send:a begun make:b send:b send:b send:a over:a send:b over:b", {"a": SERVED, "b": SERVED}, "ab",
    ),
    "one that waits when the controller dies": (
        "make:a send:a begun make:b send:b pause killed send:b send:a clear",
        {"a": GIVEN_UP, "b": ["accepted", "failed"]},
        "a",
    ),
    "again after a crash in its swap": ("make:a send:a begun killed send:a send:a clear send:a", {"a": GIVEN_UP}, "a"),
    "again after a crash, long over": ("make:a send:a over:a killed send:a ready send:a", {"a": SERVED}, "a"),
    "held back over a restart": ("make:a killed ready send:a pause send:a", {"a": ["refused"]}, ""),
    "held back while another was served": ("make:b make:a send:a over:a send:b", {"a": SERVED, "b": ["refused"]}, "a"),
    "kept by the broker": ("make:a keep:a gone pause send:a", {"a": ["refused"]}, ""),
    "to be kept by the broker, heard as it comes": ("make:a retain:a pause send:a gone", {"a": ["refused"]}, ""),
    "kept by the broker and served before": ("make:a send:a over:a keep:a gone pause", {"a": SERVED}, "a"),
    "not acknowledged before the uplink broke": ("make:a send:a gone pause send:a over:a", {"a": SERVED}, "a"),
    "expired": ("make:a:expires_at=1 send:a pause send:a", {"a": ["refused"]}, ""),
    "for another station": ("make:a:target=demo/choco-15 send:a pause", {"a": ["refused"]}, ""),
    "of a car that is not served here": ("make:a:vehicle=tram send:a pause send:a", {"a": ["refused"]}, ""),
    "while the station is held": (
        "make:a send:a begun killed make:b send:b pause send:b", {"a": SERVED[:2], "b": ["refused"]}, "a",
    ),
}  # fmt: skip


class Play:
    """Does the steps of one case, each a word with its order behind a colon."""

    def __init__(self, running: VirtualStation) -> None:
        self.running = running
        self.made: dict[str, bytes] = {}
        self.come: set[str] = set()
        """Cars outside the gate."""

    async def do(self, step: str) -> None:
        word, _, rest = step.partition(":")
        name, _, other = rest.partition(":")
        running, topic = self.running, self.running.topics.order
        match word:
            case "make":
                self._make(name, other)
            case "send":
                self._send(name)
            case "retain":
                clock = asyncio.get_running_loop().time
                running.broker.publish_local(Message(topic, self.made[name], retain=True), clock())
            case "keep":
                clock = asyncio.get_running_loop().time
                running.broker.go_down(clock(), lose_sessions=True)
                running.broker.come_up(clock())
                running.broker.publish_local(Message(topic, self.made[name], retain=True), clock())
            case "gone":
                inject(running.rig, "broker-down")
                await asyncio.sleep(1.0)
                clear(running.rig, "broker-down")
            case "begun":
                await until(running, PackML.EXECUTE)
            case "over":
                await self._over(name)
            case "killed":
                inject(running.rig, "controller-dead")
                await asyncio.sleep(0.5)
                clear(running.rig, "controller-dead")
                await running.controller.ready.wait()
                await asyncio.sleep(0.5)
            case "ready":
                await idle(running)
            case "clear":
                await running.controller.operate(Operator(Action.CLEAR, "tester"))
            case "pause":
                await asyncio.sleep(2.0)
            case _:
                raise ValueError(step)

    def _send(self, name: str) -> None:
        if name not in self.come:
            self.running.world.queue_car(CARS[name])
            self.come.add(name)
        self.running.publish(self.running.topics.order, self.made[name])

    async def _over(self, name: str) -> None:
        while not any(f'"order_id":"{name}","answer":"completed"' in line for line in self.running.trace):
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)

    def _make(self, name: str, other: str) -> None:
        key, _, value = other.partition("=")
        body: dict[str, Any] = {**self.running.sender.heads(name), "vin": CARS[name], "vehicle": "aion-ut"}
        if key:
            body[key] = int(value) if value.isdigit() else value
        if key == "expires_at":
            body["issued_at"], body["expires_at"] = EPOCH_MS - 2000, EPOCH_MS - 1000
        self.made[name] = json.dumps(body).encode()


@pytest.mark.parametrize("case", CASES)
def test_an_order_is_acted_on_at_most_once_and_always_answered(case: str) -> None:
    steps, answers, begun = CASES[case]

    async def main() -> None:
        async with virtual_station(STATION, 1, speed=8.0) as running:
            await idle(running)
            play = Play(running)
            async with asyncio.timeout(300):
                for step in steps.split():
                    await play.do(step)
            await asyncio.sleep(2.0)
            said = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.order_reply} " in line]
            values = [OrderReply.model_validate_json(text).values for text in said]
            told = {name: list(dict.fromkeys(v.answer for v in values if v.order_id == name)) for name in play.made}
            assert told == answers, [(v.order_id, v.answer, v.reason) for v in values]
            assert all(v.reason for v in values if v.answer in {"failed", "refused"})
            rows = await running.journal.rows(Query(kind="order", limit=1000))
            assert [row.row.body["order_id"] for row in rows] == list(begun)
            kept = await running.journal.rows(Query(kind="order-answer", limit=1000))
            final = [e.row.body["order_id"] for e in kept if e.row.body["answer"] in {"completed", "failed", "refused"}]
            assert len(final) == len(set(final)), "one final answer to each"
            assert len({v.reason for v in values if v.answer in {"completed", "failed", "refused"}}) <= len(final)
            assert running.world.referee.breaches == []

    virtual(main())
