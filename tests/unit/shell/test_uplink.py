"""The uplink on a link that fails: the loop goes on, and nothing is lost but time."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from firmware_py.shell.uplink import Uplink
from firmware_py.shell.watching import WAITING, watching
from hal.errors import LinkDown
from hal.ports import LinkState, Message
from tests.unit.shell.fakes import virtual

LIMIT_S = 5.0


class BrokenLink:
    """Says that it is ready, and fails at once as often as it is told to, without giving the loop a turn."""

    def __init__(self, failures: int) -> None:
        self.state = LinkState.READY
        self.failures = failures
        self.sent: list[Message] = []

    async def publish(self, message: Message) -> None:
        if self.failures:
            self.failures -= 1
            raise LinkDown("not sent")
        self.sent.append(message)

    def on_state(self, changed: Callable[[LinkState], None]) -> None: ...

    def subscribe(self, topic_filter: str) -> None: ...

    async def messages(self) -> AsyncIterator[Message]:
        return
        yield


class NoLink(BrokenLink):
    """There is no broker at all."""

    def __init__(self) -> None:
        super().__init__(0)
        self.state = LinkState.DISCONNECTED


def test_who_listens_beside_the_station_hears_what_stands_and_what_comes_without_a_broker() -> None:
    async def main() -> None:
        uplink = Uplink(NoLink(), 10, 0.1)
        uplink.retain("state/a", b"1")
        uplink.retain("alarm/b", b"1")
        uplink.retain("alarm/b", b"")
        said = watching(uplink)
        first = await anext(said)
        assert first == {"ok": True, "topic": "state/a", "payload": "1", "retain": True}
        assert await anext(said) == {"ok": True}, "nothing to tell: it is still there"
        uplink.retain("state/a", b"2")
        uplink.event("event/c", "ü".encode())
        uplink.retain("state/a", b"")
        heard = [await anext(said) for _ in range(3)]
        assert [(each["topic"], each["payload"], each["retain"]) for each in heard] == [
            ("state/a", "2", True),
            ("event/c", "ü", False),
            ("state/a", "", True),
        ]
        await said.aclose()
        assert uplink._listeners == []

    virtual(main())


def test_a_listener_that_is_too_far_behind_is_let_go() -> None:
    async def main() -> None:
        uplink = Uplink(NoLink(), 10, 0.1)
        uplink.retain("state/a", b"1")
        said = watching(uplink)
        await anext(said)
        for _ in range(WAITING + 2):
            uplink.event("event/c", b"x")
        with pytest.raises(StopAsyncIteration):
            while True:
                await anext(said)
        assert uplink._listeners == []

    virtual(main())


async def test_a_link_that_fails_at_once_does_not_stop_the_loop() -> None:
    link = BrokenLink(failures=1_000_000)
    uplink = Uplink(link, 10_000, 0.1)
    uplink.event("event", b"kept")
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        sending = group.create_task(uplink.run())
        for _ in range(10):
            await asyncio.sleep(0)
        assert (link.sent, uplink.idle) == ([], False)
        link.failures = 0
        await uplink.drained()
        sending.cancel()
    assert [message.payload for message in link.sent] == [b"kept"]
