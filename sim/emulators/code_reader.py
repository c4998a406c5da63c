"""The code reader at the buffer: reads again and again, and sends a line each time."""

import math
from typing import Final

from hal.config.station import ReaderDevice
from sim.emulators.faults import BusFault
from sim.world import World

GARBAGE: Final = b"\x00\xff~?"
"""What noise on the line looks like: bytes that are no text, and no end of a line."""


class CodeReaderEmulator:
    """Sees the pack on the slot at the buffer. It owns no task, socket or clock."""

    def __init__(self, world: World, config: ReaderDevice) -> None:
        self.world = world
        self.config = config
        self.fault = BusFault()
        self._last = b""
        self._next_s = world.now + config.every_s

    def next_due(self) -> float:
        """Wire time of the next line."""
        return self._next_s

    def due(self, now: float) -> bytes:
        """What is sent by `now`. A missed line is not made up for."""
        if now < self._next_s:
            return b""
        every_s = self.config.every_s
        self._next_s += every_s * (math.floor((now - self._next_s) / every_s) + 1)
        self.world.advance(now)
        if self.fault.silent:
            return b""
        if not (self.fault.frozen and self._last):
            self._last = self._line()
        return self._last

    def _line(self) -> bytes:
        config, sight, pack = self.config, self.world.sight, self.world.buffer_pack
        code = None if pack is None or sight.blind else sight.says or pack.serial
        text = config.no_read if code is None else code
        line = config.start.encode() + text.encode() + config.end.encode()
        return GARBAGE + line[len(line) // 2 :] if sight.garbled else line
