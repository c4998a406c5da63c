"""MQTT links to run a contract against: over TCP to a broker, and inside the process."""

import asyncio
import random
from contextlib import AsyncExitStack, aclosing
from typing import Any

import pytest

from hal.links.backoff import Backoff
from hal.links.mqtt import AiomqttLink
from hal.ports import LinkState, Message
from sim.broker.core import BrokerCore
from sim.reach.memory_mqtt import MemoryMqttLink
from tests.contract.brokers import AnyBroker, OurBroker

Link = AiomqttLink | MemoryMqttLink
TIMEOUT_S = 10.0
WILL = Message("status/station", b"offline", 1, retain=True)
SETTINGS: dict[str, Any] = {
    "keepalive_s": 5,
    "connect_timeout_s": 10.0,
    "publish_timeout_s": 10.0,
    "healthy_s": 60.0,
    "session_expiry_s": 3600,
    "window": 16,
    "inbox": 1000,
}


def quick_backoff() -> Backoff:
    return Backoff(random.Random(1).random, base_s=0.02, cap_s=0.1)


def tcp_link(port: int, client_id: str = "station", **options: Any) -> AiomqttLink:
    settings: dict[str, Any] = {"will": WILL, **SETTINGS, "backoff": quick_backoff(), **options}
    return AiomqttLink("127.0.0.1", port, client_id, **settings)


async def reach(link: Link, state: LinkState) -> None:
    """Wait until the link is in that state."""
    reached = asyncio.Event()
    link.on_state(lambda now: reached.set() if now is state else None)
    if link.state is not state:
        async with asyncio.timeout(TIMEOUT_S):
            await reached.wait()


async def take(link: Link, count: int = 1, *, ack: bool = True) -> list[Message]:
    """The next messages, acknowledged."""
    found: list[Message] = []
    async with asyncio.timeout(TIMEOUT_S), aclosing(link.messages()) as messages:  # type: ignore[type-var]
        async for message in messages:
            found.append(message)
            if ack and message.ack is not None:
                message.ack()
            if len(found) == count:
                break
    return found


class Tcp:
    """The link over TCP, with a broker that can be killed and started."""

    def __init__(self, broker: AnyBroker) -> None:
        self.broker = broker

    def link(self, client_id: str) -> Link:
        return tcp_link(self.broker.port, client_id)

    async def lose_broker(self) -> None:
        await self.broker.kill()

    async def new_broker(self) -> None:
        await self.broker.start()


class Memory:
    """The link inside the process."""

    def __init__(self) -> None:
        self.core = BrokerCore()
        self.core.faults.refuse("denied/#")

    def link(self, client_id: str) -> Link:
        return MemoryMqttLink(self.core, client_id, latency_s=0.002, will=WILL, retry_s=0.02)

    async def lose_broker(self) -> None:
        self.core.go_down(asyncio.get_running_loop().time(), lose_sessions=True)

    async def new_broker(self) -> None:
        self.core.come_up(asyncio.get_running_loop().time())


Carrier = Tcp | Memory


Carrier = Tcp | Memory


async def opened(stack: AsyncExitStack, link: Link, *filters: str) -> Link:
    """The link, entered, subscribed and ready."""
    for topic_filter in filters:
        link.subscribe(topic_filter)
    await stack.enter_async_context(link)
    await reach(link, LinkState.READY)
    return link


class OurCarrier:
    """A carrier over our broker, whose faults can be set."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    @property
    def core(self) -> BrokerCore:
        if isinstance(self.carrier, Memory):
            return self.carrier.core
        assert isinstance(self.carrier.broker, OurBroker)
        return self.carrier.broker.core

    @property
    def quick(self) -> dict[str, Any]:
        """Settings that find a silent broker soon."""
        return {"keepalive_s": 0.1} if isinstance(self.carrier, Memory) else {"keepalive_s": 1, "connect_timeout_s": 1}

    def link(self, **options: Any) -> Link:
        if isinstance(self.carrier, Memory):
            settings: dict[str, Any] = {"will": WILL, "retry_s": 0.02, **options}
            return MemoryMqttLink(self.core, "station", **settings)
        return tcp_link(self.carrier.broker.port, **options)


async def fails_with(kind: type[Exception], link: Link, topic: str) -> None:
    with pytest.raises(kind):
        await link.publish(Message(topic, b""))
