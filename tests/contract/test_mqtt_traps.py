"""Traps of aiomqtt 2.5 and paho 2: each test fails without the cure in `hal.links.mqtt`."""

import asyncio
import gc
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hal.errors import ConfigError, DeviceRefused, LinkDown
from hal.links.backoff import Backoff
from hal.links.mqtt import AiomqttLink
from hal.ports import LinkState, Message
from sim.broker.core import Limits
from sim.broker.session import TAKEN_OVER
from tests.contract.brokers import OurBroker
from tests.contract.mqtt_client import Clients
from tests.contract.mqtt_rig import SETTINGS, TIMEOUT_S, fails_with, opened, quick_backoff, reach, take, tcp_link


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
    async with AiomqttLink("broker.invalid", 1883, "station", backoff=quick_backoff(), **SETTINGS) as link:
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(3):
                await attempts.acquire()
        assert link.state is not LinkState.READY


@pytest.mark.parametrize("bad", [{"host": ""}, {"port": 0}, {"client_id": ""}, {"keepalive_s": 0}])
def test_settings_that_cannot_work_are_said_at_once(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        AiomqttLink(
            **{"host": "127.0.0.1", "port": 1883, "client_id": "station", "backoff": quick_backoff(), **SETTINGS, **bad}
        )


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


class Ledger(Backoff):
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__(lambda: 1.0, base_s=0.02, cap_s=0.08)
        self.waits: list[float] = []
        self.resets = 0

    def next_s(self) -> float:
        self.waits.append(super().next_s())
        return self.waits[-1]

    def reset(self) -> None:
        self.resets += 1
        super().reset()


async def test_waits_grow_to_their_cap_until_a_session_has_been_healthy(
    our_broker: OurBroker, stack: AsyncExitStack
) -> None:
    """Two clients with one id push each other out at once: a session that stands is not yet a healthy one."""
    ledger = Ledger()
    loop = asyncio.get_running_loop()
    link = await opened(stack, tcp_link(our_broker.port, backoff=ledger))
    for _ in range(4):
        our_broker.core.close_client("station", loop.time(), TAKEN_OVER)
        await reach(link, LinkState.DISCONNECTED)
        assert "taken over" in link.error
        await reach(link, LinkState.READY)
    assert (ledger.waits, ledger.resets) == ([0.02, 0.04, 0.08, 0.08], 0)


async def test_after_a_healthy_session_the_waits_are_short_again(our_broker: OurBroker, stack: AsyncExitStack) -> None:
    ledger = Ledger()
    loop = asyncio.get_running_loop()
    link = await opened(stack, tcp_link(our_broker.port, backoff=ledger, healthy_s=0.05))
    for _ in range(3):
        await asyncio.sleep(0.06)
        our_broker.core.close_client("station", loop.time())
        await reach(link, LinkState.DISCONNECTED)
        await reach(link, LinkState.READY)
    assert (ledger.waits, ledger.resets) == ([0.02, 0.02, 0.02], 3)


async def test_what_does_not_fit_the_inbox_is_not_acknowledged_and_comes_again(
    our_broker: OurBroker, stack: AsyncExitStack
) -> None:
    """The library acknowledges what it drops."""
    loop = asyncio.get_running_loop()
    link = await opened(stack, tcp_link(our_broker.port, inbox=3, window=10), "orders")
    for number in range(5):
        our_broker.core.publish_local(Message("orders", b"%d" % number), loop.time())
    async with asyncio.timeout(TIMEOUT_S):
        while link.discarded < 2:
            await asyncio.sleep(0.005)
    assert [message.payload for message in await take(link, 3)] == [b"0", b"1", b"2"]
    async with asyncio.timeout(TIMEOUT_S):
        while our_broker.core.sessions["station"].waiting > 2:
            await asyncio.sleep(0.005)
    our_broker.core.close_client("station", loop.time())
    await reach(link, LinkState.DISCONNECTED)
    await reach(link, LinkState.READY)
    assert [message.payload for message in await take(link, 2)] == [b"3", b"4"]
    assert link.discarded == 2


async def test_each_attempt_has_a_client_of_its_own(our_broker: OurBroker, stack: AsyncExitStack) -> None:
    """A client that is used again sends what it was told had failed, and may never get out of its own lock."""
    link = tcp_link(our_broker.port)
    made: list[object] = []
    new = link._new_client

    def noted() -> Any:
        made.append(new())
        return made[-1]

    link._new_client = noted  # type: ignore[assignment]
    our_broker.core.faults.reject_connect(0x88, count=2)
    await opened(stack, link)
    our_broker.core.close_client("station", asyncio.get_running_loop().time())
    await reach(link, LinkState.DISCONNECTED)
    await reach(link, LinkState.READY)
    assert len(made) == 4
    assert len({id(client) for client in made}) == 4
