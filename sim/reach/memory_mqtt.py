"""An MQTT link inside the process: sessions of the broker core without bytes, for runs in virtual time."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn, Self

from hal.errors import DeviceRefused, LinkDown, LinkTimeout
from hal.links.mqtt_base import MqttBase
from hal.ports import LinkState, Message
from sim.broker.core import BrokerCore
from sim.broker.packets import Will
from sim.broker.session import Publication, Session
from sim.broker.topics import Grant, is_filter

_REFUSED = 0x80
_LOST_PINGS = 2


class _Inside:
    """One connection: the `Peer` of its session. What it delivers is `latency_s` on its way, in order."""

    def __init__(self, arrived: Callable[[Message], None], latency_s: float, isolated: Callable[[], bool]) -> None:
        self.session: Session | None = None
        self.ended = asyncio.Event()
        self._arrived, self._latency_s, self._isolated = arrived, latency_s, isolated
        self._loop = asyncio.get_running_loop()
        self._transit: deque[tuple[float, Message]] = deque()

    def deliver(self, publication: Publication, qos: int, packet_id: int, *, retain: bool, dup: bool) -> None:
        """A message of the broker. `dup` has no place in `Message`: receivers know a repetition by its content."""
        if self._isolated():
            return
        ack = partial(self._ack, packet_id) if qos else None
        message = Message(publication.topic, publication.payload, qos, retain, ack)
        if not self._latency_s:
            self._arrived(message)
            return
        due = self._loop.time() + self._latency_s
        self._transit.append((due, message))
        if len(self._transit) == 1:
            self._loop.call_at(due, self._arrive)

    def evict(self, code: int) -> None:
        """The broker closed."""
        self.session = None
        self.ended.set()

    def _arrive(self) -> None:
        now = self._loop.time()
        while self._transit and self._transit[0][0] <= now:
            _, message = self._transit.popleft()
            if not self.ended.is_set():
                self._arrived(message)
        if self._transit:
            self._loop.call_at(self._transit[0][0], self._arrive)

    def _ack(self, packet_id: int) -> None:
        if self.session is not None and not self._isolated():
            self.session.acknowledge(packet_id, self._loop.time())


class MemoryMqttLink(MqttBase):
    """Implements `hal.ports.MqttLink` over a core in the same process; an async context manager.

    `latency_s` is the time from a publish to its acknowledgement, and of a delivery. Times are those of the running
    loop. A silent broker is noticed after two keepalives, as the link over TCP notices it.
    """

    def __init__(
        self,
        core: BrokerCore,
        client_id: str,
        *,
        latency_s: float = 0.0,
        will: Message | None = None,
        keepalive_s: float = 15.0,
        retry_s: float = 1.0,
        publish_timeout_s: float = 10.0,
        session_expiry_s: int = 3600,
        inbox: int = 1000,
    ) -> None:
        super().__init__(f"memory mqtt {client_id}", inbox)
        self._core, self._client_id, self._latency_s = core, client_id, latency_s
        self._will = None if will is None else Will(will.topic, will.payload, will.qos, will.retain)
        self._keepalive_s, self._retry_s, self._publish_timeout_s = keepalive_s, retry_s, publish_timeout_s
        self._session_expiry_s = session_expiry_s
        self._inside: _Inside | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._core.wake.append(self._arm)
        return await super().__aenter__()

    async def __aexit__(self, *_: object) -> None:
        try:
            await super().__aexit__()
        finally:
            if self._arm in self._core.wake:
                self._core.wake.remove(self._arm)
            if self._timer is not None:
                self._timer.cancel()

    def cut(self) -> None:
        """Whoever has it is dead, at once: the broker sees the connection end, and says its will."""
        if self._arm in self._core.wake:
            self._core.wake.remove(self._arm)
        if self._timer is not None:
            self._timer.cancel()
        if self._inside is not None:
            self._part(self._inside, with_will=True)

    async def publish(self, message: Message) -> None:
        """Returns once the broker took it. Raises LinkDown, LinkTimeout, DeviceRefused."""
        inside = self._inside
        if inside is None:
            raise LinkDown(f"{self.name}: {self._state}")
        verdict = self._core.publish_local(message, self._loop.time(), self._client_id)
        if not message.qos:
            return
        wait_s = self._latency_s + verdict.delay_s
        if not verdict.answered or wait_s > self._publish_timeout_s:
            await self._no_answer(inside, message)
        if wait_s:
            await asyncio.sleep(wait_s)
        if inside.ended.is_set():
            raise LinkDown("connection lost before the broker acknowledged")
        if verdict.code >= _REFUSED:
            raise DeviceRefused(f"{message.topic}: refused by the broker, reason {verdict.code:#x}", verdict.code)

    async def _no_answer(self, inside: _Inside, message: Message) -> NoReturn:
        try:
            async with asyncio.timeout(self._publish_timeout_s):
                await inside.ended.wait()
        except TimeoutError:
            inside.ended.set()
            raise LinkTimeout(f"{message.topic}: no acknowledgement within {self._publish_timeout_s} s") from None
        raise LinkDown("connection lost before the broker acknowledged")

    async def _run(self) -> None:
        while True:
            self._change(LinkState.CONNECTING)
            await asyncio.sleep(self._latency_s)
            inside = _Inside(self._arrived, self._latency_s, self._is_silent)
            try:
                if self._open(inside):
                    await self._hold(inside)
            except asyncio.CancelledError:
                self._close(inside, with_will=False)
                raise
            self._close(inside, with_will=True)
            await asyncio.sleep(self._retry_s)

    def _open(self, inside: _Inside) -> bool:
        """Whether the broker accepted. A frozen or unreachable one does not answer, which looks the same here."""
        core = self._core
        core.tick(self._loop.time())
        if not core.up or core.frozen or self._client_id in core.faults.isolated:
            return False
        if core.faults.on_connect() or not core.has_room(self._client_id):
            return False
        expiry_s = self._session_expiry_s
        inside.session, _ = core.open_session(
            inside, self._client_id, clean=False, expiry_s=expiry_s, will=self._will, receive_maximum=0xFFFF
        )
        self._inside = inside
        for topic_filter in self._filters:
            self._ask(inside, topic_filter)
        self._change(LinkState.READY)
        inside.session.resume(self._loop.time())
        return True

    async def _hold(self, inside: _Inside) -> None:
        """Ping the broker every keepalive, until the connection ends or two pings in a row are lost."""
        unanswered = 0
        while not inside.ended.is_set() and unanswered < _LOST_PINGS:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._keepalive_s):
                    await inside.ended.wait()
            unanswered = unanswered + 1 if self._is_silent() else 0

    def _close(self, inside: _Inside, *, with_will: bool) -> None:
        self._part(inside, with_will=with_will)
        self._change(LinkState.DISCONNECTED)

    def _part(self, inside: _Inside, *, with_will: bool) -> None:
        inside.ended.set()
        self._inside = None
        session, inside.session = inside.session, None
        if session is not None and session.peer is inside:
            self._core.tick(self._loop.time())
            self._core.end_session(session, with_will=with_will)

    def _is_silent(self) -> bool:
        return self._core.frozen or self._client_id in self._core.faults.isolated

    def _added(self, topic_filter: str) -> None:
        if self._inside is not None:
            self._ask(self._inside, topic_filter)

    def _ask(self, inside: _Inside, topic_filter: str) -> None:
        if inside.session is not None and is_filter(topic_filter):
            self._core.subscribe(inside.session, topic_filter, Grant(1, retain_as_published=True))
            self._core.send_retained(inside.session, topic_filter, Grant(1), self._loop.time())

    def _arm(self) -> None:
        """Have the core ticked when it wants to be."""
        due = self._core.next_due()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._core.tick(self._loop.time())
        self._arm()
