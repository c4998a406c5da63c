"""Thread that opens, drains and closes one python-can bus. The only user of python-can."""

import contextlib
import logging
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, cast

import can

from hal.links.inbox import Inbox
from hal.ports import Frame

POLL_S: Final = 0.1  # longest wait for a frame: a reader notices in this time that it shall end
COLLECT_S: Final = 0.02  # pause between two batches: the loop is woken 50 times a second at most
BATCH: Final = 256  # with COLLECT_S it bounds what a flood costs; the fastest classic bus brings 160
SEND_S: Final = 1  # a carrier that takes no bytes for so long is given up

logging.getLogger("can.interfaces.socketcand").setLevel(logging.CRITICAL)  # it warns of every frame that TCP cuts


class BusReader(threading.Thread):
    """One life of a bus. All that may block while opening and receiving happens here.

    `on_open` (with the reader) and `on_end` are called in the loop of the inbox, in order with the frames.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        inbox: Inbox,
        on_open: Callable[[Self], None],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(name=f"can-read {name}", daemon=True)
        self.reason = ""
        self._options = options
        self._inbox = inbox
        self._on_open = on_open
        self._on_end = on_end
        self._bus: can.BusABC | None = None
        self._tcp: socket.socket | None = None
        self._halt = threading.Event()

    def halt(self, reason: str) -> None:
        """From any thread: end soon. The first reason stays."""
        self.reason = self.reason or reason
        self._halt.set()

    def send(self, frame: Frame) -> None:
        """From any thread, one at a time. Blocks no longer than `SEND_S`; raises OSError where the frame did not go."""
        if self._bus is None or self._halt.is_set():
            raise ConnectionError(self.reason or "not open")
        try:
            self._bus.send(can.Message(arbitration_id=frame.can_id, data=frame.data, is_extended_id=frame.extended))
        except can.CanError as error:
            raise ConnectionError(str(error)) from error

    def run(self) -> None:
        """Body of the thread."""
        try:
            self._bus = bus = can.Bus(ignore_config=True, **self._options)
            self._tcp = _bound_waits(bus)
            self._inbox.call_in_loop(self._on_open, self)
            while not self._halt.is_set():
                message = self._first(bus)
                while message is not None and not self._halt.is_set():
                    self._drain(bus, message)
                    time.sleep(COLLECT_S)  # noqa: TID251 - blocks this thread, not the loop
                    message = bus.recv(0)
        except Exception as error:  # edge: a thread has no caller, and drivers raise what they like
            self.halt(repr(error))
        finally:
            if self._bus is not None:
                with contextlib.suppress(Exception):  # a vanished adapter cannot be closed in good order
                    self._bus.shutdown()
            self._inbox.call_in_loop(self._on_end)

    def _first(self, bus: can.BusABC) -> can.Message | None:
        """Wait for a frame, when the bus has none in its buffer.

        python-can takes the end of a TCP stream for silence, so the socket is looked at here.
        """
        if self._tcp is None:
            return bus.recv(POLL_S)
        if not select.select([self._tcp], [], [], POLL_S)[0]:
            return None
        if not self._tcp.recv(1, socket.MSG_PEEK):
            raise ConnectionResetError("closed by the server")
        return bus.recv(0)

    def _drain(self, bus: can.BusABC, first: can.Message) -> None:
        """Hand over `first` and what has arrived after it."""
        frames: list[Frame] = []
        taken = 0
        message: can.Message | None = first
        while message is not None:
            taken += 1
            if message.is_error_frame:
                self._inbox.error_frames += 1
            elif message.is_remote_frame or message.is_fd:
                self._inbox.ignored += 1
            else:
                frames.append(Frame(message.arbitration_id, bytes(message.data), message.is_extended_id))
            message = bus.recv(0) if taken < BATCH else None
        if frames:
            self._inbox.put(frames)


def _bound_waits(bus: can.BusABC) -> socket.socket | None:
    """Give the carrier an end to its waits. The socket of a socketcand client, None for other carriers."""
    port = getattr(bus, "serialPortOrig", None)  # slcan
    if port is not None:
        port.write_timeout = SEND_S
    if bus.__class__.__name__ != "SocketCanDaemonBus":
        return None
    tcp = cast(socket.socket, vars(bus)["_SocketCanDaemonBus__socket"])  # it has no public name
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", SEND_S, 0))
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
        tcp.setsockopt(socket.IPPROTO_TCP, option, value)  # a cable pulled out is an error after 5 s
    return tcp
