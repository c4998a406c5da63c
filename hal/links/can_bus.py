"""An open CAN bus: batches of frames out, single frames in. The only user of python-can, whose traps are closed here.

Everything may block for a bounded time and belongs into a thread, but for `send` where `sends_at_once` is true.
"""

import contextlib
import itertools
import logging
import os
import re
import select
import socket
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import can

from hal.links.can_chip import Report, report_of
from hal.ports import Frame

SEND_S: Final = 1  # a carrier that takes no bytes for so long is given up
_TEXT_OF_A_FRAME: Final = 48  # bytes, about
_LONGEST_TEXT: Final = 256  # bytes without an end mark after which they are noise; the longest frame has 60
_TIME_STAMP: Final = 4  # digits that an slcan adapter adds where it was told to
_LONGEST_DATAGRAM: Final = 4096
_IP_MULTICAST_ALL: Final = 49  # linux/in.h; Python has no names for the two
_IPV6_MULTICAST_ALL: Final = 29  # linux/in6.h

logging.getLogger("can.interfaces.socketcand").setLevel(logging.CRITICAL)  # it warns of every frame that TCP cuts


@dataclass(slots=True)
class Batch:
    """What one look brought. `taken` counts everything."""

    frames: list[Frame] = field(default_factory=list)
    errors: list[tuple[int, Report]] = field(default_factory=list)
    """Error frames, and after how many of `frames` each came. They are never among those."""
    ignored: int = 0
    taken: int = 0


class Bus:
    """Any interface of python-can; `options` go to `can.Bus`. Opening and every method may raise what drivers like."""

    spoiled_by_a_failed_send = False
    """Whether part of a frame may be out then, so that only a new connection is clean."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._bus: Any = can.Bus(ignore_config=True, **options)
        self._held: can.Message | None = None

    @property
    def sends_at_once(self) -> bool:
        """A full transmit queue is an error here, not a wait."""
        return True

    def wait(self, limit_s: float) -> bool:
        """Whether something came within `limit_s`."""
        self._held = self._bus.recv(limit_s)
        return self._held is not None

    def drain(self, most: int) -> Batch:
        """What is there now, up to `most`."""
        batch = Batch()
        frames = batch.frames
        while batch.taken < most and (message := self._held or self._bus.recv(0)) is not None:
            self._held = None
            batch.taken += 1
            if message.is_error_frame:
                batch.errors.append((len(frames), report_of(message.arbitration_id, bytes(message.data))))
            elif message.is_remote_frame or message.is_fd:
                batch.ignored += 1
            else:
                frames.append(Frame(message.arbitration_id, bytes(message.data), message.is_extended_id))
        return batch

    def send(self, frame: Frame) -> None:
        """One at a time. Raises OSError where the frame did not go."""
        message = can.Message(arbitration_id=frame.can_id, data=frame.data, is_extended_id=frame.extended)
        try:
            self._send(message)
        except can.CanError as error:
            raise ConnectionError(str(error)) from error

    def close(self) -> None:
        """Give everything back; a vanished adapter cannot be closed in good order."""
        with contextlib.suppress(Exception):
            self._bus.shutdown()

    def _send(self, message: can.Message) -> None:
        self._bus.send(message)


class _Stream(Bus):
    """A carrier that brings text: read in large pieces and cut here, several times as fast as python-can does it."""

    spoiled_by_a_failed_send = True
    _text: re.Pattern[bytes]
    """Anything that the stream may carry, up to its end mark; frames in named groups."""

    def _open_stream(self, fd: int) -> None:
        self._fd, self._rest = fd, b""

    def wait(self, limit_s: float) -> bool:
        """See `Bus.wait`. The end of the stream counts as something: `drain` raises it."""
        return bool(select.select([self._fd], [], [], limit_s)[0])

    def drain(self, most: int) -> Batch:
        """See `Bus.drain`."""
        batch = Batch()
        data = self._rest + self._read(most * _TEXT_OF_A_FRAME)
        end = 0
        for found in self._text.finditer(data):
            end = found.end()
            self._take(found, batch)
        self._rest = data[end:]
        if len(self._rest) > _LONGEST_TEXT:
            self._rest = b""
            batch.ignored += 1
        batch.taken = len(batch.frames) + batch.ignored + len(batch.errors)
        return batch

    def _read(self, most: int) -> bytes:
        if not select.select([self._fd], [], [], 0)[0]:
            return b""
        data = os.read(self._fd, most)
        if not data:
            raise ConnectionResetError("the other end has closed")
        return data

    def _take(self, found: re.Match[bytes], batch: Batch) -> None:
        raise NotImplementedError


class _Socketcand(_Stream):
    """Over TCP. python-can takes the end of the stream for silence, and waits for ever with what it sends."""

    _text = re.compile(rb"<(?: (frame|error) ([0-9A-Fa-f]{3,8}) [0-9.]+ ?((?: ?[0-9A-Fa-f]{2}){0,8}) )?[^<>]*>")

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._tcp: socket.socket = vars(self._bus)["_SocketCanDaemonBus__socket"]  # it has no public name
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", SEND_S, 0))
        self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
            self._tcp.setsockopt(socket.IPPROTO_TCP, option, value)  # a cable pulled out is an error after 5 s
        self._open_stream(self._tcp.fileno())

    @property
    def sends_at_once(self) -> bool:
        """Linux calls a TCP socket writable while a third of its buffer is free, which is room for any frame."""
        return bool(select.select([], [self._tcp], [], 0)[1])

    def send(self, frame: Frame) -> None:
        """See `Bus.send`."""
        width = 8 if frame.extended else 3
        text = f"< send {frame.can_id:0{width}X} {len(frame.data):X} {frame.data.hex(' ')} >"
        self._tcp.sendall(text.encode("ascii"))

    def _take(self, found: re.Match[bytes], batch: Batch) -> None:
        kind, can_id, data = found.groups()
        if kind == b"frame":
            batch.frames.append(Frame(int(can_id, 16), bytes.fromhex(data.decode()), len(can_id) > 3))
        elif kind == b"error":
            batch.errors.append((len(batch.frames), report_of(int(can_id, 16), bytes.fromhex(data.decode()))))
        else:
            batch.ignored += 1


class _Slcan(_Stream):
    """Over a serial line. python-can reads it byte by byte, a thousand times a second also when there is nothing, takes
    noise for frames or falls over it, sleeps after opening, and leaves the port open where the adapter has vanished.
    """

    _text = re.compile(rb"(?:(t[0-9A-Fa-f]{3}|T[0-9A-Fa-f]{8})([0-8])([0-9A-Fa-f]*)\r)|([^\r\a]*[\r\a])")

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__({"sleep_after_open": 0, **options})
        self._port = self._bus.serialPortOrig
        self._open_stream(self._port.fileno())

    @property
    def sends_at_once(self) -> bool:
        """Each frame waits until the serial line has it."""
        return False

    def close(self) -> None:
        """See `Bus.close`."""
        super().close()
        with contextlib.suppress(Exception):
            self._port.close()

    def _send(self, message: can.Message) -> None:
        self._bus.send(message, SEND_S)

    def _take(self, found: re.Match[bytes], batch: Batch) -> None:
        can_id, length, octets, other = found.groups()
        if other is None:
            count = 2 * int(length)
            if len(octets) in {count, count + _TIME_STAMP}:
                data = bytes.fromhex(octets[:count].decode())
                batch.frames.append(Frame(int(can_id[1:], 16), data, can_id[:1] == b"T"))
                return
        elif other[:1] not in b"tTrRdDbB\a":
            return  # an answer to a command
        batch.ignored += 1  # remote, FD, noise, and the bell of an adapter that refuses


class _UdpMulticast(Bus):
    """Over multicast. python-can's own reader hears every group of its port and its own frames, falls over a datagram
    that is no message, and takes any map for a frame.
    """

    _count = itertools.count()

    def __init__(self, options: Mapping[str, Any]) -> None:
        from hal.links import can_datagram  # noqa: PLC0415 - the library under it is for this interface alone

        super().__init__(options)
        self._pack, self._unpack = can_datagram.pack, can_datagram.unpack
        carrier = self._bus._multicast  # noqa: SLF001 - it has no public name
        self._socket: socket.socket = carrier._socket  # noqa: SLF001 - it has no public name
        self._socket.setblocking(False)
        self._group = (carrier.group, carrier.port)
        if carrier.ip_version == 4:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        else:
            self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
        self._mark = f"{socket.gethostname()}/{os.getpid()}/{next(self._count)}"

    def wait(self, limit_s: float) -> bool:
        """See `Bus.wait`."""
        return bool(select.select([self._socket], [], [], limit_s)[0])

    def send(self, frame: Frame) -> None:
        """See `Bus.send`."""
        self._socket.sendto(self._pack(frame, self._mark), self._group)

    def drain(self, most: int) -> Batch:
        """See `Bus.drain`."""
        batch = Batch()
        with contextlib.suppress(BlockingIOError):
            while batch.taken < most:
                found, mark = self._unpack(self._socket.recv(_LONGEST_DATAGRAM))
                batch.taken += 1
                if mark == self._mark:
                    continue
                if isinstance(found, Frame):
                    batch.frames.append(found)
                elif found is not None:
                    batch.errors.append((len(batch.frames), found))
                else:
                    batch.ignored += 1
        return batch


_BUSES: Final[Mapping[str, type[Bus]]] = {
    "socketcand": _Socketcand,
    "slcan": _Slcan,
    "udp_multicast": _UdpMulticast,
}


Logged = tuple[float, int, bool, Frame]
"""Seconds since 1970 UTC, number of the channel from 1 on, sent (else received), and the frame."""
_WHOLE_PART: Final = 1 << 20


class BlfFile:
    """A file in Vector's binary log format. It is whole, and closed, after each `add`. Blocks; raises `OSError`."""

    def __init__(self, path: Path) -> None:
        """`path` is an empty file."""
        self._path = path
        self._begun = False
        self._open().stop()

    def add(self, frames: Iterable[Logged]) -> None:
        """Append frames as one part: a reader that does not find it whole does not find it at all."""
        file: can.BLFWriter | None = None
        for wall_s, channel, sent, frame in frames:
            file = file or self._open()
            file.on_message_received(
                can.Message(
                    timestamp=wall_s,
                    arbitration_id=frame.can_id,
                    is_extended_id=frame.extended,
                    is_rx=not sent,
                    data=frame.data,
                    channel=channel - 1,  # the library adds one
                )
            )
        if file is not None:
            self._begun = True
            file.stop()

    def _open(self) -> can.BLFWriter:
        """With a buffer that takes a part as a whole. The first frames begin the file anew, with their own time."""
        file = self._path.open("rb+", buffering=_WHOLE_PART)
        return can.BLFWriter(file, append=self._begun)


def blf_frames(path: Path) -> Iterator[Frame]:
    """Frames of such a file, in order. Raises `OSError`, and `ValueError` where it is none or is spoiled."""
    try:
        with path.open("rb") as file:
            for m in can.BLFReader(file):
                yield Frame(m.arbitration_id, bytes(m.data), extended=m.is_extended_id)
    except (can.io.blf.BLFParseError, struct.error, zlib.error) as error:
        raise ValueError(f"no whole file in the binary log format: {error}") from None


def open_bus(options: Mapping[str, Any]) -> Bus:
    """Open what `options` name; may block for seconds and raise what drivers like."""
    return _BUSES.get(str(options.get("interface")), Bus)(options)
