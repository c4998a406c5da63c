"""What every MQTT link has, whatever carries it: a state, filters, incoming messages, and a task that keeps it up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Self

from hal.ports import LinkState, Message


class MqttBase:
    """All of `hal.ports.MqttLink` but `publish`. An async context manager that owns the task `_run`.

    `inbox`: incoming messages that wait for their taker.
    """

    def __init__(self, name: str, inbox: int) -> None:
        self.name = name
        self.error = ""
        """Why there is no connection."""
        self.discarded = 0
        """Incoming messages nobody took in time; those of QoS 1 come again with the next connection."""
        self._most = inbox
        self._filters: list[str] = []
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._watchers: list[Callable[[LinkState], None]] = []
        self._state = LinkState.DISCONNECTED
        self._task: asyncio.Task[None] | None = None
        self._leaving = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            (ended,) = await asyncio.gather(self._task, return_exceptions=True)
            self._change(LinkState.DISCONNECTED)
            if isinstance(ended, Exception):
                raise ended

    @property
    def state(self) -> LinkState:
        """READY once the subscriptions stand."""
        return self._state

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        self._watchers.append(changed)

    def subscribe(self, topic_filter: str) -> None:
        """Add a filter (QoS 1); valid for this and every later connection."""
        if topic_filter not in self._filters:
            self._filters.append(topic_filter)
            self._added(topic_filter)

    async def messages(self) -> AsyncIterator[Message]:
        """Incoming messages, across connections. After a reconnect those not acknowledged come again."""
        while True:
            yield await self._inbox.get()

    async def _run(self) -> None:
        raise NotImplementedError

    def _added(self, topic_filter: str) -> None:
        raise NotImplementedError

    def _arrived(self, message: Message) -> None:
        if self._inbox.qsize() < self._most:
            self._inbox.put_nowait(message)
        else:
            self.discarded += 1

    def _change(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            if state is LinkState.READY:
                self.error = ""
            for changed in self._watchers:
                changed(state)
