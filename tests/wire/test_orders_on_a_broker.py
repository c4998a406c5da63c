"""Orders over mosquitto and a controller killed by signal 9: what comes again is acted on once, and answered."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from hal.contract import OrderCommand, StationState, Topics
from sim.campaigns.serve import wall_ms
from tests.contract.brokers import Mosquitto
from tests.wire.processes import STATION, Bench, Running, bench

TOPICS = Topics("demo", STATION)
LIMIT_S = 20.0
VIN = "LNAUTS0A0PX000001"
OPEN, FINAL = {"accepted", "started"}, {"completed", "failed", "refused"}


class Cloud:
    """A client that hears everything from its start on, and orders as the contract says."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._answers: list[tuple[str, str, str]] = []
        self.challenge = ""
        self.packml = ""

    async def hear(self) -> None:
        """For ever."""
        async for message in self._client.messages:
            payload = message.payload
            if not isinstance(payload, bytes) or not payload:
                continue
            if message.topic.value == TOPICS.station:
                values = StationState.model_validate_json(payload).values
                self.challenge, self.packml = values.challenge, values.packml
            elif message.topic.value == TOPICS.order_reply:
                said = json.loads(payload)["values"]
                self._answers.append((said["order_id"], said["answer"], said["reason"]))

    def answers(self, order_id: str) -> list[str]:
        return [answer for name, answer, _ in self._answers if name == order_id]

    async def until(self, so: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not so():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"station is {self.packml}, answers so far: {self._answers}") from None

    async def order(self, order_id: str, times: int = 1, *, retain: bool = False) -> bytes:
        """Publish an order, as often as is asked, with the challenge of now."""
        now_ms = wall_ms()
        order = OrderCommand(
            id=order_id, issued_at=now_ms, expires_at=now_ms + 600_000, target=TOPICS.target,
            challenge=self.challenge, vin=VIN, vehicle="aion-ut",
        )  # fmt: skip
        payload = order.model_dump_json().encode()
        for _ in range(times):
            await self.again(payload, retain=retain)
        return payload

    async def again(self, payload: bytes, *, retain: bool = False) -> None:
        await self._client.publish(TOPICS.order, payload, qos=1, retain=retain)


async def killed(run: Running) -> None:
    run.process.kill()
    await run.process.wait()


def led_to(broker: Mosquitto, simulator: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The simulator's wires, but the cloud at another broker."""
    words = list(simulator["run"])
    overlay = Path(words[words.index("--links") + 1])
    link = simulator["links"]["cloud"]
    other = folder / "links.toml"
    lines = overlay.read_text().splitlines()
    moved = [line.replace(f"port = {link['port']}", f"port = {broker.port}") for line in lines]
    assert moved != lines
    other.write_text("\n".join(moved))
    words[words.index("--links") + 1] = str(other)
    return {**simulator, "run": words}


async def swaps(on: Bench) -> int:
    """How many swaps the station has begun since its controller runs, and the one that is open."""
    found = (await on.command("status", STATION, "--json")).json
    return int(found["swaps_started"]) + (found["swap"] is not None)


@pytest.fixture
async def mosquitto(needs_program: Callable[[str], Path], tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(needs_program("mosquitto"), tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.mark.timeout(150)
async def test_what_the_broker_delivers_again_is_acted_on_once_and_always_answered(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bench() as on, on.simulator() as simulator, aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        wires = led_to(mosquitto, simulator, tmp_path)
        await client.subscribe(TOPICS.all, qos=1)
        cloud = Cloud(client)
        hearing = asyncio.create_task(cloud.hear())
        try:
            async with on.controller(wires) as run:
                assert (await on.command("reset", STATION, "--yes", "--why", "test")).code == 0
                await cloud.until(lambda: cloud.packml == "Idle")
                await cloud.order("kept", retain=True)
                await cloud.until(lambda: "refused" in cloud.answers("kept"))
                first = await cloud.order("order-1", times=3)
                await cloud.until(lambda: {"accepted", "started"} <= set(cloud.answers("order-1")))
                late = await cloud.order("order-2")
                run.process.send_signal(19)  # SIGSTOP: what comes now is delivered and never read
                await cloud.order("order-3")
                await killed(run)
            waited = await cloud.order("order-4")
            async with on.controller(wires):
                await cloud.until(
                    lambda: "refused" in cloud.answers("order-3") and "refused" in cloud.answers("order-4")
                )
                seen = len(cloud.answers("order-1"))
                for payload in (first, late, waited, first):
                    await cloud.again(payload)
                await cloud.until(lambda: len(cloud.answers("order-1")) >= seen + 2)
                assert set(cloud.answers("order-1")) == OPEN, "its swap is open: nobody has ended it"
                assert cloud.answers("kept").count("refused") >= 2, "the broker has kept it for who comes back"
                for name in ("kept", "order-2", "order-3", "order-4"):
                    assert not OPEN & set(cloud.answers(name))
                assert cloud.packml == "Held"
                assert await swaps(on) == 1
                assert (await on.command("clear", STATION, "--yes", "--why", "seen by eye")).code == 0
                await cloud.until(lambda: "failed" in cloud.answers("order-1"))
                assert [a for a in cloud.answers("order-1") if a in FINAL] == ["failed"]
            truth = (await on.command("sim", "status", "--json")).json
            assert (truth["breaches"], truth["departed"]) == ([], [])
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing
