"""Queue from a reader thread into the loop."""

import asyncio

from hal.links.inbox import Inbox
from hal.ports import Frame


def frames(first: int, count: int) -> list[Frame]:
    return [Frame(can_id, b"") for can_id in range(first, first + count)]


async def test_overflow_keeps_the_newest_in_order_and_counts_the_rest() -> None:
    inbox = Inbox(limit=10)
    inbox.enter(asyncio.get_running_loop())
    batches: list[list[Frame]] = []
    inbox.takers.append(batches.append)

    inbox.put(frames(0, 8))
    inbox.put(frames(8, 5))
    await asyncio.sleep(0)

    assert batches == [frames(3, 10)], "one wake-up for both batches"
    assert inbox.dropped == 3

    inbox.put(frames(13, 12))
    await asyncio.sleep(0)
    assert batches[1:] == [frames(15, 10)]
    assert inbox.dropped == 5


async def test_calls_stay_in_order_with_the_frames() -> None:
    inbox = Inbox(limit=10)
    inbox.enter(asyncio.get_running_loop())
    seen: list[str] = []
    inbox.takers.append(lambda batch: seen.append(f"{len(batch)} frames"))

    inbox.call_in_loop(seen.append, "opened")
    inbox.put(frames(0, 2))
    inbox.call_in_loop(seen.append, "ended")
    await asyncio.sleep(0)

    assert seen == ["opened", "2 frames", "ended"]


def test_reader_that_outlives_the_loop_is_harmless() -> None:
    inbox = Inbox(limit=10)
    loop = asyncio.new_event_loop()
    inbox.enter(loop)
    loop.close()
    inbox.put(frames(0, 2))
    assert inbox.dropped == 0
