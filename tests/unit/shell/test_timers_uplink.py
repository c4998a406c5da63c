"""Named deadlines, and the uplink: events in order, retained state at its latest, whatever the broker does."""

import asyncio
from collections.abc import Callable

import pytest

from firmware_py.shell.timers import Timers
from firmware_py.shell.uplink import Uplink
from hal.errors import DeviceRefused, LinkDown
from hal.ports import LinkState, Message
from tests.unit.shell.fakes import Broker, virtual


def test_a_timer_fires_once_at_its_time_and_anew_when_armed_again() -> None:
    async def main() -> list[tuple[float, str]]:
        fired: list[tuple[float, str]] = []
        loop = asyncio.get_running_loop()
        timers = Timers(lambda name: fired.append((loop.time(), name)))
        timers.arm("a", 2.0)
        timers.arm("b", 1.0)
        timers.arm("gone", 1.5)
        timers.disarm("gone")
        timers.disarm("never armed")
        await asyncio.sleep(1.0)
        timers.arm("a", 2.0)
        await asyncio.sleep(5.0)
        timers.arm("late", 1.0)
        timers.arm("later", 2.0)
        timers.clear()
        await asyncio.sleep(5.0)
        return fired

    assert virtual(main()) == [(1.0, "b"), (3.0, "a")]


def test_a_timer_may_be_armed_by_its_own_firing() -> None:
    async def main() -> int:
        count = 0

        def fired(name: str) -> None:
            nonlocal count
            count += 1
            if count < 3:
                timers.arm(name, 1.0)

        timers = Timers(fired)
        timers.arm("again", 1.0)
        await asyncio.sleep(10)
        return count

    assert virtual(main()) == 3


def with_uplink(
    broker: Broker, play: Callable[[Uplink], object], seconds: float = 10.0, events_kept: int = 10_000
) -> Uplink:
    """Run an uplink on a broker."""

    async def main() -> Uplink:
        uplink = Uplink(broker, events_kept, 0.1)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(uplink.run())
            play(uplink)
            await asyncio.sleep(seconds)
            task.cancel()
        return uplink

    return virtual(main())


def test_events_keep_their_order_over_failures_and_none_is_sent_twice() -> None:
    broker = Broker(refuse=[None, LinkDown("x"), LinkDown("x"), None])

    def play(uplink: Uplink) -> None:
        for k in range(4):
            uplink.event("e", b"%d" % k)

    uplink = with_uplink(broker, play)
    assert broker.sent == [("e", b"%d" % k) for k in range(4)]
    assert uplink.idle


def test_an_event_that_the_broker_refuses_is_counted_and_does_not_block() -> None:
    broker = Broker(refuse=[DeviceRefused("not authorised", 0x87)])

    def play(uplink: Uplink) -> None:
        uplink.event("e", b"1")
        uplink.event("e", b"2")

    uplink = with_uplink(broker, play)
    assert broker.sent == [("e", b"2")]
    assert uplink.refused == 1


def test_nothing_is_tried_while_the_broker_is_away_and_all_state_comes_back_with_it() -> None:
    broker = Broker(state=LinkState.DISCONNECTED)

    def play(uplink: Uplink) -> None:
        loop = asyncio.get_running_loop()
        uplink.retain("a", b"1")
        uplink.retain("b", b"1")
        uplink.event("e", b"x")
        uplink.retain("a", b"2")
        loop.call_later(1.0, lambda: seen.extend(broker.sent))
        loop.call_later(1.0, broker.become, LinkState.READY)
        loop.call_later(2.0, broker.become, LinkState.DISCONNECTED)
        loop.call_later(3.0, broker.become, LinkState.READY)

    seen: list[tuple[str, bytes]] = []
    with_uplink(broker, play)
    assert seen == []
    assert broker.sent == [("a", b"2"), ("b", b"1"), ("e", b"x"), ("a", b"2"), ("b", b"1")]


def test_retained_state_is_sent_only_when_it_changes_and_only_its_latest() -> None:
    broker = Broker()

    def play(uplink: Uplink) -> None:
        for value in (b"1", b"2", b"3", b"3"):
            uplink.retain("a", value)
        asyncio.get_running_loop().call_later(1.0, uplink.retain, "a", b"3")

    with_uplink(broker, play)
    assert broker.sent == [("a", b"3")]


def test_state_that_failed_to_go_out_goes_out_later_at_its_latest() -> None:
    broker = Broker(refuse=[LinkDown("x")])

    def play(uplink: Uplink) -> None:
        uplink.retain("a", b"1")
        asyncio.get_running_loop().call_later(0.05, uplink.retain, "a", b"2")

    with_uplink(broker, play)
    assert broker.sent == [("a", b"2")]


def test_state_that_was_cleared_is_forgotten_after_it_was_cleared_at_the_broker() -> None:
    broker = Broker()

    def play(uplink: Uplink) -> None:
        uplink.retain("alarm", b"on")
        asyncio.get_running_loop().call_later(1.0, uplink.retain, "alarm", b"")
        asyncio.get_running_loop().call_later(2.0, broker.become, LinkState.READY)

    with_uplink(broker, play)
    assert broker.sent == [("alarm", b"on"), ("alarm", b"")]


def test_state_that_is_set_again_while_it_is_being_cleared_is_not_lost() -> None:
    broker = Broker()

    def play(uplink: Uplink) -> None:
        def again(message: Message) -> None:
            if message.payload == b"":
                broker.before = lambda _message: None
                uplink.retain("alarm", b"on again")

        broker.before = again
        uplink.retain("alarm", b"on")
        asyncio.get_running_loop().call_later(1.0, uplink.retain, "alarm", b"")

    with_uplink(broker, play)
    assert broker.sent == [("alarm", b"on"), ("alarm", b""), ("alarm", b"on again")]


def test_a_full_queue_loses_the_oldest_and_counts_it() -> None:
    broker = Broker(state=LinkState.DISCONNECTED)

    def play(uplink: Uplink) -> None:
        for k in range(5):
            uplink.event("e", b"%d" % k)
        asyncio.get_running_loop().call_later(1.0, broker.become, LinkState.READY)

    uplink = with_uplink(broker, play, events_kept=3)
    assert broker.sent == [("e", b"2"), ("e", b"3"), ("e", b"4")]
    assert uplink.lost == 2


def test_drained_returns_when_nothing_waits_any_more() -> None:
    async def main() -> float:
        broker = Broker()
        uplink = Uplink(broker, 10_000, 0.1)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(uplink.run())
            uplink.event("e", b"1")
            uplink.retain("a", b"1")
            await uplink.drained()
            at_s = asyncio.get_running_loop().time()
            assert len(broker.sent) == 2
            await uplink.drained()
            task.cancel()
        return at_s

    assert virtual(main()) == pytest.approx(0.02)
