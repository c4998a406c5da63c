"""One connection with bytes: MQTT packets in, calls to the broker core; deliveries out as bytes."""

from typing import TYPE_CHECKING, Final

from sim.broker import wire
from sim.broker.packets import (
    UNSUPPORTED_VERSION,
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    decode,
    encode,
    encode_publish,
)
from sim.broker.session import NEVER, Publication, Session
from sim.broker.topics import Grant, is_filter, is_topic
from sim.broker.wire import PROTOCOL_ERROR, MalformedPacket, Splitter, number

if TYPE_CHECKING:
    from sim.broker.core import BrokerCore

RECEIVE_MAXIMUM_EXCEEDED: Final = 0x93
KEEPALIVE_TIMEOUT: Final = 0x8D
NO_SUBSCRIPTION_EXISTED: Final = 0x11
_WITH_WILL: Final = 0x04
_OLD_CONNACK: Final = {0x84: 1, 0x85: 2, 0x86: 4, 0x87: 5, 0x88: 3}


class Connection:
    """Protocol state of one client connection; the `Peer` of its session."""

    def __init__(self, core: "BrokerCore", conn_id: int, now: float) -> None:
        self.client_id = ""
        self.conn_id = conn_id
        self.session: Session | None = None
        self.silence_s: float | None = core.limits.connect_within_s
        self.last_seen = now
        self.watch = 0
        self._core = core
        self._version = V311
        self._splitter = Splitter(core.limits.packet_bytes)
        self._max_out = NEVER
        self._unacknowledged = 0

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the client. A broken protocol ends the connection, the will goes out."""
        self.last_seen = now
        try:
            for first, body in self._splitter.feed(data):
                self._take(decode(first, body, self._version), now)
                if not self._core.knows(self):
                    return
        except MalformedPacket as error:
            if self.session is None and error.code == UNSUPPORTED_VERSION:
                self._send(Connack(False, 1))
            self._core.drop(self, error.code)

    def deliver(self, publication: Publication, qos: int, packet_id: int, *, retain: bool, dup: bool) -> None:
        """One PUBLISH to the client; what is over the client's packet limit is discarded as the standard says."""
        properties = publication.properties_at(self._core.now) if self._version == V5 else ()
        packet = Publish(publication.topic, publication.payload, qos, retain, dup, packet_id, properties)
        data = encode_publish(packet, self._version)
        if len(data) <= self._max_out:
            self._core.emit(self, data)
        elif qos and self.session is not None:
            self.session.acknowledge(packet_id, self._core.now)

    def evict(self, code: int) -> None:
        """Tell a version 5 client why, then close."""
        self.session = None
        self.farewell(code)
        self._core.forget(self)

    def farewell(self, code: int) -> None:
        """The DISCONNECT of the broker, which only version 5 has."""
        if self._version == V5 and code:
            self._send(Disconnect(code))

    def _take(self, packet: Packet, now: float) -> None:
        if self.session is None:
            if not isinstance(packet, Connect):
                raise MalformedPacket("the first packet is not CONNECT", PROTOCOL_ERROR)
            self._connect(packet, now)
            return
        match packet:
            case Publish():
                self._publish(packet, now)
            case Puback(packet_id):
                self.session.acknowledge(packet_id, now)
            case Pingreq():
                self._send(Pingresp())
            case Subscribe():
                self._subscribe(packet, self.session, now)
            case Unsubscribe(packet_id, filters):
                known = [self._core.unsubscribe(self.session, name) for name in filters]
                self._send(Unsuback(packet_id, tuple(0 if was else NO_SUBSCRIPTION_EXISTED for was in known)))
            case Disconnect(code, properties):
                if self.session.expiry_s:
                    self.session.expiry_s = number(properties, wire.SESSION_EXPIRY, self.session.expiry_s)
                self._core.leave(self, with_will=code == _WITH_WILL)
            case _:
                raise MalformedPacket(f"{type(packet).__name__} is not for a broker", PROTOCOL_ERROR)

    def _connect(self, packet: Connect, now: float) -> None:
        self._version = packet.version
        if packet.client_id in self._core.faults.isolated:
            self.client_id = packet.client_id
            return
        will = packet.will
        if will is not None and (not is_topic(will.topic) or will.qos > 1):
            raise MalformedPacket("the will needs a plain topic and QoS 0 or 1", PROTOCOL_ERROR)
        code = self._core.faults.on_connect()
        if not code and not packet.client_id and not packet.clean and packet.version == V311:
            code = 0x85
        if not code and not self._core.has_room(packet.client_id):
            code = 0x97
        if code:
            self._send(Connack(False, code if packet.version == V5 else _OLD_CONNACK.get(code, 3)))
            self._core.forget(self)
            return
        self._accept(packet, now)

    def _accept(self, packet: Connect, now: float) -> None:
        core = self._core
        self.client_id = packet.client_id or core.new_client_id()
        self.silence_s = packet.keepalive_s * 1.5 or None
        kept = NEVER if packet.version == V311 and not packet.clean else 0
        asked = number(packet.properties, wire.SESSION_EXPIRY, kept)
        expiry_s = min(asked, core.limits.session_expiry_s)
        self._max_out = number(packet.properties, wire.MAXIMUM_PACKET_SIZE, NEVER)
        window = number(packet.properties, wire.RECEIVE_MAXIMUM, 0xFFFF)
        if window == 0 or self._max_out == 0:
            raise MalformedPacket("receive maximum and maximum packet size must not be 0", PROTOCOL_ERROR)
        self.session, present = core.open_session(
            self, self.client_id, clean=packet.clean, expiry_s=expiry_s, will=packet.will, receive_maximum=window
        )
        properties: list[tuple[int, wire.PropertyValue]] = [
            (wire.RECEIVE_MAXIMUM, core.limits.inflight),
            (wire.MAXIMUM_QOS, 1),
            (wire.MAXIMUM_PACKET_SIZE, core.limits.packet_bytes),
            (wire.SUBSCRIPTION_IDS_AVAILABLE, 0),
            (wire.SHARED_SUBSCRIPTION_AVAILABLE, 0),
        ]
        if not packet.client_id:
            properties.append((wire.ASSIGNED_CLIENT_ID, self.client_id))
        if expiry_s != asked:
            properties.append((wire.SESSION_EXPIRY, expiry_s))
        core.watch(self)
        self._send(Connack(present, 0, tuple(properties)))
        self.session.resume(now)

    def _publish(self, packet: Publish, now: float) -> None:
        if packet.qos > 1:
            raise MalformedPacket("QoS 2 is not offered", 0x9B)
        if not is_topic(packet.topic):
            raise MalformedPacket(f"cannot publish to {packet.topic!r}", 0x90)
        publication = self._core.publication(packet, self.client_id)
        if packet.qos == 0:
            self._core.publish(publication)
            return
        self._unacknowledged += 1
        if self._unacknowledged > self._core.limits.inflight and self._version == V5:
            raise MalformedPacket("more messages under way than allowed", RECEIVE_MAXIMUM_EXCEEDED)
        verdict = self._core.publish(publication)
        if not verdict.answered:
            return
        if verdict.delay_s:
            self._core.at(now + verdict.delay_s, lambda: self._puback(packet.packet_id, verdict.code))
        else:
            self._puback(packet.packet_id, verdict.code)

    def _puback(self, packet_id: int, code: int) -> None:
        self._unacknowledged -= 1
        if self.session is not None:
            self._send(Puback(packet_id, code))

    def _subscribe(self, packet: Subscribe, session: Session, now: float) -> None:
        if number(packet.properties, wire.SUBSCRIPTION_ID, 0):
            raise MalformedPacket("subscription identifiers are not offered", 0xA1)
        codes: list[int] = []
        fresh: list[tuple[str, Grant]] = []
        for name, options in packet.filters:
            if not is_filter(name) or name.startswith("$share/"):
                refusal = 0x9E if name.startswith("$share/") else 0x8F
                codes.append(refusal if self._version == V5 else 0x80)
                continue
            grant = Grant(min(options & 3, 1), bool(options & 4), bool(options & 8))
            known = self._core.subscribe(session, name, grant)
            if options >> 4 == 0 or (options >> 4 == 1 and not known):
                fresh.append((name, grant))
            codes.append(grant.qos)
        self._send(Suback(packet.packet_id, tuple(codes)))
        for name, grant in fresh:
            self._core.send_retained(session, name, grant, now)

    def _send(self, packet: Packet) -> None:
        self._core.emit(self, encode(packet, self._version))
