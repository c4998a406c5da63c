"""The contract of `hal.ports.MqttLink`, kept by every carrier."""

from contextlib import AsyncExitStack

import pytest

from hal.errors import DeviceRefused, LinkDown
from hal.ports import LinkState, Message
from tests.contract.mqtt_rig import Carrier, opened, reach, take


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


async def test_what_is_to_be_kept_says_so_to_who_is_there_too(carrier: Carrier, stack: AsyncExitStack) -> None:
    link = await opened(stack, carrier.link("link"), "orders/#")
    await link.publish(Message("orders/a", b"kept", retain=True))
    await link.publish(Message("orders/b", b"not kept"))
    assert [(m.topic, m.retain) for m in await take(link, 2)] == [("orders/a", True), ("orders/b", False)]


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
