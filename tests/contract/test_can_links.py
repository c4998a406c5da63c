"""What every CAN link does, whatever carries it: one word of the station file chooses."""

import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.errors import LinkDown
from hal.ports import Frame, LinkState
from tests.contract.can_rig import INTERFACES, Opener, interface, opened


@pytest.fixture(params=INTERFACES)
async def new_link(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    """Makes links that share one channel."""
    async with interface(request.param, tmp_path) as opener:
        yield opener


async def test_frames_arrive_complete_and_in_order(new_link: Opener) -> None:
    async with opened(new_link(), new_link()) as (here, there):
        sent = [Frame(0x18FF0000 + number, bytes([number]) * (number % 9)) for number in range(200)]
        sent.append(Frame(0x123, b"\x00\xff", extended=False))
        for frame in sent:
            await here.link.send(frame)
        await there.until(lambda: len(there.frames) >= len(sent))
        assert there.frames == sent
        assert here.frames == [], "a client does not hear itself"


async def test_three_clients_hear_each_other(new_link: Opener) -> None:
    async with opened(new_link(), new_link(), new_link()) as watches:
        for number, watch in enumerate(watches):
            await watch.link.send(Frame(number, b""))
        for number, watch in enumerate(watches):
            await watch.until(lambda watch=watch: len(watch.frames) >= 2)
            assert [frame.can_id for frame in watch.frames] == [other for other in range(3) if other != number]


async def test_a_link_that_is_not_open_refuses_to_send(new_link: Opener) -> None:
    link = new_link()
    with pytest.raises(LinkDown):
        await link.send(Frame(1, b""))
    async with opened(link):
        pass
    assert link.state is LinkState.DISCONNECTED
    with pytest.raises(LinkDown):
        await link.send(Frame(1, b""))


async def test_states_in_their_order_and_no_thread_left(new_link: Opener) -> None:
    before = set(threading.enumerate())
    link = new_link()
    async with opened(link) as (watch,):
        await link.send(Frame(1, b""))
        left = time.perf_counter()
    assert time.perf_counter() - left < 0.3
    assert watch.states == [LinkState.CONNECTING, LinkState.READY, LinkState.DISCONNECTED]
    assert not {thread for thread in set(threading.enumerate()) - before if thread.name.startswith("can-read")}
