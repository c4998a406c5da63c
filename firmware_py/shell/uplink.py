"""Publishing: events in order, retained state conflated to its latest value. A dead broker never holds anything up."""

import asyncio
from collections import deque
from collections.abc import Callable

from hal.errors import HalError, LinkError
from hal.ports import LinkState, Message, MqttLink


class Uplink:
    """Hands messages to the broker while there is one. Retained state is complete again after each reconnect."""

    def __init__(self, link: MqttLink, events_kept: int, again_s: float) -> None:
        self._link = link
        self._again_s = again_s
        self._events: deque[tuple[Message, Callable[[], None] | None]] = deque(maxlen=events_kept)
        self._retained: dict[str, Message] = {}
        self._dirty: dict[str, None] = {}
        self._work = asyncio.Event()
        self._under_way = False
        self._emptied = asyncio.Event()
        self._listeners: list[Callable[[Message], None]] = []
        self.refused = 0
        self.lost = 0
        link.on_state(self._on_state)

    def event(self, topic: str, payload: bytes, sent: Callable[[], None] | None = None) -> None:
        """Queue an event; the oldest is lost, and counted, when the queue is full. `sent`: the broker has it."""
        if len(self._events) == self._events.maxlen:
            self.lost += 1
        message = Message(topic, payload)
        self._events.append((message, sent))
        self._work.set()
        self._tell(message)

    def retain(self, topic: str, payload: bytes) -> None:
        """Set retained state; an empty payload clears it."""
        known = self._retained.get(topic)
        if known is not None and known.payload == payload:
            return
        self._retained[topic] = message = Message(topic, payload, retain=True)
        self._dirty[topic] = None
        self._work.set()
        self._tell(message)

    def listen(self, heard: Callable[[Message], None]) -> Callable[[], None]:
        """Hear every message as it is handed over, with or without a broker; the result ends that."""
        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard)

    @property
    def standing(self) -> tuple[Message, ...]:
        """Retained state as it is now."""
        return tuple(message for message in self._retained.values() if message.payload)

    def _tell(self, message: Message) -> None:
        for heard in self._listeners:
            heard(message)

    def _on_state(self, state: LinkState) -> None:
        if state is LinkState.READY:
            self._dirty = {**dict.fromkeys(self._retained), **self._dirty}
        self._work.set()

    @property
    def idle(self) -> bool:
        """Nothing waits to be sent or to be acknowledged."""
        return not self._dirty and not self._events and not self._under_way

    async def drained(self) -> None:
        """Returns once nothing waits. Lasts as long as the broker is gone."""
        while not self.idle:
            self._emptied.clear()
            await self._emptied.wait()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._link.state is LinkState.READY and not self.idle:
                await self._send_one()
            self._emptied.set()

    async def _send_one(self) -> None:
        if self._dirty:
            topic = next(iter(self._dirty))
            del self._dirty[topic]
            message, sent, is_event = self._retained[topic], None, False
        else:
            (message, sent), is_event = self._events[0], True
        self._under_way = True
        try:
            await self._link.publish(message)
            if sent is not None:
                sent()
        except LinkError:
            if not is_event:
                self._dirty[message.topic] = None
            await asyncio.sleep(self._again_s)  # the link fails at once until it knows itself that it is down
            return
        except HalError:
            self.refused += 1
        finally:
            self._under_way = False
        if not message.payload and self._retained.get(message.topic) is message:
            del self._retained[message.topic]
        if is_event and self._events and self._events[0][0] is message:
            self._events.popleft()
