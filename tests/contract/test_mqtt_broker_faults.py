"""What an MQTT link does when its broker is slow, silent, gone or of another mind; over TCP and in memory."""

import asyncio
from contextlib import AsyncExitStack

from hal.errors import LinkDown, LinkTimeout
from hal.ports import LinkState, Message
from tests.contract.brokers import OurBroker
from tests.contract.mqtt_rig import TIMEOUT_S, OurCarrier, fails_with, opened, reach, tcp_link


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
