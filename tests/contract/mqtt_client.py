"""A client for tests that shows every packet and acknowledges only when told to."""

import asyncio
from typing import Self, TypeVar

from sim.broker import wire
from sim.broker.packets import (
    V5,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Puback,
    Publish,
    Suback,
    Subscribe,
    decode,
    encode,
)
from sim.broker.wire import Splitter

TIMEOUT_S = 8.0
Kind = TypeVar("Kind", bound=Packet)


class RawClient:
    """One connection; packets come in the order they were sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int) -> None:
        self.version = version
        self._reader, self._writer = reader, writer
        self._splitter = Splitter(1 << 28)
        self._arrived: list[Packet] = []
        self._last_id = 0

    @classmethod
    async def connect(cls, port: int, packet: Connect) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer, packet.version)
        client.send(packet)
        return client

    def send(self, packet: Packet) -> None:
        self._writer.write(encode(packet, self.version))

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    async def expect(self, kind: type[Kind]) -> Kind:
        """The next packet of that kind; others are kept for later."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for packet in self._arrived:
                    if isinstance(packet, kind):
                        self._arrived.remove(packet)
                        return packet
                await self._read()

    async def _read(self) -> None:
        data = await self._reader.read(1 << 16)
        if not data:
            raise ConnectionResetError("the broker closed")
        self._arrived += [decode(first, body, self.version) for first, body in self._splitter.feed(data)]

    async def wait_closed(self) -> list[Packet]:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(TIMEOUT_S):
            try:
                while True:
                    await self._read()
            except ConnectionError:
                return self._arrived

    async def subscribe(self, *filters: str, qos: int = 1) -> Suback:
        self._last_id += 1
        self.send(Subscribe(self._last_id, tuple((name, qos) for name in filters)))
        return await self.expect(Suback)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> Puback:
        """QoS 1, waits for the acknowledgement."""
        self._last_id += 1
        self.send(Publish(topic, payload, 1, retain, packet_id=self._last_id))
        return await self.expect(Puback)

    async def receive(self) -> Publish:
        """The next message, acknowledged."""
        message = await self.expect(Publish)
        if message.qos:
            self.send(Puback(message.packet_id))
        return message

    async def nothing_before(self, marker: str) -> list[Publish]:
        """Messages that come before one published to `marker`, which must be subscribed. No waiting, no guessing."""
        self.send(Publish(marker, b"marker"))
        seen: list[Publish] = []
        while True:
            message = await self.receive()
            if message.topic == marker:
                return seen
            seen.append(message)

    def abort(self) -> None:
        """Go without a word."""
        self._writer.transport.abort()

    async def leave(self) -> None:
        """Go with a word."""
        self.send(Disconnect())
        self._writer.close()
        await self._writer.wait_closed()


class Clients:
    """Opens clients on one broker, and ends those that are left."""

    def __init__(self, port: int, version: int = V5) -> None:
        self._port, self._version = port, version
        self._open: list[RawClient] = []
        self.last_answer: Connack | None = None

    async def open(self, packet: Connect) -> RawClient:
        client = await RawClient.connect(self._port, packet)
        self._open.append(client)
        self.last_answer = await client.expect(Connack)
        return client

    async def join(self, client_id: str, *filters: str) -> RawClient:
        """A plain client with these subscriptions."""
        client = await self.open(Connect(client_id, self._version))
        if filters:
            await client.subscribe(*filters)
        return client

    def end(self) -> None:
        for client in self._open:
            client.abort()


def lasting(client_id: str, version: int) -> Connect:
    """CONNECT of a client whose session outlives its connection."""
    properties = ((wire.SESSION_EXPIRY, 600),) if version == V5 else ()
    return Connect(client_id, version, clean=False, properties=properties)
