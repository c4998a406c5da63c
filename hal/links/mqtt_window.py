"""The messages a broker has not acknowledged yet: how many there may be, and what becomes of each."""

import asyncio
from collections.abc import Callable

from hal.errors import LinkDown


class PublishWindow:
    """At most `size` messages under way on one connection. A message holds its place until it is acknowledged, even
    when nobody waits for it any more, because the broker counts it until then.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._slots = asyncio.Semaphore(size)
        self._pending: dict[int, asyncio.Future[int]] = {}
        self._closed = False

    def limit(self, size: int) -> None:
        """The broker allows no more than `size`; call before the first message."""
        self._slots = asyncio.Semaphore(max(1, min(self._size, size)))

    async def send(self, post: Callable[[], int], timeout_s: float) -> int:
        """Call `post`, which sends and gives the packet identifier, when there is room; returns the reason code.

        Raises LinkDown when the window closes, TimeoutError when the acknowledgement takes longer than `timeout_s`.
        """
        await self._slots.acquire()
        try:
            if self._closed:
                raise LinkDown("connection lost before the message was sent")
            packet_id = post()
        except BaseException:
            self._slots.release()
            raise
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending[packet_id] = waiter
        async with asyncio.timeout(timeout_s):
            return await waiter

    def settle(self, packet_id: int, code: int) -> None:
        """The broker answered."""
        waiter = self._pending.pop(packet_id, None)
        if waiter is not None:
            self._slots.release()
            if not waiter.done():
                waiter.set_result(code)

    def close(self) -> None:
        """The connection is gone: everything under way fails with LinkDown, also what still waits for room."""
        self._closed = True
        pending, self._pending = self._pending, {}
        for waiter in pending.values():
            self._slots.release()
            if not waiter.done():
                waiter.set_exception(LinkDown("connection lost before the broker acknowledged"))
