"""What the broker remembers of one client: subscriptions, messages under way and messages queued."""

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from sim.broker.packets import Will
from sim.broker.topics import Grant
from sim.broker.wire import MESSAGE_EXPIRY, Properties

NEVER: Final = 0xFFFFFFFF
TAKEN_OVER: Final = 0x8E


@dataclass(slots=True)
class Publication:
    """One message inside the broker. `retain` is the publisher's flag, `expires_at` is a time of the core."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    properties: Properties = ()
    expires_at: float | None = None
    sender: str | None = None

    def properties_at(self, now: float) -> Properties:
        """The properties to forward: the expiry interval shrinks while the message waits."""
        if self.expires_at is None:
            return self.properties
        left = max(0, round(self.expires_at - now))
        return tuple((key, left if key == MESSAGE_EXPIRY else value) for key, value in self.properties)

    def expired(self, now: float) -> bool:
        """Whether it is too old to be delivered."""
        return self.expires_at is not None and now >= self.expires_at


class Peer(Protocol):
    """The other end of a session: a connection with bytes, or a client inside this process."""

    def deliver(self, publication: Publication, qos: int, packet_id: int, *, retain: bool, dup: bool) -> None:
        """Hand over one message. At QoS 1 the peer calls `Session.acknowledge` later."""
        ...

    def evict(self, code: int) -> None:
        """The broker ends the connection for the MQTT 5 reason `code`. The session no longer knows the peer."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the broker. Sizes in bytes, times in seconds."""

    packet_bytes: int = 8 * 1024 * 1024
    inflight: int = 20
    queued: int = 5000
    queued_bytes: int = 64 * 1024 * 1024
    retained: int = 10_000
    sessions: int = 1000
    session_expiry_s: int = NEVER
    connect_within_s: float = 10.0


@dataclass(slots=True)
class _Waiting:
    publication: Publication
    retain: bool


class Session:
    """One client, connected or not."""

    def __init__(self, client_id: str, limits: Limits) -> None:
        self.client_id = client_id
        self.expiry_s = 0
        self.subscriptions: dict[str, Grant] = {}
        self.peer: Peer | None = None
        self.will: Will | None = None
        self.ended_at: float | None = None
        self.dropped = 0
        self._limits = limits
        self._window = limits.inflight
        self._inflight: dict[int, _Waiting] = {}
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._last_id = 0

    @property
    def waiting(self) -> int:
        """QoS 1 messages not acknowledged yet, sent or not."""
        return len(self._inflight) + len(self._queue)

    def attach(self, peer: Peer, receive_maximum: int) -> None:
        """A connection carries the session from now on; call `resume` once the client knows it is accepted."""
        self.peer = peer
        self.ended_at = None
        self._window = max(1, min(receive_maximum, self._limits.inflight))

    def resume(self, now: float) -> None:
        """Send again, marked DUP, what was not acknowledged, then what waited."""
        earlier = self._inflight
        self._inflight = {}
        for packet_id, waiting in earlier.items():
            if len(self._inflight) < self._window:
                self._send(packet_id, waiting, now, dup=True)
        overflow = [waiting for packet_id, waiting in earlier.items() if packet_id not in self._inflight]
        self._queue.extendleft(reversed(overflow))
        self._queued_bytes += sum(len(waiting.publication.payload) for waiting in overflow)
        self._pump(now)

    def offer(self, publication: Publication, grant: Grant, now: float, *, retained: bool = False) -> None:
        """Deliver now, queue, or drop (counted in `dropped`). `retained`: sent because of a new subscription."""
        retain = retained or (publication.retain and grant.retain_as_published)
        if min(publication.qos, grant.qos) == 0:
            if self.peer is not None:
                self.peer.deliver(publication, 0, 0, retain=retain, dup=False)
            return
        waiting = _Waiting(publication, retain)
        if self.peer is not None and len(self._inflight) < self._window and not self._queue:
            self._send(self._next_id(), waiting, now, dup=False)
        elif (
            len(self._queue) >= self._limits.queued
            or self._queued_bytes + len(publication.payload) > self._limits.queued_bytes
        ):
            self.dropped += 1
        else:
            self._queue.append(waiting)
            self._queued_bytes += len(publication.payload)

    def acknowledge(self, packet_id: int, now: float) -> None:
        """PUBACK of the client; unknown identifiers are ignored."""
        if self._inflight.pop(packet_id, None) is not None and self._queue:
            self._pump(now)

    def _pump(self, now: float) -> None:
        while self.peer is not None and self._queue and len(self._inflight) < self._window:
            waiting = self._queue.popleft()
            self._queued_bytes -= len(waiting.publication.payload)
            if not waiting.publication.expired(now):
                self._send(self._next_id(), waiting, now, dup=False)

    def _send(self, packet_id: int, waiting: _Waiting, now: float, *, dup: bool) -> None:
        if self.peer is None:
            return
        self._inflight[packet_id] = waiting
        self.peer.deliver(waiting.publication, 1, packet_id, retain=waiting.retain, dup=dup)

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._inflight:
                return self._last_id
