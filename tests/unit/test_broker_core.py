"""The broker core alone: bytes in, bytes out, time as an argument."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.ports import Message
from sim.broker import wire
from sim.broker.core import BrokerCore, Limits
from sim.broker.packets import (
    V5,
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
    decode,
    encode,
)
from sim.broker.topics import Grant, Routes, is_filter, is_topic, matches
from sim.broker.wire import MalformedPacket, Splitter

WILL = Will("status", b"offline", 1)


class Bench:
    """A core with clients that are numbered; each keeps what the core sent to it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.core = BrokerCore(limits)
        self.now = 100.0
        self.closed: set[int] = set()
        self._versions: dict[int, int] = {}
        self._inbox: dict[int, list[Packet]] = {}
        self._splitters: dict[int, Splitter] = {}

    def connect(self, packet: Connect) -> int:
        conn_id = len(self._versions) + 1
        self._versions[conn_id], self._inbox[conn_id], self._splitters[conn_id] = packet.version, [], Splitter(1 << 24)
        self.core.connect(conn_id, self.now)
        self.send(conn_id, packet)
        return conn_id

    def join(self, client_id: str, *filters: str, version: int = V5, **more: object) -> int:
        conn_id = self.connect(Connect(client_id, version, **more))  # type: ignore[arg-type]
        if filters:
            self.send(conn_id, Subscribe(1, tuple((name, 1) for name in filters)))
        self.take(conn_id)
        return conn_id

    def send(self, conn_id: int, packet: Packet) -> None:
        self.core.receive(conn_id, encode(packet, self._versions[conn_id]), self.now)

    def take(self, conn_id: int) -> list[Packet]:
        """What came for the client since the last call."""
        for target, data in self.core.take_outputs():
            if data is None:
                self.closed.add(target)
            else:
                version = self._versions[target]
                self._inbox[target] += [decode(*parts, version) for parts in self._splitters[target].feed(data)]
        taken, self._inbox[conn_id] = self._inbox[conn_id], []
        return taken

    def pass_time(self, seconds: float) -> None:
        """Serve every timer on the way, at its time."""
        end = self.now + seconds
        while (due := self.core.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.core.tick(self.now)
        self.now = end


def payloads(packets: list[Packet]) -> list[bytes]:
    return [packet.payload for packet in packets if isinstance(packet, Publish)]


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


# faults


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


# packets and topics

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
PROPERTIES = st.lists(
    st.one_of(
        st.tuples(st.just(wire.USER_PROPERTY), st.tuples(TEXT, TEXT)),
        st.tuples(st.just(wire.SUBSCRIPTION_ID), st.integers(0, 268_435_455)),
    ),
    max_size=3,
).map(tuple)
IDS = st.integers(1, 0xFFFF)
CODES = st.integers(0, 255)
WILLS = st.builds(Will, TEXT, st.binary(max_size=8), st.integers(0, 2), st.booleans(), PROPERTIES)
PUBLISHES = st.one_of(
    st.builds(Publish, TEXT, st.binary(max_size=300), st.just(0), st.booleans(), st.booleans(), st.just(0), PROPERTIES),
    st.builds(Publish, TEXT, st.binary(max_size=300), st.just(1), st.booleans(), st.booleans(), IDS, PROPERTIES),
)
PACKETS = st.one_of(
    PUBLISHES,
    st.builds(
        Connect,
        TEXT,
        st.just(V5),
        st.booleans(),
        st.integers(0, 0xFFFF),
        st.none() | WILLS,
        st.none() | TEXT,
        st.none() | st.binary(max_size=8),
        PROPERTIES,
    ),
    st.builds(Connack, st.booleans(), CODES, PROPERTIES),
    st.builds(Puback, IDS, CODES, PROPERTIES),
    st.builds(Disconnect, CODES, PROPERTIES),
    st.builds(
        Subscribe, IDS, st.lists(st.tuples(TEXT, st.integers(0, 2)), min_size=1, max_size=3).map(tuple), PROPERTIES
    ),
    st.builds(Suback, IDS, st.lists(CODES, max_size=3).map(tuple), PROPERTIES),
    st.builds(Unsubscribe, IDS, st.lists(TEXT, min_size=1, max_size=3).map(tuple), PROPERTIES),
    st.builds(Unsuback, IDS, st.lists(CODES, max_size=3).map(tuple), PROPERTIES),
)


@given(packet=PACKETS, cut=st.integers(0, 400))
def test_packets_survive_the_wire_however_it_is_cut(packet: Packet, cut: int) -> None:
    data = encode(packet, V5) * 2
    splitter = Splitter(1 << 20)
    parts = [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])]
    assert [decode(first, body, V5) for first, body in parts] == [packet, packet]


@given(first=st.integers(0, 255), body=st.binary(max_size=64), version=st.sampled_from([V311, V5]))
def test_random_bodies_are_malformed_or_packets(first: int, body: bytes, version: int) -> None:
    try:
        packet = decode(first, body, version)
    except MalformedPacket:
        return
    assert decode(first, body, version) == packet


@given(chunks=st.lists(st.binary(max_size=48), max_size=6), joined=st.booleans())
def test_random_bytes_never_break_the_core(chunks: list[bytes], joined: bool) -> None:
    bench = Bench(Limits(packet_bytes=4096))
    client = bench.join("client", "#") if joined else 7
    if not joined:
        bench.core.connect(client, bench.now)
    for chunk in chunks:
        bench.core.receive(client, chunk, bench.now)
    bench.pass_time(60)


@given(packet=PACKETS, position=st.integers(0, 400), byte=st.integers(0, 255))
def test_packets_with_a_wrong_byte_never_break_the_core(packet: Packet, position: int, byte: int) -> None:
    bench = Bench(Limits(packet_bytes=4096))
    client = bench.join("client", "#")
    data = bytearray(encode(packet, V5))
    data[position % len(data)] = byte
    bench.core.receive(client, bytes(data), bench.now)
    bench.core.take_outputs()


LEVELS = st.lists(st.sampled_from(["", "a", "b", "$s"]), min_size=1, max_size=4).map("/".join)
FILTERS = st.lists(st.sampled_from(["", "a", "b", "+", "#", "$s"]), min_size=1, max_size=4).map("/".join)


def reference(topic_filter: str, topic: str) -> bool:
    """The rule of the standard, said once more as a regular expression."""
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]*")
    pattern = re.sub(r"(^|/)\\#$", lambda found: "(/.*)?" if found[1] else ".*", pattern)
    return re.fullmatch(pattern, topic) is not None


@given(topic_filter=FILTERS.filter(is_filter), topic=LEVELS.filter(is_topic))
def test_matching_follows_the_standard(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic) is reference(topic_filter, topic)
    routes: Routes[str] = Routes()
    assert routes.route(topic) == ()
    routes.add(topic_filter, "who", Grant(1))
    assert bool(routes.route(topic)) is matches(topic_filter, topic)
    routes.remove(topic_filter, "who")
    assert routes.route(topic) == ()


@pytest.mark.parametrize("name", ["", "#/a", "a#", "a/b+", "+a", "a/#/b", "/".join("x" * 65)])
def test_filters_that_are_none(name: str) -> None:
    assert not is_filter(name)
