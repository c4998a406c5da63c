"""Packets and topics of the broker: round trips, garbage, the rules of filters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.broker import wire
from sim.broker.core import Limits
from sim.broker.packets import (
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
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
from tests.unit.broker_bench import Bench

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
