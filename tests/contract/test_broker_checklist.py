"""What a broker must deliver: the same list run against ours and against mosquitto, in both protocol versions."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sim.broker import wire
from sim.broker.packets import (
    V5,
    V311,
    Connack,
    Connect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Subscribe,
    Will,
)
from tests.contract.brokers import AnyBroker, OurBroker
from tests.contract.mqtt_client import TIMEOUT_S, Clients, RawClient, lasting


async def test_retained_messages_reach_wildcards_and_can_be_cleared(clients: Clients) -> None:
    writer = await clients.join("writer")
    for place in ("a", "b"):
        await writer.publish(f"site/{place}/status", place.encode(), retain=True)
    reader = await clients.join("reader", "site/+/status")
    first, second = await reader.receive(), await reader.receive()
    assert {first.payload, second.payload} == {b"a", b"b"}
    assert first.retain
    await writer.publish("site/a/status", b"now", retain=True)
    assert await reader.receive() == Publish("site/a/status", b"now", 1, packet_id=3)
    await writer.publish("site/a/status", b"", retain=True)
    later = await clients.join("later", "site/+/status", "end")
    assert [message.payload for message in await later.nothing_before("end")] == [b"b"]


async def test_retained_messages_stay_away_from_others(clients: Clients) -> None:
    writer = await clients.join("writer")
    await writer.publish("alpha/x", b"kept", retain=True)
    other = await clients.join("other", "beta/#", "end")
    assert await other.nothing_before("end") == []


@pytest.mark.parametrize("ending", ["abrupt", "graceful", "take-over", "malformed"])
async def test_will(clients: Clients, version: int, ending: str) -> None:
    watcher = await clients.join("watcher", "status/#", "end")
    hello = Connect("station", version, will=Will("status/station", b"offline", 1, retain=True))
    station = await clients.open(hello)
    if ending == "abrupt":
        station.abort()
    elif ending == "graceful":
        await station.leave()
        assert await watcher.nothing_before("end") == []
        return
    elif ending == "take-over":
        await clients.open(hello)
        await station.wait_closed()
    else:
        station.send_raw(b"\x00\x00")
        await station.wait_closed()
    message = await watcher.receive()
    assert (message.topic, message.payload) == ("status/station", b"offline")


@pytest.mark.parametrize("version", [V5], ids=["v5"])
async def test_a_silent_client_is_given_up_after_its_keepalive(clients: Clients, version: int) -> None:
    watcher = await clients.join("watcher", "status/#")
    silent = await clients.open(Connect("silent", version, keepalive_s=1, will=Will("status/silent", b"offline")))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await watcher.receive()).payload == b"offline"
    assert loop.time() - began > 1.4
    await silent.wait_closed()


async def test_ping_is_answered(clients: Clients) -> None:
    client = await clients.join("pinging")
    client.send(Pingreq())
    await client.expect(Pingresp)


@pytest.mark.parametrize("missed", [50, 2000])
async def test_a_persistent_session_gets_what_it_missed_in_order(clients: Clients, version: int, missed: int) -> None:
    hello = lasting("sleeper", version)
    sleeper = await clients.open(hello)
    await sleeper.subscribe("orders/#")
    await sleeper.leave()
    writer = await clients.join("writer")
    for number in range(missed):
        await writer.publish("orders/1", b"%d" % number)
    sleeper = await clients.open(hello)
    assert clients.last_answer is not None
    assert clients.last_answer.session_present
    received = [await sleeper.receive() for _ in range(missed)]
    assert [int(message.payload) for message in received] == list(range(missed))
    assert not any(message.retain for message in received)


async def test_a_clean_start_forgets_the_session(clients: Clients, version: int) -> None:
    hello = lasting("sleeper", version)
    sleeper = await clients.open(hello)
    await sleeper.subscribe("orders/#")
    await sleeper.leave()
    await clients.open(replace(hello, clean=True))
    assert clients.last_answer is not None
    assert not clients.last_answer.session_present


async def test_unacknowledged_messages_come_again_marked_dup(clients: Clients, version: int) -> None:
    hello = lasting("worker", version)
    worker = await clients.open(hello)
    await worker.subscribe("orders/#")
    writer = await clients.join("writer")
    for payload in (b"1", b"2", b"3"):
        await writer.publish("orders/1", payload)
    taken = await worker.expect(Publish)
    assert not taken.dup
    worker.send(Puback(taken.packet_id))
    lost = await worker.expect(Publish)
    worker.send(Pingreq())
    await worker.expect(Pingresp)
    worker.abort()
    worker = await clients.open(hello)
    again = await worker.receive()
    assert (again.payload, again.dup, again.packet_id) == (lost.payload, True, lost.packet_id)
    assert (await worker.receive()).payload == b"3"


async def test_overlapping_filters_deliver(clients: Clients) -> None:
    client = await clients.join("overlap", "a/#", "a/+/c", "a/b/c", "end")
    writer = await clients.join("writer")
    await writer.publish("a/b/c", b"one")
    received = await client.nothing_before("end")
    assert {message.payload for message in received} == {b"one"}  # version 5 lets the broker send it once per filter


async def test_payload_of_four_mebibytes(clients: Clients) -> None:
    payload = bytes(range(256)) * 16384
    client = await clients.join("big", "big")
    await client.publish("big", payload)
    assert (await client.receive()).payload == payload


async def test_many_clients(clients: Clients) -> None:
    readers = [await clients.join(f"reader-{number}", "all") for number in range(200)]
    writer = await clients.join("writer")
    await writer.publish("all", b"hello")
    for reader in readers:
        assert (await reader.receive()).payload == b"hello"


async def test_clients_without_id_are_told_apart(clients: Clients) -> None:
    readers = [await clients.join("", "all") for _ in range(3)]
    await (await clients.join("")).publish("all", b"hello")
    for reader in readers:
        assert (await reader.receive()).payload == b"hello"


async def test_garbage_ends_one_connection_only(clients: Clients, broker: AnyBroker) -> None:
    client = await clients.join("steady", "x")
    stranger = await RawClient.connect(broker.port, Connect("stranger"))
    await stranger.expect(Connack)
    stranger.send_raw(b"\xff" * 64)
    await stranger.wait_closed()
    stranger.abort()
    await client.publish("x", b"still here")
    assert (await client.receive()).payload == b"still here"


@pytest.mark.parametrize("version", [V5], ids=["v5"])
async def test_receive_maximum_is_respected(clients: Clients) -> None:
    reader = await clients.open(Connect("narrow", V5, properties=((wire.RECEIVE_MAXIMUM, 2),)))
    await reader.subscribe("x")
    writer = await clients.join("writer")
    for payload in (b"1", b"2", b"3"):
        await writer.publish("x", payload)
    first, second = await reader.expect(Publish), await reader.expect(Publish)
    reader.send(Pingreq())
    await reader.expect(Pingresp)
    assert not [packet for packet in reader._arrived if isinstance(packet, Publish)]
    reader.send(Puback(first.packet_id))
    assert (await reader.expect(Publish)).payload == b"3"
    assert second.payload == b"2"


@pytest.mark.parametrize("version", [V5], ids=["v5"])
async def test_properties_are_forwarded(clients: Clients) -> None:
    reader = await clients.join("reader", "x")
    properties: wire.Properties = (
        (0x03, "application/json"),
        (0x08, "answer/to"),
        (0x09, b"\x01\x02"),
        (0x26, ("a", "b")),
    )
    reader.send(Publish("x", b"{}", properties=properties))
    assert set((await reader.receive()).properties) == set(properties)


@pytest.mark.parametrize("version", [V5], ids=["v5"])
async def test_no_local_and_retain_as_published(clients: Clients) -> None:
    client = await clients.join("both", "end")
    client.send(Subscribe(7, (("own", 1 | 4), ("flag", 1 | 8))))
    await client.publish("own", b"mine")
    await client.publish("flag", b"kept", retain=True)
    (message,) = await client.nothing_before("end")
    assert (message.topic, message.retain) == ("flag", True)


@pytest.mark.parametrize("version", [V5], ids=["v5"])
async def test_a_refused_message_gets_a_negative_puback(clients: Clients) -> None:
    client = await clients.join("client", "denied/#", "end")
    assert (await client.publish("denied/x", b"no")).code == 0x87
    assert await client.nothing_before("end") == []


@pytest.mark.parametrize("version", [V311], ids=["v311"])
async def test_in_the_old_version_a_refused_message_looks_like_success(clients: Clients) -> None:
    client = await clients.join("client", "denied/#", "end")
    assert (await client.publish("denied/x", b"no")).code == 0
    assert await client.nothing_before("end") == []


async def test_mosquitto_sub_reads_from_our_broker(
    our_broker: OurBroker, needs_program: Callable[[str], Path], version: int
) -> None:
    """A client that neither we nor the Python libraries wrote."""
    mosquitto_sub, mosquitto_pub = needs_program("mosquitto_sub"), needs_program("mosquitto_pub")
    common = [
        "-h",
        "127.0.0.1",
        "-p",
        str(our_broker.port),
        "-V",
        "mqttv311" if version == V311 else "mqttv5",
        "-q",
        "1",
    ]
    opened = Clients(our_broker.port, version)
    watcher = await opened.join("watcher", "seen")
    await watcher.publish("news/old", b"kept", retain=True)
    reading = await asyncio.create_subprocess_exec(
        mosquitto_sub, *common, "-t", "news/#", "-C", "2", "-F", "%t %r %p", stdout=asyncio.subprocess.PIPE
    )
    assert reading.stdout is not None
    async with asyncio.timeout(TIMEOUT_S):
        first = await reading.stdout.readline()
        writing = await asyncio.create_subprocess_exec(mosquitto_pub, *common, "-t", "news/new", "-m", "fresh")
        second = await reading.stdout.readline()
        assert (await writing.wait(), await reading.wait()) == (0, 0)
    opened.end()
    assert (first, second) == (b"news/old 1 kept\n", b"news/new 0 fresh\n")
