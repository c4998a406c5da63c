"""The contract of `hal.ports.MqttLink`, kept by every carrier, and the traps of the library under one of them."""

import asyncio
import gc
import logging
import os
import random
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import pytest

from hal.errors import ConfigError, DeviceRefused, LinkDown, LinkTimeout
from hal.links.backoff import Backoff
from hal.links.mqtt import AiomqttLink
from hal.ports import LinkState, Message
from sim.broker.core import BrokerCore, Limits
from sim.reach.memory_mqtt import MemoryMqttLink
from tests.contract.conftest import AnyBroker, OurBroker
from tests.contract.mqtt_client import Clients

Link = AiomqttLink | MemoryMqttLink
TIMEOUT_S = 10.0
WILL = Message("status/station", b"offline", 1, retain=True)


def quick_backoff() -> Backoff:
    return Backoff(random.Random(1).random, base_s=0.02, cap_s=0.1)


def tcp_link(port: int, client_id: str = "station", **options: Any) -> AiomqttLink:
    settings: dict[str, Any] = {"will": WILL, "backoff": quick_backoff(), "keepalive_s": 5, **options}
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


@pytest.fixture(params=["our_broker", "mosquitto", "memory"])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    return Memory() if request.param == "memory" else Tcp(request.getfixturevalue(request.param))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as entered:
        yield entered


async def opened(stack: AsyncExitStack, link: Link, *filters: str) -> Link:
    """The link, entered, subscribed and ready."""
    for topic_filter in filters:
        link.subscribe(topic_filter)
    await stack.enter_async_context(link)
    await reach(link, LinkState.READY)
    return link


# the contract


async def test_messages_go_from_link_to_link_in_order(carrier: Carrier, stack: AsyncExitStack) -> None:
    reader = await opened(stack, carrier.link("reader"), "up/#")
    writer = await opened(stack, carrier.link("writer"))
    for number in range(20):
        await writer.publish(Message("up/x", b"%d" % number))
    await writer.publish(Message("up/any", b"", qos=0))
    received = await take(reader, 21)
    assert [message.payload for message in received if message.qos] == [b"%d" % number for number in range(20)]
    assert {message.topic for message in received} == {"up/x", "up/any"}
    assert not any(message.retain for message in received)


async def test_subscribing_while_connected_brings_what_is_retained(carrier: Carrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, carrier.link("link"))
    await link.publish(Message("config", b"kept", retain=True))
    link.subscribe("config")
    (message,) = await take(link)
    assert (message.topic, message.payload, message.retain) == ("config", b"kept", True)


async def test_publish_fails_at_once_while_down(carrier: Carrier, stack: AsyncExitStack) -> None:
    link = carrier.link("link")
    with pytest.raises(LinkDown):
        await link.publish(Message("x", b""))
    await opened(stack, link)
    await carrier.lose_broker()
    await reach(link, LinkState.DISCONNECTED)
    with pytest.raises(LinkDown):
        await link.publish(Message("x", b""))


async def test_a_refused_message_is_not_success(carrier: Carrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, carrier.link("link"))
    with pytest.raises(DeviceRefused) as refused:
        await link.publish(Message("denied/x", b""))
    assert refused.value.code == 0x87
    await link.publish(Message("allowed/x", b""))


async def test_a_topic_nobody_can_publish_to_is_refused(carrier: Carrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, carrier.link("link"))
    with pytest.raises(DeviceRefused) as refused:
        await link.publish(Message("a/#", b""))
    assert refused.value.code == 0x90


async def test_comes_back_and_subscribes_again_to_a_broker_that_forgot(carrier: Carrier, stack: AsyncExitStack) -> None:
    states: list[LinkState] = []
    link = carrier.link("link")
    await opened(stack, link, "orders/#")
    link.on_state(states.append)
    await carrier.lose_broker()
    await reach(link, LinkState.DISCONNECTED)
    await carrier.new_broker()
    await reach(link, LinkState.READY)
    await link.publish(Message("orders/1", b"again"))
    assert [message.payload for message in await take(link)] == [b"again"]
    assert states[:2] == [LinkState.DISCONNECTED, LinkState.CONNECTING]
    assert states[-1] is LinkState.READY


async def test_what_was_not_acknowledged_comes_again(carrier: Carrier, stack: AsyncExitStack) -> None:
    writer = await opened(stack, carrier.link("writer"))
    async with carrier.link("reader") as reader:
        reader.subscribe("orders/#")
        await reach(reader, LinkState.READY)
        for payload in (b"1", b"2", b"3"):
            await writer.publish(Message("orders/1", payload))
        first, second = await take(reader, 2, ack=False)
        assert first.ack is not None
        first.ack()
        assert second.payload == b"2"
    again = await opened(stack, carrier.link("reader"), "orders/#")
    assert [message.payload for message in await take(again, 2)] == [b"2", b"3"]


async def test_leaving_in_order_keeps_the_will_back(carrier: Carrier, stack: AsyncExitStack) -> None:
    watcher = await opened(stack, carrier.link("watcher"), "status/#", "end")
    async with carrier.link("station") as station:
        await reach(station, LinkState.READY)
    assert station.state is LinkState.DISCONNECTED
    await watcher.publish(Message("end", b""))
    assert [message.topic for message in await take(watcher)] == ["end"]


# faults of the broker, over TCP and in memory


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


@pytest.fixture(params=["our_broker", "memory"])
def ours(request: pytest.FixtureRequest) -> OurCarrier:
    return OurCarrier(Memory() if request.param == "memory" else Tcp(request.getfixturevalue(request.param)))


async def fails_with(kind: type[Exception], link: Link, topic: str) -> None:
    with pytest.raises(kind):
        await link.publish(Message(topic, b""))


async def test_a_publish_under_way_fails_when_the_connection_ends(ours: OurCarrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, ours.link(publish_timeout_s=60.0))
    ours.core.faults.drop_puback()
    arrived = asyncio.Event()
    ours.core.subscribe_local("x", lambda _: arrived.set())
    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(fails_with(LinkDown, link, "x"))
        await arrived.wait()
        ours.core.close_client("station", asyncio.get_running_loop().time())


async def test_a_lost_acknowledgement_is_a_time_out_and_a_new_connection(
    ours: OurCarrier, stack: AsyncExitStack
) -> None:
    link = await opened(stack, ours.link(publish_timeout_s=0.1))
    ours.core.faults.drop_puback("x", count=1)
    states: list[LinkState] = []
    link.on_state(states.append)
    await fails_with(LinkTimeout, link, "x")
    await reach(link, LinkState.DISCONNECTED)
    await reach(link, LinkState.READY)
    await link.publish(Message("x", b""))
    assert LinkState.CONNECTING in states


async def test_a_late_acknowledgement_is_waited_for(ours: OurCarrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, ours.link())
    ours.core.faults.delay_puback(0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await link.publish(Message("x", b""))
    assert loop.time() - began >= 0.1


async def test_a_frozen_broker_is_found_within_two_keepalives(ours: OurCarrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, ours.link(**ours.quick))
    ours.core.freeze()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await reach(link, LinkState.DISCONNECTED)
    assert loop.time() - began < 4.0  # the library looks at its clock once a second
    ours.core.thaw(loop.time())
    await reach(link, LinkState.READY)
    await link.publish(Message("x", b""))


async def test_two_clients_with_one_id_push_each_other_out_and_the_will_tells(
    ours: OurCarrier, stack: AsyncExitStack
) -> None:
    seen = asyncio.Event()
    ours.core.subscribe_local("status/station", lambda _: seen.set())
    first = await opened(stack, ours.link())
    await opened(stack, ours.link())
    await reach(first, LinkState.DISCONNECTED)
    assert seen.is_set()


async def test_a_connection_that_ends_with_its_first_packet_is_noticed(
    our_broker: OurBroker, stack: AsyncExitStack
) -> None:
    """CONNACK and the end in one read: aiomqtt then waits for an end that has already been."""
    core, loop = our_broker.core, asyncio.get_running_loop()
    link = tcp_link(our_broker.port)
    answer = core.receive

    def answer_and_close(conn_id: int, data: bytes, now: float) -> None:
        core.receive = answer  # type: ignore[method-assign]
        answer(conn_id, data, now)
        core.close_client("station", now)

    core.receive = answer_and_close  # type: ignore[method-assign]
    began = loop.time()
    await opened(stack, link)
    await link.publish(Message("x", b""))
    assert loop.time() - began < 5.0


async def test_a_rejected_client_tries_again(ours: OurCarrier, stack: AsyncExitStack) -> None:
    ours.core.faults.reject_connect(0x87, count=2)
    link = await opened(stack, ours.link())
    assert ours.core.faults.connect_code == 0
    await link.publish(Message("x", b""))


async def test_isolated_link_shows_as_offline_and_returns(ours: OurCarrier, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    link = await opened(stack, ours.link(**ours.quick))
    seen = asyncio.Event()
    ours.core.subscribe_local("status/station", lambda _: seen.set())
    ours.core.isolate("station", loop.time())
    async with asyncio.timeout(TIMEOUT_S):
        await seen.wait()
    await reach(link, LinkState.DISCONNECTED)
    ours.core.restore("station", loop.time())
    await reach(link, LinkState.READY)


# traps of aiomqtt 2.5 and paho 2


async def test_a_failed_message_is_not_sent_later_all_the_same(our_broker: OurBroker, stack: AsyncExitStack) -> None:
    """paho keeps a message it failed to send, and sends it when its client is used again."""
    link = await opened(stack, tcp_link(our_broker.port, publish_timeout_s=60.0))
    our_broker.core.freeze()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fails_with(LinkDown, link, "x"))
        await asyncio.sleep(0)
        await our_broker.kill()
    await our_broker.start()
    heard: list[Message] = []
    our_broker.core.subscribe_local("x", heard.append)
    await reach(link, LinkState.READY)
    await link.publish(Message("x", b"second"))
    assert [message.payload for message in heard] == [b"second"]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def watched() -> int:
    """How many descriptors the loop watches."""
    loop: Any = asyncio.get_running_loop()
    return len(loop._selector.get_map())


@pytest.fixture
async def complaints() -> AsyncIterator[list[object]]:
    """What the loop would have written to the log: errors in callbacks, futures nobody looked at."""
    found: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    yield found
    gc.collect()


async def test_cancelling_while_the_broker_does_not_answer_leaves_nothing(
    our_broker: OurBroker, monkeypatch: pytest.MonkeyPatch, complaints: list[object]
) -> None:
    connected, closed = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(our_broker.core, "receive", lambda *_: connected.set())
    monkeypatch.setattr(our_broker.core, "closed", lambda *_: closed.set())
    before = open_files(), watched()
    async with tcp_link(our_broker.port, keepalive_s=60):
        async with asyncio.timeout(TIMEOUT_S):
            await connected.wait()
    async with asyncio.timeout(TIMEOUT_S):
        await closed.wait()
    await asyncio.sleep(0)
    assert (open_files(), watched()) == before
    assert complaints == []


async def test_a_connect_that_comes_back_after_the_cancel_is_closed_in_silence(
    our_broker: OurBroker, monkeypatch: pytest.MonkeyPatch, complaints: list[object]
) -> None:
    """The connecting thread cannot be cancelled; what it opens late must be closed, and must not say CONNECT."""
    entered, closed, go_on = asyncio.Event(), asyncio.Event(), threading.Event()
    loop, connect = asyncio.get_running_loop(), socket.create_connection
    received: list[bytes] = []

    def slowly(*args: Any, **options: Any) -> socket.socket:
        loop.call_soon_threadsafe(entered.set)
        go_on.wait(TIMEOUT_S)
        return connect(*args, **options)

    monkeypatch.setattr(socket, "create_connection", slowly)
    monkeypatch.setattr(our_broker.core, "receive", lambda _, data, __: received.append(data))
    monkeypatch.setattr(our_broker.core, "closed", lambda *_: closed.set())
    before = watched()
    async with tcp_link(our_broker.port, keepalive_s=60):
        async with asyncio.timeout(TIMEOUT_S):
            await entered.wait()
    go_on.set()
    async with asyncio.timeout(TIMEOUT_S):
        await closed.wait()
    await asyncio.sleep(0)
    assert received == []
    assert watched() == before
    assert complaints == []


async def test_the_window_of_the_broker_is_kept(
    our_broker: OurBroker, stack: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    await our_broker.kill()
    await our_broker.start(Limits(inflight=4))
    our_broker.core.faults.delay_puback(0.01)
    caplog.set_level(logging.WARNING)
    link = await opened(stack, tcp_link(our_broker.port))
    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
        for number in range(60):
            tasks.create_task(link.publish(Message("x", b"%d" % number)))
    assert caplog.messages == []


async def test_cancelled_publishes_keep_their_place_in_the_window(our_broker: OurBroker, stack: AsyncExitStack) -> None:
    await our_broker.kill()
    await our_broker.start(Limits(inflight=2))
    our_broker.core.faults.delay_puback(0.05)
    link = await opened(stack, tcp_link(our_broker.port))
    states: list[LinkState] = []
    link.on_state(states.append)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await link.publish(Message("x", b""))
    await link.publish(Message("x", b""))
    assert states == []


async def test_a_message_over_the_limit_of_the_broker_is_refused_and_the_rest_goes_on(
    our_broker: OurBroker, stack: AsyncExitStack
) -> None:
    await our_broker.kill()
    await our_broker.start(Limits(packet_bytes=1000))
    link = await opened(stack, tcp_link(our_broker.port))
    states: list[LinkState] = []
    link.on_state(states.append)
    with pytest.raises(DeviceRefused) as refused:
        await link.publish(Message("x", bytes(1000)))
    assert refused.value.code == 0x95
    await link.publish(Message("x", bytes(900)))
    assert states == []


async def test_an_acknowledgement_from_an_earlier_connection_counts_for_nothing(
    our_broker: OurBroker, stack: AsyncExitStack
) -> None:
    link = await opened(stack, tcp_link(our_broker.port), "x")
    loop = asyncio.get_running_loop()
    our_broker.core.publish_local(Message("x", b"1"), loop.time())
    (early,) = await take(link, ack=False)
    our_broker.core.close_client("station", loop.time())
    await reach(link, LinkState.DISCONNECTED)
    await reach(link, LinkState.READY)
    assert early.ack is not None
    early.ack()
    (again,) = await take(link)
    assert again.payload == b"1"
    assert again.ack is not None
    again.ack()
    await link.publish(Message("y", b""))
    assert our_broker.core.sessions["station"].waiting == 0


async def test_an_unknown_host_is_tried_again_until_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()

    def unknown(*_: Any, **__: Any) -> socket.socket:
        loop.call_soon_threadsafe(attempts.release)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    async with AiomqttLink("broker.invalid", 1883, "station", backoff=quick_backoff()) as link:
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(3):
                await attempts.acquire()
        assert link.state is not LinkState.READY


@pytest.mark.parametrize("bad", [{"host": ""}, {"port": 0}, {"client_id": ""}, {"keepalive_s": 0}])
def test_settings_that_cannot_work_are_said_at_once(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        AiomqttLink(**{"host": "127.0.0.1", "port": 1883, "client_id": "station", **bad})


async def test_a_slow_reader_is_dropped_and_the_others_are_served(our_broker: OurBroker) -> None:
    clients = Clients(our_broker.port)
    slow = await clients.join("slow")
    await slow.subscribe("flood", "end", qos=0)
    watcher = await clients.join("watcher", "gone")
    slow._writer.transport.pause_reading()  # type: ignore[attr-defined]
    server = our_broker._server
    assert server is not None
    server._buffer_bytes = 1_000_000
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(TIMEOUT_S):
        while our_broker.core.sessions.get("slow") is not None:
            our_broker.core.publish_local(Message("flood", bytes(100_000), qos=0), loop.time())
            await asyncio.sleep(0)
    our_broker.core.publish_local(Message("gone", b"yes"), loop.time())
    assert (await watcher.receive()).payload == b"yes"
    clients.end()
