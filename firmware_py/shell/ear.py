"""A consumer of the contract: hears what a station says and has it shown."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Protocol

from firmware_py.screen import ScreenModel, View
from firmware_py.screen.shows import FRAME_S, Show
from hal.ports import LinkState, Message


class Source(Protocol):
    """Where a station is heard: a session with a broker, or the station's own socket."""

    @property
    def state(self) -> LinkState: ...

    def messages(self) -> AsyncIterator[Message]:
        """What it says, for ever."""
        ...

    def subscribe(self, topic_filter: str) -> None:
        """Wish to hear this."""
        ...


class Ear:
    """Keeps the screen's model of one station. `now_ms` is the clock that stamps the messages."""

    def __init__(self, site: str, station: str, link: Source, show: Show, now_ms: Callable[[], int]) -> None:
        self.model = ScreenModel(site, station)
        self.link = link
        self.changed = asyncio.Event()
        """Set after each message."""
        self._show = show
        self._now_ms = now_ms
        link.subscribe(self.model.topics.all)
        link.subscribe(self.model.topics.simulator)

    @property
    def view(self) -> View:
        """The screen now."""
        return replace(self.model.view(self._now_ms()), connected=self.link.state is LinkState.READY)

    async def listen(self) -> None:
        """Take every message, for ever."""
        async for message in self.link.messages():
            taken = self.model.feed(message.topic, message.payload)
            if message.ack is not None:
                message.ack()
            if taken is not None:
                self._show.message(taken, self.view)
            self.changed.set()

    async def draw(self) -> None:
        """Give the show a view several times a second, for ever."""
        while True:
            self._show.frame(self.view)
            await asyncio.sleep(FRAME_S)
