"""The uplink on a link that fails: the loop goes on, and nothing is lost but time."""

import asyncio
from collections.abc import AsyncIterator, Callable

from firmware_py.shell.uplink import Uplink
from hal.errors import LinkDown
from hal.ports import LinkState, Message

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
