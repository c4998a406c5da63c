"""The broker itself: who is connected, who gets what, what is kept. No clock and no sockets: `now` is an argument.

Byte connections: `connect`, `receive`, `closed`, `tick`, then `take_outputs`. In-process clients: `open_session` with a
peer of their own, or `publish_local` and `subscribe_local`. Times are seconds of any clock that never goes back.
"""

import heapq
from collections.abc import Callable
from typing import Final

from hal.ports import Message
from sim.broker.connection import KEEPALIVE_TIMEOUT, Connection
from sim.broker.faults import SILENT, Faults, Verdict
from sim.broker.packets import Publish, Will
from sim.broker.session import NEVER, TAKEN_OVER, Limits, Peer, Publication, Session
from sim.broker.topics import Grant, Routes, is_filter, is_topic, matches
from sim.broker.wire import (
    MESSAGE_EXPIRY,
    SUBSCRIPTION_ID,
    TOPIC_ALIAS,
    WILL_DELAY,
    MalformedPacket,
    Properties,
    number,
)

ADMINISTRATIVE: Final = 0x98
Output = tuple[int, bytes | None]


class BrokerCore:
    """One broker. `wake` callbacks run when outputs or an earlier timer appear, so that a shell can serve them."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.faults = Faults()
        self.now = 0.0
        self.up = True
        self.wake: list[Callable[[], None]] = []
        self.retained: dict[str, Publication] = {}
        self.sessions: dict[str, Session] = {}
        self._connections: dict[int, Connection] = {}
        self._outputs: list[Output] = []
        self._routes: Routes[Session | Callable[[Message], None]] = Routes()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_count = 0
        self._assigned = 0
        self._held: list[Callable[[], object]] | None = None
        self._orphans: list[tuple[str, int]] = []

    # byte connections

    def connect(self, conn_id: int, now: float) -> None:
        """A client opened connection `conn_id`; it must send CONNECT soon."""
        self._at_time(now)
        connection = Connection(self, conn_id, now)
        self._connections[conn_id] = connection
        if self.up:
            self.watch(connection)
        else:
            self.forget(connection)

    def receive(self, conn_id: int, data: bytes, now: float) -> None:
        """Bytes came. Connections already closed by the broker are ignored."""
        if self._held is not None:
            self._held.append(lambda: self.receive(conn_id, data, self.now))
            return
        self._at_time(now)
        connection = self._connections.get(conn_id)
        if connection is not None and connection.client_id not in self.faults.isolated:
            connection.receive(data, now)

    def closed(self, conn_id: int, now: float) -> None:
        """The connection broke or was closed without a word: the will goes out."""
        if self._held is not None:
            self._held.append(lambda: self.closed(conn_id, self.now))
            return
        self._at_time(now)
        connection = self._connections.pop(conn_id, None)
        if connection is not None:
            self._detach(connection)

    def take_outputs(self) -> list[Output]:
        """(connection, bytes) in order; None instead of bytes asks to close the connection."""
        outputs, self._outputs = self._outputs, []
        return outputs

    # time

    def tick(self, now: float) -> None:
        """Run what is due: keepalive, delayed acknowledgements and wills, expiry."""
        self._at_time(now)
        while self._held is None and self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def next_due(self) -> float | None:
        """When `tick` has something to do, or None."""
        return self._timers[0][0] if self._timers and self._held is None else None

    def at(self, due: float, action: Callable[[], None]) -> None:
        """Run `action` in the tick at `due`."""
        self._timer_count += 1
        heapq.heappush(self._timers, (due, self._timer_count, action))
        if self._timers[0][0] == due:
            self._rouse()

    # in-process use

    def publish_local(self, message: Message, now: float, sender: str | None = None) -> Verdict:
        """Publish from inside the process, `sender` being the client id if there is one. Faults strike it too."""
        if not is_topic(message.topic):
            return Verdict(code=0x90)
        if sender in self.faults.isolated:
            return SILENT
        self._at_time(now)
        qos = min(message.qos, 1)
        return self.publish(Publication(message.topic, message.payload, qos, message.retain, sender=sender))

    def subscribe_local(self, topic_filter: str, callback: Callable[[Message], None]) -> Callable[[], None]:
        """Call `callback` for each message, retained ones first. Returns the way to stop it."""
        if not is_filter(topic_filter):
            raise ValueError(f"not a topic filter: {topic_filter!r}")
        self._routes.add(topic_filter, callback, Grant(1))
        for found in [kept for topic, kept in self.retained.items() if matches(topic_filter, topic)]:
            callback(Message(found.topic, found.payload, found.qos, retain=True))
        return lambda: self._routes.remove(topic_filter, callback)

    # faults that need the core

    def freeze(self) -> None:
        """Stop answering everybody, as a stopped process does. Connections stay open."""
        if self._held is None:
            self._held = []

    def thaw(self, now: float) -> None:
        """Go on with what came in meanwhile."""
        held, self._held = self._held or [], None
        self._at_time(now)
        for connection in self._connections.values():
            connection.last_seen = now
        for action in held:
            action()
        self._rouse()

    @property
    def frozen(self) -> bool:
        """Whether nobody gets an answer."""
        return self._held is not None

    def isolate(self, client_id: str, now: float) -> None:
        """Lose everything from and to one client, as a dead route does; the keepalive finds it out."""
        self._at_time(now)
        self.faults.isolated.add(client_id)

    def restore(self, client_id: str, now: float) -> None:
        """End of `isolate`. A connection that survived has lost bytes and is closed."""
        self._at_time(now)
        self.faults.isolated.discard(client_id)
        self.close_client(client_id, now, 0)
        self._outputs += [(conn_id, None) for name, conn_id in self._orphans if name == client_id]
        self._orphans = [orphan for orphan in self._orphans if orphan[0] != client_id]
        self._rouse()

    def close_client(self, client_id: str, now: float, code: int = ADMINISTRATIVE) -> None:
        """Close the connection of a client from the side of the broker; its will goes out."""
        self._at_time(now)
        session = self.sessions.get(client_id)
        if session is not None and session.peer is not None:
            peer = session.peer
            self.end_session(session, with_will=True)
            peer.evict(code)

    def go_down(self, now: float, *, lose_sessions: bool = False) -> None:
        """Close every connection and take no new one until `come_up`. No wills: nobody is left to send them."""
        self._at_time(now)
        self.up = False
        self._held = None
        for session in list(self.sessions.values()):
            peer = session.peer
            session.will = None
            self.end_session(session, with_will=False)
            if peer is not None:
                peer.evict(0)
        for connection in list(self._connections.values()):
            self.forget(connection)
        if lose_sessions:
            self.retained.clear()
            for session in list(self.sessions.values()):
                self._end_of(session)

    def come_up(self, now: float) -> None:
        """Take connections again."""
        self._at_time(now)
        self.up = True
        self._rouse()

    # for the peers of this package

    def has_room(self, client_id: str) -> bool:
        """Whether one more session is allowed."""
        return client_id in self.sessions or len(self.sessions) < self.limits.sessions

    def new_client_id(self) -> str:
        """An identifier nobody uses."""
        while True:
            self._assigned += 1
            name = f"auto-{self._assigned}"
            if name not in self.sessions:
                return name

    def open_session(
        self, peer: Peer, client_id: str, *, clean: bool, expiry_s: int, will: Will | None, receive_maximum: int
    ) -> tuple[Session, bool]:
        """The session of `client_id` and whether it was kept from earlier; a living connection is taken over."""
        session = self.sessions.get(client_id)
        if session is not None and session.peer is not None:
            earlier = session.peer
            self.end_session(session, with_will=True)
            earlier.evict(TAKEN_OVER)
            session = self.sessions.get(client_id)
        if session is not None and clean:
            self._end_of(session)
            session = None
        present = session is not None
        if session is None:
            session = self.sessions[client_id] = Session(client_id, self.limits)
        session.expiry_s, session.will = expiry_s, will
        session.attach(peer, receive_maximum)
        return session, present

    def end_session(self, session: Session, *, with_will: bool) -> None:
        """The connection of the session is gone; the session itself stays until its expiry."""
        session.peer = None
        session.ended_at = ended_at = self.now
        will, session.will = session.will, None
        if will is not None and with_will:
            delay_s = min(number(will.properties, WILL_DELAY, 0), session.expiry_s)
            if delay_s:
                self.at(self.now + delay_s, lambda: self._late_will(session, ended_at, will))
            else:
                self._publish_will(session, will)
        if session.expiry_s == 0:
            self._end_of(session)
        elif session.expiry_s != NEVER:
            self.at(self.now + session.expiry_s, lambda: self._expire(session, ended_at))

    def subscribe(self, session: Session, topic_filter: str, grant: Grant) -> bool:
        """Add or replace a subscription; true if it existed."""
        known = topic_filter in session.subscriptions
        if session.subscriptions.get(topic_filter) != grant:
            session.subscriptions[topic_filter] = grant
            self._routes.add(topic_filter, session, grant)
        return known

    def unsubscribe(self, session: Session, topic_filter: str) -> bool:
        """Remove a subscription; true if it existed."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        self._routes.remove(topic_filter, session)
        return True

    def send_retained(self, session: Session, topic_filter: str, grant: Grant, now: float) -> None:
        """What is kept on matching topics, marked as retained."""
        for topic, publication in list(self.retained.items()):
            if publication.expired(now):
                del self.retained[topic]
            elif matches(topic_filter, topic):
                session.offer(publication, grant, now, retained=True)

    def publication(self, packet: Publish, sender: str) -> Publication:
        """What a client sent, as the broker keeps it. Raises `MalformedPacket` for what was not offered."""
        properties: Properties = packet.properties
        expires_at = None
        if properties:
            if any(key in (TOPIC_ALIAS, SUBSCRIPTION_ID) for key, _ in properties):
                raise MalformedPacket("topic alias or subscription identifier in PUBLISH", 0x94)
            expiry_s = number(properties, MESSAGE_EXPIRY, -1)
            expires_at = self.now + expiry_s if expiry_s >= 0 else None
        return Publication(packet.topic, packet.payload, packet.qos, packet.retain, properties, expires_at, sender)

    def publish(self, publication: Publication) -> Verdict:
        """Keep if retained, forward to everybody interested; the verdict says how to acknowledge."""
        if self._held is not None:
            self._held.append(lambda: self.publish(publication))
            return SILENT
        verdict = self.faults.on_publish(publication.topic)
        if verdict.code >= 0x80:
            return verdict
        if publication.retain and not self._keep(publication):
            return Verdict(code=0x97)
        for target, grant in self._routes.route(publication.topic):
            if isinstance(target, Session):
                if not (grant.no_local and target.client_id == publication.sender):
                    target.offer(publication, grant, self.now)
            else:
                target(Message(publication.topic, publication.payload, publication.qos))
        return verdict

    def knows(self, connection: Connection) -> bool:
        """Whether the connection is still open."""
        return self._connections.get(connection.conn_id) is connection

    def watch(self, connection: Connection) -> None:
        """Close the connection when it is silent for its `silence_s`; looks again when the time may have come."""
        if not self.knows(connection) or connection.silence_s is None:
            return
        due = connection.last_seen + connection.silence_s
        if self.now >= due:
            self.drop(connection, KEEPALIVE_TIMEOUT if connection.session is not None else 0)
            return
        connection.watch = watch = connection.watch + 1
        self.at(due, lambda: self.watch(connection) if connection.watch == watch else None)

    def emit(self, connection: Connection, data: bytes) -> None:
        """Bytes for the client."""
        if connection.client_id in self.faults.isolated:
            return
        self._outputs.append((connection.conn_id, data))
        if len(self._outputs) == 1:
            self._rouse()

    def forget(self, connection: Connection) -> None:
        """Close the connection from the side of the broker."""
        if self._connections.pop(connection.conn_id, None) is None:
            return
        if connection.client_id in self.faults.isolated:
            self._orphans.append((connection.client_id, connection.conn_id))
            return
        self._outputs.append((connection.conn_id, None))
        self._rouse()

    def drop(self, connection: Connection, code: int) -> None:
        """Close because of a fault of the client; the will goes out."""
        if self.knows(connection):
            connection.farewell(code)
            self.forget(connection)
            self._detach(connection)

    def leave(self, connection: Connection, *, with_will: bool) -> None:
        """The client said goodbye."""
        session, connection.session = connection.session, None
        self.forget(connection)
        if session is not None:
            self.end_session(session, with_will=with_will)

    # inside

    def _at_time(self, now: float) -> None:
        self.now = max(self.now, now)

    def _rouse(self) -> None:
        for wake in self.wake:
            wake()

    def _detach(self, connection: Connection) -> None:
        session, connection.session = connection.session, None
        if session is not None and session.peer is connection:
            self.end_session(session, with_will=True)

    def _keep(self, publication: Publication) -> bool:
        if not publication.payload:
            self.retained.pop(publication.topic, None)
        elif publication.topic not in self.retained and len(self.retained) >= self.limits.retained:
            return False
        else:
            self.retained[publication.topic] = publication
        return True

    def _late_will(self, session: Session, ended_at: float, will: Will) -> None:
        if session.peer is None and session.ended_at == ended_at:
            self._publish_will(session, will)

    def _publish_will(self, session: Session, will: Will) -> None:
        properties = tuple((key, value) for key, value in will.properties if key != WILL_DELAY)
        packet = Publish(will.topic, will.payload, will.qos, will.retain, properties=properties)
        self.publish(self.publication(packet, session.client_id))

    def _expire(self, session: Session, ended_at: float) -> None:
        if session.peer is None and session.ended_at == ended_at:
            self._end_of(session)

    def _end_of(self, session: Session) -> None:
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]
        for topic_filter in session.subscriptions:
            self._routes.remove(topic_filter, session)
        session.subscriptions.clear()
