"""The broker core alone: bytes in, bytes out, time as an argument. Time, sessions, limits."""

import pytest

from hal.ports import Message
from sim.broker import wire
from sim.broker.core import Limits
from sim.broker.packets import (
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from tests.unit.broker_bench import WILL, Bench, payloads


@pytest.fixture
def bench() -> Bench:
    return Bench()


# time


def test_keepalive_is_one_and_a_half_times(bench: Bench) -> None:
    watcher = bench.join("watcher", "status")
    silent = bench.join("silent", keepalive_s=10, will=WILL)
    bench.pass_time(9)
    bench.send(silent, Pingreq())
    bench.pass_time(14.9)
    assert payloads(bench.take(watcher)) == []
    assert bench.take(silent) == [Pingresp()]
    bench.pass_time(0.1)
    assert payloads(bench.take(watcher)) == [b"offline"]
    assert bench.take(silent) == [Disconnect(0x8D)]
    assert silent in bench.closed


def test_who_never_sends_connect_is_closed(bench: Bench) -> None:
    bench.core.connect(99, bench.now)
    bench.pass_time(10)
    assert bench.core.take_outputs() == [(99, None)]


def test_session_ends_at_its_expiry(bench: Bench) -> None:
    hello = Connect("sleeper", clean=False, properties=((wire.SESSION_EXPIRY, 60),))
    for absence_s, present in ((59.0, True), (60.0, False)):
        bench.core.closed(bench.connect(hello), bench.now)
        bench.pass_time(absence_s)
        again = bench.connect(hello)
        (answer,) = bench.take(again)
        assert isinstance(answer, Connack)
        assert answer.session_present is present
        bench.core.closed(again, bench.now)


def test_delayed_will_is_kept_back_by_a_return(bench: Bench) -> None:
    watcher = bench.join("watcher", "status")
    hello = Connect(
        "station",
        clean=False,
        will=Will("status", b"offline", properties=((wire.WILL_DELAY, 5),)),
        properties=((wire.SESSION_EXPIRY, 60),),
    )
    bench.core.closed(bench.connect(hello), bench.now)
    bench.pass_time(4)
    again = bench.connect(hello)
    bench.pass_time(10)
    assert payloads(bench.take(watcher)) == []
    bench.core.closed(again, bench.now)
    bench.pass_time(5)
    assert payloads(bench.take(watcher)) == [b"offline"]


def test_expired_messages_are_not_delivered_and_others_count_down(bench: Bench) -> None:
    hello = Connect("sleeper", clean=False, properties=((wire.SESSION_EXPIRY, 600),))
    sleeper = bench.connect(hello)
    bench.send(sleeper, Subscribe(1, (("x", 1),)))
    bench.core.closed(sleeper, bench.now)
    writer = bench.join("writer")
    for packet_id, expiry_s in ((1, 10), (2, 30)):
        message = Publish("x", b"%d" % expiry_s, 1, packet_id=packet_id, properties=((wire.MESSAGE_EXPIRY, expiry_s),))
        bench.send(writer, message)
    bench.pass_time(12)
    (message,) = [packet for packet in bench.take(bench.connect(hello)) if isinstance(packet, Publish)]
    assert (message.payload, message.properties) == (b"30", ((wire.MESSAGE_EXPIRY, 18),))


# sessions and limits


def test_take_over_publishes_the_will_and_tells_the_old_client(bench: Bench) -> None:
    watcher = bench.join("watcher", "status")
    first = bench.join("same", will=WILL)
    second = bench.join("same", will=WILL)
    assert bench.take(first) == [Disconnect(0x8E)]
    assert payloads(bench.take(watcher)) == [b"offline"]
    bench.core.closed(first, bench.now)
    bench.send(second, Pingreq())
    assert bench.take(second) == [Pingresp()]
    assert payloads(bench.take(watcher)) == []


def test_overlapping_filters_deliver_once(bench: Bench) -> None:
    reader = bench.join("reader", "a/#", "a/+", "a/b")
    bench.send(bench.join("writer"), Publish("a/b", b"one"))
    assert payloads(bench.take(reader)) == [b"one"]


def test_unsubscribed_means_nothing_more(bench: Bench) -> None:
    reader = bench.join("reader", "x", "y")
    bench.send(reader, Unsubscribe(2, ("x", "z")))
    bench.send(reader, Publish("x", b"1"))
    bench.send(reader, Publish("y", b"2"))
    answer, message = bench.take(reader)
    assert answer == Unsuback(2, (0, 0x11))
    assert message == Publish("y", b"2")


def test_queue_of_an_absent_client_is_bounded() -> None:
    bench = Bench(Limits(queued=5))
    hello = Connect("sleeper", V311, clean=False)
    sleeper = bench.connect(hello)
    bench.send(sleeper, Subscribe(1, (("x", 1),)))
    bench.core.closed(sleeper, bench.now)
    writer = bench.join("writer")
    for number in range(8):
        bench.send(writer, Publish("x", b"%d" % number, 1, packet_id=1))
    assert bench.core.sessions["sleeper"].dropped == 3
    assert payloads(bench.take(bench.connect(hello))) == [b"0", b"1", b"2", b"3", b"4"]


def test_at_most_the_window_is_under_way() -> None:
    bench = Bench(Limits(inflight=2))
    reader = bench.join("reader", "x")
    for number in range(4):
        bench.core.publish_local(Message("x", b"%d" % number), bench.now)
    first, second = bench.take(reader)
    assert isinstance(first, Publish)
    bench.send(reader, Puback(first.packet_id))
    assert payloads(bench.take(reader)) == [b"2"]
    assert isinstance(second, Publish)
    bench.send(reader, Puback(second.packet_id))
    assert payloads(bench.take(reader)) == [b"3"]


def test_client_that_exceeds_our_receive_maximum_is_dropped() -> None:
    bench = Bench(Limits(inflight=2))
    bench.core.faults.drop_puback()
    eager = bench.join("eager")
    for packet_id in (1, 2, 3):
        bench.send(eager, Publish("x", b"", 1, packet_id=packet_id))
    assert bench.take(eager) == [Disconnect(0x93)]


def test_packets_over_the_limit_are_refused_before_they_are_stored() -> None:
    bench = Bench(Limits(packet_bytes=100))
    client = bench.join("client")
    bench.core.receive(client, b"\x30\xff\xff\x03", bench.now)
    assert bench.take(client) == [Disconnect(0x95)]


def test_full_house_is_said_at_connect() -> None:
    bench = Bench(Limits(sessions=1))
    bench.join("first")
    assert bench.take(bench.connect(Connect("second"))) == [Connack(False, 0x97)]
    assert bench.take(bench.connect(Connect("third", V311))) == [Connack(False, 3)]


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (Publish("x", b"", 2, packet_id=1), 0x9B),
        (Publish("a/+", b""), 0x90),
        (Publish("", b"", properties=((wire.TOPIC_ALIAS, 1),)), 0x90),
        (Publish("x", b"", properties=((wire.TOPIC_ALIAS, 1),)), 0x94),
        (Connect("again"), 0x82),
        (Subscribe(1, (("x", 1),), ((wire.SUBSCRIPTION_ID, 3),)), 0xA1),
        (Pingresp(), 0x82),
    ],
)
def test_what_is_not_offered_ends_the_connection_with_its_reason(bench: Bench, packet: Packet, code: int) -> None:
    client = bench.join("client")
    bench.send(client, packet)
    assert bench.take(client) == [Disconnect(code)]
    assert client in bench.closed


def test_bad_filters_are_refused_one_by_one(bench: Bench) -> None:
    client = bench.join("client")
    bench.send(client, Subscribe(3, (("ok/#", 2), ("a/#/b", 1), ("$share/g/x", 1))))
    assert bench.take(client) == [Suback(3, (1, 0x8F, 0x9E))]


def test_client_without_id_gets_one_in_version_5(bench: Bench) -> None:
    (answer,) = bench.take(bench.connect(Connect("")))
    assert isinstance(answer, Connack)
    assert dict(answer.properties)[wire.ASSIGNED_CLIENT_ID] in bench.core.sessions
    assert bench.take(bench.connect(Connect("", V311, clean=False))) == [Connack(False, 2)]
