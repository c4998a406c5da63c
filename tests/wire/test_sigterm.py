"""SIGTERM where no pack is on the car: no new step, a safe stop, the state told, the end; and then on to the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest

from hal.contract import Topics
from tests.wire.processes import STATION, Bench, bench

TOPICS = Topics("demo", STATION)
LOOK_S = 10.0
SWAP_S = 60.0
END_S = 5.0
KNOWN_S = 2.0


class Heard:
    """All that the station says, in order, as (topic, values)."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._news = asyncio.Condition()
        self.said: list[tuple[str, dict[str, Any]]] = []

    async def listen(self) -> None:
        async for message in self._client.messages:
            if isinstance(message.payload, bytes) and message.payload:
                async with self._news:
                    self.said.append((message.topic.value, json.loads(message.payload).get("values", {})))
                    self._news.notify_all()

    async def until(self, topic: str, limit_s: float, after: int = 0, **wanted: str) -> None:
        """Until a message on `topic`, `after` so many of all, has these values."""
        async with asyncio.timeout(limit_s), self._news:
            await self._news.wait_for(
                lambda: any(t == topic and wanted.items() <= v.items() for t, v in self.said[after:])
            )


@asynccontextmanager
async def hearing(simulator: dict[str, Any]) -> AsyncIterator[Heard]:
    link = simulator["links"]["cloud"]
    async with aiomqtt.Client(link["host"], link["port"]) as client, asyncio.TaskGroup() as group:
        await client.subscribe(TOPICS.all, qos=1)
        heard = Heard(client)
        listening = group.create_task(heard.listen())
        yield heard
        listening.cancel()


async def retained(simulator: dict[str, Any], topic: str) -> dict[str, Any]:
    """What somebody hears who comes later."""
    link = simulator["links"]["cloud"]
    async with aiomqtt.Client(link["host"], link["port"]) as client, asyncio.timeout(LOOK_S):
        await client.subscribe(topic, qos=1)
        message = await anext(client.messages)
    assert isinstance(message.payload, bytes)
    values: dict[str, Any] = json.loads(message.payload)["values"]
    return values


async def status(on: Bench) -> dict[str, Any]:
    found: dict[str, Any] = (await on.command("status", STATION, "--json")).json
    return found


@pytest.mark.timeout(150)
async def test_sigterm_with_no_pack_on_the_car_and_on_to_the_end() -> None:
    async with bench() as on, on.simulator("--speed", "4") as simulator, hearing(simulator) as heard:
        async with on.controller(simulator) as run:
            assert (await on.command("reset", STATION, "--yes")).code == 0
            await heard.until(TOPICS.station, LOOK_S, packml="Idle")
            assert (await on.command("sim", "car", "--order")).code == 0
            await heard.until(TOPICS.step, SWAP_S, row="11", phase="started")
            before = len(heard.said)
            async with asyncio.timeout(END_S):
                assert await run.terminate() == 0
            await heard.until(TOPICS.status, LOOK_S, before, state="offline")
            told = heard.said[before:]
        begun = [v["row"] for topic, v in told if topic == TOPICS.step and v["phase"] == "started"]
        assert set(begun) <= {"12"}, "what begins together with 11, and nothing after it"
        assert (await retained(simulator, TOPICS.status))["state"] == "offline"
        left = await retained(simulator, TOPICS.station)
        assert (left["packml"], left["place"]) == ("Stopped", "S2")
        truth = (await on.command("sim", "status", "--json")).json
        assert (truth["moving"], truth["breaches"]) == ([], [])

        async with on.controller(simulator):
            async with asyncio.timeout(KNOWN_S):
                while (found := await status(on))["recovery"] is None:
                    pass
            assert (found["packml"], found["recovery"]["outcome"], found["place"]) == ("Held", "at S2", "S2")
            assert (await on.command("sim", "status", "--json")).json["moving"] == []
            assert (await on.command("resume", STATION, "--yes", "--why", "test")).code == 0
            await heard.until(TOPICS.order_reply, SWAP_S, before, answer="completed")
            await heard.until(TOPICS.record, LOOK_S, before, outcome="completed", lock_proven=True)  # type: ignore[arg-type]
        truth = (await on.command("sim", "status", "--json")).json
        assert (truth["breaches"], len(truth["departed"])) == ([], 1)
