"""Faults of the broker on demand, and its use inside the process."""

import pytest

from hal.ports import Message
from sim.broker import wire
from sim.broker.packets import V311, Connack, Connect, Disconnect, Pingreq, Puback, Publish
from tests.unit.broker_bench import WILL, Bench, payloads


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_connect_is_rejected_as_often_as_asked(bench: Bench) -> None:
    bench.core.faults.reject_connect(0x87, count=2)
    assert bench.take(bench.connect(Connect("a"))) == [Connack(False, 0x87)]
    assert bench.take(bench.connect(Connect("a", V311))) == [Connack(False, 5)]
    (answer,) = bench.take(bench.connect(Connect("a")))
    assert isinstance(answer, Connack)
    assert answer.code == 0


def test_refused_dropped_and_delayed_acknowledgements(bench: Bench) -> None:
    client = bench.join("client")
    reader = bench.join("reader", "#")
    bench.core.faults.refuse("a", 0x97)
    bench.core.faults.drop_puback("b", count=1)
    bench.core.faults.delay_puback(2.0, "c")
    for packet_id, topic in enumerate(("a", "b", "c", "b"), start=1):
        bench.send(client, Publish(topic, topic.encode(), 1, packet_id=packet_id))
    assert bench.take(client) == [Puback(1, 0x97), Puback(4)]
    assert payloads(bench.take(reader)) == [b"b", b"c", b"b"]
    bench.pass_time(1.9)
    assert bench.take(client) == []
    bench.pass_time(0.1)
    assert bench.take(client) == [Puback(3)]


def test_frozen_broker_answers_nothing_and_catches_up(bench: Bench) -> None:
    client = bench.join("client", "x", keepalive_s=1)
    bench.core.freeze()
    assert bench.core.next_due() is None
    bench.send(client, Publish("x", b"1", 1, packet_id=9))
    bench.core.publish_local(Message("x", b"2"), bench.now)
    bench.pass_time(60)
    assert bench.take(client) == []
    bench.core.thaw(bench.now)
    first, puback, second = bench.take(client)
    assert payloads([first, second]) == [b"1", b"2"]
    assert puback == Puback(9)


def test_isolated_client_is_found_by_its_keepalive_and_can_come_back(bench: Bench) -> None:
    watcher = bench.join("watcher", "status")
    client = bench.join("client", keepalive_s=10, will=WILL)
    bench.core.isolate("client", bench.now)
    bench.send(client, Pingreq())
    bench.pass_time(15)
    assert bench.take(client) == []
    assert client not in bench.closed
    assert payloads(bench.take(watcher)) == [b"offline"]
    attempt = bench.connect(Connect("client"))
    assert bench.take(attempt) == []
    bench.core.restore("client", bench.now)
    bench.take(client)
    assert client in bench.closed
    assert bench.take(bench.connect(Connect("client")))


def test_client_closed_from_the_side_of_the_broker(bench: Bench) -> None:
    watcher = bench.join("watcher", "status")
    client = bench.join("client", will=WILL)
    bench.core.close_client("client", bench.now)
    assert bench.take(client) == [Disconnect(0x98)]
    assert payloads(bench.take(watcher)) == [b"offline"]


def test_broker_that_goes_down_sends_no_wills_and_may_forget(bench: Bench) -> None:
    client = bench.join("client", "x", clean=False, will=WILL, properties=((wire.SESSION_EXPIRY, 60),))
    bench.core.go_down(bench.now)
    assert bench.take(client) == []
    assert client in bench.closed
    refused = bench.connect(Connect("client", clean=False))
    assert bench.take(refused) == []
    assert refused in bench.closed
    assert "client" in bench.core.sessions
    bench.core.go_down(bench.now, lose_sessions=True)
    bench.core.come_up(bench.now)
    assert bench.core.sessions == {}
    assert "status" not in bench.core.retained


# in-process use


def test_local_subscribers_hear_retained_then_live_until_they_stop(bench: Bench) -> None:
    heard: list[Message] = []
    bench.core.publish_local(Message("a/b", b"kept", retain=True), bench.now)
    stop = bench.core.subscribe_local("a/#", heard.append)
    bench.send(bench.join("writer"), Publish("a/c", b"live"))
    stop()
    bench.core.publish_local(Message("a/d", b"late"), bench.now)
    assert heard == [Message("a/b", b"kept", 1, retain=True), Message("a/c", b"live", 0)]


def test_shell_is_woken_for_output_and_for_earlier_timers(bench: Bench) -> None:
    wakes: list[float | None] = []
    bench.core.wake.append(lambda: wakes.append(bench.core.next_due()))
    client = bench.connect(Connect("client", keepalive_s=2))
    assert bench.now + 3.0 in wakes
    bench.take(client)
    wakes.clear()
    bench.send(client, Pingreq())
    assert len(wakes) == 1
