"""A simulated CAN channel behind a serial adapter: a pseudo terminal with the LAWICEL protocol (CAN232 manual)."""

import asyncio
import os
import re
import tty
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hal.ports import Frame
from sim.reach.can_hub import CanHub

_CHUNK: Final = 4096
_LONGEST_COMMAND: Final = 64
_OK: Final = b"\r"
_REFUSED: Final = b"\a"
_SEND: Final = re.compile(r"(?:t([0-9A-F]{3})|T([01][0-9A-F]{7}))([0-8])((?:[0-9A-F]{2})*)", re.IGNORECASE)
_SETUP: Final = re.compile(r"S[0-8]|s[0-9A-F]{4}|Z[01]|[mM][0-9A-F]{8}", re.IGNORECASE)


class SlcanAdapter:
    """One adapter on one hub; a context manager. `path` stays the same when it is pulled out and put back.

    The line is as fast as the machine. What a host does not read in time is lost, as in the buffer of an adapter.
    """

    def __init__(self, hub: CanHub, path: Path) -> None:
        self.path = path
        self.lost = 0
        """Batches of frames that the host was too slow for."""
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._ends: tuple[int, int] | None = None
        self._rest = ""
        self._is_open = False

    def __enter__(self) -> Self:
        self.set_plugged(True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set_plugged(False)

    def set_plugged(self, plugged: bool) -> None:
        """Put the adapter in, or pull it out: its device vanishes and who has it open gets an error."""
        if plugged is (self._ends is not None):
            return
        if plugged:
            master, slave = self._ends = os.openpty()
            tty.setraw(master)
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._loop.add_reader(master, self._readable)
            self.path.symlink_to(os.ttyname(slave))
        elif self._ends is not None:
            self._set_open(False)
            self.path.unlink(missing_ok=True)
            self._loop.remove_reader(self._ends[0])
            for end in self._ends:
                os.close(end)
            self._ends = None
            self._rest = ""

    def _readable(self) -> None:
        if self._ends is None:
            return
        with suppress(BlockingIOError):
            text = self._rest + os.read(self._ends[0], _CHUNK).decode("ascii", "replace")
            *commands, self._rest = text.split("\r")
            for command in commands:
                self._write(self._answer(command))
            if len(self._rest) > _LONGEST_COMMAND:
                self._rest = ""
                self._write(_REFUSED)

    def _answer(self, command: str) -> bytes:
        if command in {"O", "L"}:
            refused = self._is_open
            self._set_open(True)
            return _REFUSED if refused else _OK
        if command == "C":
            refused = not self._is_open
            self._set_open(False)
            return _REFUSED if refused else _OK
        if command in {"V", "N", "F"}:
            return {"V": b"V1013\r", "N": b"NSIM1\r", "F": b"F00\r"}[command]
        if _SETUP.fullmatch(command):
            return _REFUSED if self._is_open else _OK
        return self._send(command)

    def _send(self, command: str) -> bytes:
        found = _SEND.fullmatch(command)
        if not command:
            return b""
        if found is None or not self._is_open or len(found[4]) != 2 * int(found[3]):
            return _REFUSED
        frame = Frame(int(found[1] or found[2], 16), bytes.fromhex(found[4]), found[2] is not None)
        self._hub.transmit(frame, self._loop.time(), self._deliver)
        return b"Z\r" if frame.extended else b"z\r"

    def _set_open(self, is_open: bool) -> None:
        if is_open is not self._is_open:
            self._is_open = is_open
            (self._hub.attach if is_open else self._hub.detach)(self._deliver)

    def _deliver(self, frames: list[Frame]) -> None:
        self._write("".join([_line(frame) for frame in frames]).encode("ascii"))

    def _write(self, data: bytes) -> None:
        if self._ends is None or not data:
            return
        try:
            short = os.write(self._ends[0], data) < len(data)
        except BlockingIOError:
            short = True
        self.lost += short


def _line(frame: Frame) -> str:
    name = f"T{frame.can_id:08X}" if frame.extended else f"t{frame.can_id:03X}"
    return f"{name}{len(frame.data)}{frame.data.hex().upper()}\r"
