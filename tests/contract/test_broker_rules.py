"""Rules of the protocol that a broker must keep: ours and mosquitto, in both versions of the protocol."""

import asyncio

import pytest

from sim.broker import wire
from sim.broker.packets import (
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Publish,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    encode,
)
from tests.contract.brokers import PACKET_BYTES, AnyBroker
from tests.contract.mqtt_client import TIMEOUT_S, Clients, RawClient, lasting

only_v5 = pytest.mark.parametrize("version", [V5], ids=["v5"])
only_v311 = pytest.mark.parametrize("version", [V311], ids=["v311"])


# quality of service


@pytest.mark.parametrize(("sent", "granted", "heard"), [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)])
async def test_a_message_is_delivered_at_the_lower_of_both_qualities(
    clients: Clients, sent: int, granted: int, heard: int
) -> None:
    reader = await clients.join("reader")
    assert (await reader.subscribe("x", qos=granted)).codes == (granted,)
    writer = await clients.join("writer")
    writer.send(Publish("x", b"1", sent, packet_id=9 if sent else 0))
    assert (await reader.receive()).qos == heard


async def test_messages_of_one_quality_keep_their_order(clients: Clients) -> None:
    reader = await clients.join("reader", "x")
    writer = await clients.join("writer")
    for number in range(100):
        writer.send(Publish("x", b"%d" % number, 1, packet_id=number + 1))
    assert [int((await reader.receive()).payload) for _ in range(100)] == list(range(100))


# topics and filters


@pytest.mark.parametrize(
    ("topic_filter", "heard"),
    [
        ("#", ["a", "a/b", "a/b/c", "/a"]),
        ("+", ["a"]),
        ("a/#", ["a", "a/b", "a/b/c"]),
        ("a/+", ["a/b"]),
        ("+/+", ["a/b", "/a"]),
        ("/+", ["/a"]),
        ("a/+/c", ["a/b/c"]),
        ("+/b/#", ["a/b", "a/b/c"]),
        ("$data/#", ["$data/x"]),
        ("$data/+", ["$data/x"]),
        ("+/x", []),
    ],
)
async def test_wildcards_fill_whole_levels_and_never_the_first_of_a_dollar_topic(
    clients: Clients, topic_filter: str, heard: list[str]
) -> None:
    reader = await clients.join("reader", topic_filter)
    if topic_filter != "#":
        await reader.subscribe("end")
    writer = await clients.join("writer")
    for topic in ("a", "a/b", "a/b/c", "/a", "$data/x"):
        await writer.publish(topic, b"1")
    await writer.publish("end", b"")
    seen = []
    while (message := await reader.receive()).topic != "end":
        seen.append(message.topic)
    assert seen == heard


async def test_unsubscribed_is_unsubscribed(clients: Clients, version: int) -> None:
    reader = await clients.join("reader", "x", "end")
    reader.send(Unsubscribe(20, ("x", "never")))
    answer = await reader.expect(Unsuback)
    assert answer == Unsuback(20, (0, 0x11) if version == V5 else ())
    writer = await clients.join("writer")
    await writer.publish("x", b"1")
    assert await reader.nothing_before("end") == []


# retained messages


async def test_clearing_a_retained_message_is_told_to_those_who_listen(clients: Clients) -> None:
    writer = await clients.join("writer")
    await writer.publish("state", b"old", retain=True)
    reader = await clients.join("reader", "state", "end")
    assert (await reader.receive()).payload == b"old"
    await writer.publish("state", b"", retain=True)
    (cleared,) = await reader.nothing_before("end")
    assert (cleared.payload, cleared.retain) == (b"", False)
    await writer.publish("state", b"new", retain=True)
    (changed,) = await reader.nothing_before("end")
    assert (changed.payload, changed.retain) == (b"new", False)


async def test_a_retained_message_is_sent_again_with_each_subscription(clients: Clients) -> None:
    client = await clients.join("client")
    await client.publish("state", b"kept", retain=True)
    for _ in range(2):
        await client.subscribe("state")
        message = await client.receive()
        assert (message.payload, message.retain) == (b"kept", True)


@only_v5
@pytest.mark.parametrize(("handling", "times"), [(0, 2), (1, 1), (2, 0)])
async def test_who_subscribes_may_do_without_what_is_retained(clients: Clients, handling: int, times: int) -> None:
    client = await clients.join("client", "end")
    await client.publish("state", b"kept", retain=True)
    for packet_id in (20, 21):
        client.send(Subscribe(packet_id, (("state", 1 | handling << 4),)))
    assert [message.payload for message in await client.nothing_before("end")] == [b"kept"] * times


@only_v5
async def test_a_retained_message_is_gone_after_its_expiry(clients: Clients) -> None:
    writer = await clients.join("writer")
    writer.send(Publish("state", b"short", 0, retain=True, properties=((wire.MESSAGE_EXPIRY, 1),)))
    await writer.publish("state/long", b"long", retain=True)
    await asyncio.sleep(2.2)  # brokers look at their clocks once a second
    reader = await clients.join("reader", "state/#", "end")
    assert [message.payload for message in await reader.nothing_before("end")] == [b"long"]


# sessions


async def test_a_second_connection_takes_the_session_over(clients: Clients, version: int) -> None:
    hello = lasting("station", version)
    first = await clients.open(hello)
    await first.subscribe("orders")
    second = await clients.open(hello)
    assert clients.last_answer is not None
    assert clients.last_answer.session_present
    reasons = {packet.code for packet in await first.wait_closed() if isinstance(packet, Disconnect)}
    assert reasons <= ({0x8E} if version == V5 else set()), "mosquitto says nothing"
    await (await clients.join("writer")).publish("orders", b"1")
    assert (await second.receive()).payload == b"1"


@only_v5
async def test_a_session_without_expiry_ends_with_its_connection(clients: Clients) -> None:
    hello = Connect("station", V5, clean=False)
    first = await clients.open(hello)
    await first.subscribe("orders")
    await first.leave()
    await clients.open(hello)
    assert clients.last_answer is not None
    assert not clients.last_answer.session_present


@only_v5
async def test_a_goodbye_may_ask_for_the_will(clients: Clients) -> None:
    watcher = await clients.join("watcher", "status")
    station = await clients.open(Connect("station", V5, will=Will("status", b"offline", 1)))
    station.send(Disconnect(0x04))
    assert (await watcher.receive()).payload == b"offline"


async def test_a_will_may_be_retained(clients: Clients, version: int) -> None:
    watcher = await clients.join("watcher", "status")
    station = await clients.open(Connect("station", version, will=Will("status", b"offline", 1, retain=True)))
    station.abort()
    await watcher.receive()
    late = await clients.join("late", "status")
    message = await late.receive()
    assert (message.payload, message.retain) == (b"offline", True)


# limits


@only_v5
async def test_what_is_too_large_for_a_client_is_not_sent_to_it(clients: Clients) -> None:
    small = await clients.open(Connect("small", V5, properties=((wire.MAXIMUM_PACKET_SIZE, 100),)))
    await small.subscribe("x", "end")
    writer = await clients.join("writer")
    await writer.publish("x", bytes(200))
    await writer.publish("x", b"fits")
    assert [message.payload for message in await small.nothing_before("end")] == [b"fits"]


async def test_a_packet_over_the_limit_of_the_broker_ends_the_connection(clients: Clients, version: int) -> None:
    client = await clients.join("client")
    size = PACKET_BYTES + 1000
    client.send_raw(b"\x30" + wire.pack_varint(size))
    with_reason = [packet for packet in await client.wait_closed() if isinstance(packet, Disconnect)]
    assert with_reason == ([Disconnect(0x95)] if version == V5 else [])


# connecting


@only_v311
async def test_a_client_without_id_must_start_clean(clients: Clients, broker: AnyBroker) -> None:
    client = await RawClient.connect(broker.port, Connect("", V311, clean=False))
    assert (await client.expect(Connack)).code == 2
    await client.wait_closed()
    client.abort()


@only_v5
async def test_a_client_without_id_is_told_its_own(clients: Clients) -> None:
    await clients.open(Connect("", V5))
    assert clients.last_answer is not None
    assert dict(clients.last_answer.properties)[wire.ASSIGNED_CLIENT_ID]


@only_v311
async def test_an_unknown_version_of_the_protocol_is_refused(clients: Clients, broker: AnyBroker) -> None:
    client = await RawClient.connect(broker.port, Connect("x", V311))
    client.abort()
    client = await _raw(broker.port, bytes.fromhex("100d 0004 4d515454 09 02 003c 0001 78"))
    assert (await client.expect(Connack)).code == 1
    await client.wait_closed()
    client.abort()


async def _raw(port: int, data: bytes, version: int = V311) -> RawClient:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = RawClient(reader, writer, version)
    client.send_raw(data)
    return client


@pytest.mark.parametrize(
    "data",
    [
        "c000",  # PINGREQ before CONNECT
        "3003 0001 78",  # PUBLISH before CONNECT
        "1000",  # CONNECT without a body
        "10ffffffff01",  # a length of five bytes
        "100c 0004 4d515858 04 02 003c 0000",  # another protocol
        "100d 0004 4d515454 04 03 003c 0001 78",  # the reserved flag of CONNECT
    ],
)
@only_v311
async def test_what_is_no_connect_is_closed(broker: AnyBroker, clients: Clients, data: str) -> None:
    client = await _raw(broker.port, bytes.fromhex(data))
    answers = await client.wait_closed()
    assert not any(isinstance(packet, Connack) and packet.code == 0 for packet in answers)
    client.abort()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("flags of SUBSCRIBE", "8006 0001 0001 78 00"),
        ("SUBSCRIBE without a filter", "8202 0001"),
        ("SUBSCRIBE with identifier 0", "8206 0000 0001 78 00"),
        ("SUBSCRIBE for quality 3", "8206 0001 0001 78 03"),
        ("PUBLISH of quality 3", "3605 0001 78 0001"),
        ("PUBLISH to a wildcard", "3004 0002 612b"),
        ("PUBLISH with identifier 0", "3205 0001 78 0000"),
        ("PUBLISH to a topic that is no UTF-8", "3004 0002 c328"),
        ("PUBLISH to a topic with U+0000", "3004 0002 6100"),
        ("PUBLISH that ends in its topic", "3003 0005 78"),
        ("a packet that clients do not send", "2002 0000"),
        ("a packet type of 0", "0000"),
    ],
)
@only_v311
async def test_a_malformed_packet_ends_its_connection_and_no_other(clients: Clients, name: str, data: str) -> None:
    steady = await clients.join("steady", "x")
    broken = await clients.join("broken")
    broken.send_raw(bytes.fromhex(data))
    await broken.wait_closed()
    await steady.publish("x", b"still here")
    assert (await steady.receive()).payload == b"still here"


@pytest.mark.parametrize(
    ("packet", "codes"),
    [
        (Connect("again", V5), {0x82}),
        (Publish("a/+", b""), {0x81, 0x82, 0x90}),
        (Publish("", b""), {0x81, 0x82, 0x90}),
        (Publish("x", b"", properties=((wire.MESSAGE_EXPIRY, 1), (wire.MESSAGE_EXPIRY, 1))), {0x81, 0x82}),
    ],
)
@only_v5
async def test_in_the_new_version_the_reason_is_told(clients: Clients, packet: Packet, codes: set[int]) -> None:
    client = await clients.join("client")
    client.send_raw(encode(packet, V5))
    async with asyncio.timeout(TIMEOUT_S):
        reasons = [packet.code for packet in await client.wait_closed() if isinstance(packet, Disconnect)]
    assert not reasons or set(reasons) <= codes, "a broker may also close without a word"
