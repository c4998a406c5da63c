"""What a station says, for who listens at its own socket: its state as it stands, then each message as it comes."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from firmware_py.shell.uplink import Uplink
from hal.ports import Message

ALIVE_S: Final = 1.0
"""So often a listener is told that the station is there, where there is nothing else to tell."""
WAITING: Final = 2000
"""Messages that wait for a listener; one that is so far behind begins anew."""


async def watching(uplink: Uplink) -> AsyncGenerator[Mapping[str, Any], None]:
    """For ever, or until the listener is too far behind. Needs no broker."""
    news: asyncio.Queue[Message] = asyncio.Queue()
    forget = uplink.listen(news.put_nowait)
    try:
        for message in uplink.standing:
            yield _told(message)
        while news.qsize() <= WAITING:
            try:
                async with asyncio.timeout(ALIVE_S):
                    message = await news.get()
            except TimeoutError:
                yield {"ok": True}
            else:
                yield _told(message)
    finally:
        forget()


def _told(message: Message) -> Mapping[str, Any]:
    return {"ok": True, "topic": message.topic, "payload": message.payload.decode(), "retain": message.retain}
