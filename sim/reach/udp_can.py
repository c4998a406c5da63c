"""A simulated CAN channel as a multicast group: datagrams as python-can's interface `udp_multicast` sends them."""

import asyncio
import itertools
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

from hal.links.can_datagram import pack, unpack
from hal.ports import Frame
from sim.reach.can_hub import CanHub

_IP_MULTICAST_ALL: Final = 49  # linux/in.h: 0 = hear only the groups that this socket has joined
_count = itertools.count()


class _Member(asyncio.DatagramProtocol):
    """One member of the group, which speaks for everybody on the hub. It hears its own datagrams and drops them."""

    def __init__(self, hub: CanHub, address: tuple[str, int]) -> None:
        self._hub = hub
        self._address = address
        self._mark = f"swapstation/{os.getpid()}/{next(_count)}"
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # Python 3.11 does not say so of its own
        self._hub.attach(self.deliver)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hub.detach(self.deliver)

    def datagram_received(self, data: bytes, addr: object) -> None:
        frame, mark = unpack(data)
        if mark != self._mark and isinstance(frame, Frame):
            self._hub.transmit(frame, self._loop.time(), self.deliver)

    def deliver(self, frames: list[Frame]) -> None:
        for frame in frames:
            self._transport.sendto(pack(frame, self._mark), self._address)


@asynccontextmanager
async def serve_udp_multicast(hub: CanHub, group: str, port: int, hop_limit: int = 0) -> AsyncIterator[None]:
    """Carry the hub on an IPv4 multicast group. Raises OSError where the machine has no route for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hop_limit)
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.bind(("", port))
        member = socket.inet_aton(group) + struct.pack("@I", socket.INADDR_ANY)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(lambda: _Member(hub, (group, port)), sock=sock)
        try:
            yield
        finally:
            hub.detach(protocol.deliver)
            transport.abort()
