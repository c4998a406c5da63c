"""TCP server of CAN hubs in the socketcand protocol (raw mode), so that tools of others read the simulated channels."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import cast

from hal.ports import Frame
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import HubTimer

LONGEST_COMMAND = 256
"""Bytes without an end mark after which a client is taken for garbage. The longest command has 50."""

LONGEST_BACKLOG = 256 * 1024
"""Bytes that may wait for a slow client before it is dropped: about 10 s of 400 frames/s."""

KERNEL_BACKLOG = 64 * 1024
"""Bytes that may wait in the kernel as well, which by itself would hoard some megabytes."""

JOIN_DELAY_S = 0.02
"""Quiet time after raw mode is granted: python-can reads a frame that comes along with the `ok` as a refusal."""

_CAN_ERR_FLAG = 0x20000000
_CAN_ERR_BUSOFF = 0x40
_CAN_ERR_RESTARTED = 0x100


def _frame_text(frame: Frame, now: float) -> str:
    """`< frame ID SECONDS.MICROS DATA >`. The width of the id tells 29 bit (8 digits) from 11 bit (3 digits)."""
    width = 8 if frame.extended else 3
    return f"< frame {frame.can_id:0{width}X} {now:.6f} {frame.data.hex().upper()} >"


def _sent_frame(can_id: str, length: str, octets: list[str]) -> Frame:
    """The frame of a `send` command. Raises ValueError for what is no classic data frame."""
    frame = Frame(int(can_id, 16), bytes(int(octet, 16) for octet in octets), extended=len(can_id) > 3)
    highest = 0x1FFFFFFF if frame.extended else 0x7FF
    if not 0 <= frame.can_id <= highest or len(octets) > 8 or len(octets) != int(length, 16):
        raise ValueError("no classic data frame")
    return frame


class Channels:
    """The channels of one server by name. One whose adapter is pulled out loses its clients and takes no others."""

    def __init__(self, hubs: Mapping[str, CanHub]) -> None:
        self.hubs = hubs
        self.clients: set[_Client] = set()
        self._out: set[str] = set()

    def set_plugged(self, name: str, plugged: bool) -> None:
        """Put the adapter of a channel in, or pull it out."""
        (self._out.discard if plugged else self._out.add)(name)
        for client in [c for c in self.clients if c.channel in self._out]:
            client.drop()

    def has(self, name: str) -> bool:
        """Whether a client can have this channel now."""
        return name in self.hubs and name not in self._out


class _Client(asyncio.Protocol):
    """One connection: greets, opens a channel, then passes frames both ways."""

    def __init__(self, channels: Channels) -> None:
        self.channel = ""
        self._channels = channels
        self._loop = asyncio.get_running_loop()
        self._hub: CanHub | None = None
        self._joining: asyncio.TimerHandle | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # a stream server has stream transports
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BACKLOG)
        self._channels.clients.add(self)
        self._reply("hi")

    def connection_lost(self, exc: Exception | None) -> None:
        self._channels.clients.discard(self)
        self._leave()

    def data_received(self, data: bytes) -> None:
        *commands, self._rest = (self._rest + data).split(b">")
        for command in commands:
            self._obey(command.decode("ascii", "replace").partition("<")[2].split())
        if len(self._rest) > LONGEST_COMMAND:
            self.drop()

    def drop(self) -> None:
        """End the connection at once; what waits to be written is lost."""
        self._leave()
        self._transport.abort()

    def _leave(self) -> None:
        if self._joining is not None:
            self._joining.cancel()
        if self._hub is not None:
            self._hub.detach(self._deliver)
            self._hub.detach_crier(self._cry)

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["echo"]:
                self._reply("echo")
            case ["open", channel] if self._hub is None and self._channels.has(channel):
                self.channel, self._hub = channel, self._channels.hubs[channel]
                self._reply("ok")
            case ["rawmode"] if self._hub is not None and self._joining is None:
                self._joining = self._loop.call_later(JOIN_DELAY_S, self._join, self._hub)
                self._reply("ok")
            case ["send", can_id, length, *octets] if self._hub is not None and self._joining is not None:
                self._send(self._hub, can_id, length, octets)
            case _:
                self._reply("error unknown command or wrong state")

    def _send(self, hub: CanHub, can_id: str, length: str, octets: list[str]) -> None:
        try:
            frame = _sent_frame(can_id, length, octets)
        except ValueError:
            self._reply("error could not send frame")
            return
        hub.transmit(frame, self._loop.time(), self._deliver)

    def _join(self, hub: CanHub) -> None:
        hub.attach(self._deliver)
        hub.attach_crier(self._cry)

    def _cry(self, bus_off: bool) -> None:
        """An error frame: its class, as linux/can/error.h has it, and no more, which is how socketcand tells it."""
        error = _CAN_ERR_FLAG | (_CAN_ERR_BUSOFF if bus_off else _CAN_ERR_RESTARTED)
        self._reply(f"error {error:08X} {self._loop.time():.6f}")

    def _deliver(self, frames: list[Frame]) -> None:
        if self._transport.get_write_buffer_size() > LONGEST_BACKLOG:
            self.drop()
            return
        now = self._loop.time()
        self._transport.write("".join([_frame_text(frame, now) for frame in frames]).encode("ascii"))

    def _reply(self, text: str) -> None:
        self._transport.write(f"< {text} >".encode("ascii"))


@asynccontextmanager
async def serve_socketcand(
    served: Mapping[str, CanHub] | Channels, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Serve each hub under its channel name and run its timer; gives the bound port.

    Time stamps of frames are seconds of the loop's clock. Raises OSError where the port is taken.
    """
    channels = served if isinstance(served, Channels) else Channels(served)
    with ExitStack() as timers:
        for hub in dict.fromkeys(channels.hubs.values()):
            timers.enter_context(HubTimer(hub))
        server = await asyncio.get_running_loop().create_server(lambda: _Client(channels), host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for client in tuple(channels.clients):
                client.drop()
            await server.wait_closed()
