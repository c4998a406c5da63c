"""A lasting MQTT 5 session with a broker; the only file that uses aiomqtt and, through it, paho.

aiomqtt 2.5 connects and carries bytes. What it gets wrong is done here: there a refused PUBLISH counts as success,
incoming messages are acknowledged before anybody saw them, a PUBLISH outlives its connection, and a cancelled connect
goes on.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from hal.errors import ConfigError, DeviceRefused, LinkDown, LinkTimeout
from hal.links.backoff import Backoff
from hal.links.mqtt_base import MqttBase
from hal.links.mqtt_window import PublishWindow
from hal.ports import LinkState, Message

_log = logging.getLogger(__name__)
_REFUSED = 0x80
_TOPIC_NAME_INVALID, _PACKET_TOO_LARGE = 0x90, 0x95
_HEADER_BYTES = 16  # PUBLISH besides topic and payload: fixed header 5, lengths 2, identifier 2, properties; rounded up
_ANY = 0xFFFFFFFF
_AS_PUBLISHED = SubscribeOptions(qos=1, retainAsPublished=True)
"""What is to be kept by the broker says so to who is there, too: who never acts on it need not be away to know it."""


class _Connection:
    """One attempt: a client that is used once, and the messages under way on it. Lives in the event loop."""

    def __init__(self, client: aiomqtt.Client, window: int) -> None:
        self.client = client
        self.over = False
        self.given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self.window = PublishWindow(window)
        self._max_packet = _ANY
        self._paho: Any = client._client  # noqa: SLF001 - aiomqtt offers no public way to the reason codes and acks
        self._paho.manual_ack_set(True)
        self._paho.max_inflight_messages_set(0)  # our window bounds it, and also knows the broker's
        self._paho.on_connect = partial(self._connected, self._paho.on_connect)
        self._paho.on_disconnect = self._disconnected
        self._paho.on_publish = self._published
        self._paho.on_socket_open = partial(self._call_in_loop, self._opened, self._paho.on_socket_open)
        self._paho.on_socket_register_write = partial(self._call_in_loop, self._add_writer)
        self._paho.on_socket_unregister_write = self._remove_writer

    async def publish(self, message: Message, timeout_s: float) -> None:
        """Send once; returns when the broker took it."""
        topic, payload = message.topic, message.payload
        if len(topic.encode()) + len(payload) + _HEADER_BYTES > self._max_packet:
            raise DeviceRefused(f"{topic}: over the broker's limit of {self._max_packet} bytes", _PACKET_TOO_LARGE)

        def post() -> int:
            info = self._paho.publish(topic, payload, message.qos, message.retain)
            if info.rc:
                raise LinkDown(f"{topic}: not sent, {info.rc!r}")
            return int(info.mid)

        code = 0
        try:
            if message.qos:
                code = await self.window.send(post, timeout_s)
            else:
                post()
        except ValueError as error:
            raise DeviceRefused(f"{topic!r}: {error}", _TOPIC_NAME_INVALID) from error
        except TimeoutError:
            silent = LinkTimeout(f"{topic}: no acknowledgement within {timeout_s} s")
            self.give_up(silent)  # the protocol forbids to send it again on this connection, so a new one is made
            raise silent from None
        if code >= _REFUSED:
            raise DeviceRefused(f"{topic}: refused by the broker, reason {code:#x}", code)

    def take(self, received: aiomqtt.Message) -> Message:
        """An incoming message in the words of the port; acknowledging it after this connection has no effect."""
        ack = partial(self._paho.ack, received.mid, received.qos) if received.qos else None
        return Message(received.topic.value, bytes(received.payload), received.qos, bool(received.retain), ack)

    def give_up(self, error: Exception) -> None:
        """End the connection because of `error`."""
        if not self.given_up.done():
            self.given_up.set_exception(error)
            self.given_up.exception()  # read once, so that nobody has to

    async def close(self, *, orderly: bool) -> None:
        """Leave nothing behind, at any stage. `orderly` says goodbye, so that the broker keeps the will to itself."""
        self.over = True
        self.window.close()
        try:
            for _ in range(2):  # lets the loop run what the connecting thread has handed to it
                await asyncio.sleep(0)
        finally:
            if orderly and self._paho.is_connected():
                self._paho.disconnect()
                self._paho.loop_write()
            self._paho._sock_close()  # noqa: SLF001 - paho has no public way to close without a goodbye

    def _connected(self, onward: Any, *told: Any) -> None:
        allowed = told[-1]  # the properties of CONNACK, which paho and aiomqtt do not look at
        self._max_packet = getattr(allowed, "MaximumPacketSize", _ANY)
        self.window.limit(getattr(allowed, "ReceiveMaximum", 0xFFFF))
        onward(*told)

    def _disconnected(self, _paho: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.give_up(aiomqtt.MqttError(f"disconnected: {reason}"))  # aiomqtt loses it if it comes right after CONNACK

    def _published(self, _paho: Any, _data: Any, mid: int, code: Any, _properties: Any) -> None:
        self.window.settle(mid, code.value)

    def _call_in_loop(self, action: Callable[..., None], *args: Any) -> None:
        if threading.get_ident() == self._thread:
            action(*args)
        else:
            self._loop.call_soon_threadsafe(action, *args)

    def _opened(self, onward: Any, paho: Any, data: Any, sock: Any) -> None:
        if self.over:
            paho._sock_close()  # noqa: SLF001 - the thread came back after the attempt had ended
        else:
            onward(paho, data, sock)

    def _add_writer(self, _paho: Any, _data: Any, sock: Any) -> None:
        if not self.over and sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write)

    def _remove_writer(self, _paho: Any, _data: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except OSError as error:
            self.give_up(error)


class AiomqttLink(MqttBase):
    """Implements `hal.ports.MqttLink`; an async context manager that owns the task which keeps the session up.

    A silent peer is found after 2 x `keepalive_s`, or when a QoS 1 publish is not acknowledged in `publish_timeout_s`.
    The back-off starts again at its base only after `healthy_s` seconds of session: two clients with one id would
    otherwise push each other out without end.
    """

    def __init__(
        self, host: str, port: int, client_id: str, *, keepalive_s: int, backoff: Backoff, connect_timeout_s: float,
        publish_timeout_s: float, healthy_s: float, session_expiry_s: int, window: int, inbox: int,
        will: Message | None = None, username: str | None = None, password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        if not host or not 0 < port <= 0xFFFF or not client_id or not 0 < keepalive_s <= 0xFFFF:
            raise ConfigError(
                f"mqtt {host!r}:{port} as {client_id!r}, keepalive {keepalive_s} s: missing or out of range"
            )
        super().__init__(f"mqtt {host}:{port}", inbox)
        self._backoff = backoff
        self._connect_timeout_s, self._publish_timeout_s = connect_timeout_s, publish_timeout_s
        self._healthy_s, self._window = healthy_s, window
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.SessionExpiryInterval, properties.ReceiveMaximum = session_expiry_s, window
        self._new_client = partial(
            aiomqtt.Client, host, port, identifier=client_id, username=username, password=password, tls_context=tls,
            keepalive=keepalive_s, protocol=aiomqtt.ProtocolVersion.V5, clean_start=False, properties=properties,
            will=None if will is None else aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            timeout=connect_timeout_s, socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )  # fmt: skip
        self._filters_changed = asyncio.Event()
        self._connection: _Connection | None = None

    async def publish(self, message: Message) -> None:
        """Returns once the broker took it. Raises DeviceRefused, LinkTimeout, or LinkDown (also while under way)."""
        if self._connection is None:
            raise LinkDown(f"{self.name}: {self._state}")
        await self._connection.publish(message, self._publish_timeout_s)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._change(LinkState.CONNECTING)
            began = loop.time()
            await self._connect_once()
            if self._leaving:  # a TaskGroup that ends by an error loses a cancellation that came with it
                return
            if loop.time() - began >= self._healthy_s:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    async def _connect_once(self) -> None:
        connection = _Connection(self._new_client(), self._window)
        orderly = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._await_end(connection))
                async with asyncio.timeout(self._connect_timeout_s):
                    await connection.client.__aenter__()
                tasks.create_task(self._receive(connection))
                tasks.create_task(self._keep_subscribed(connection))
        except* (aiomqtt.MqttError, LinkTimeout, OSError, UnicodeError) as group:
            orderly = False
            self.error = "; ".join(str(error) or repr(error) for error in group.exceptions)
            _log.warning("%s: %s", self.name, self.error)
        finally:
            self._connection = None
            self._change(LinkState.DISCONNECTED)
            await connection.close(orderly=orderly)

    def _added(self, topic_filter: str) -> None:
        self._filters_changed.set()

    async def _receive(self, connection: _Connection) -> None:
        async for received in connection.client.messages:
            self._arrived(connection.take(received))

    async def _keep_subscribed(self, connection: _Connection) -> None:
        done = 0
        while True:
            self._filters_changed.clear()
            wanted = self._filters[done:]
            done += len(wanted)
            for topic_filter in wanted:
                (code,) = await connection.client.subscribe(topic_filter, options=_AS_PUBLISHED)
                if getattr(code, "value", code) >= _REFUSED:
                    _log.error("%s: subscription to %s refused: %s", self.name, topic_filter, code)
            if self._connection is None and not connection.given_up.done():
                self._connection = connection
                self._change(LinkState.READY)
            await self._filters_changed.wait()

    @staticmethod
    async def _await_end(connection: _Connection) -> None:
        await connection.given_up
