"""Thread that opens, drains and closes one CAN bus."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from hal.links.can_bus import Batch, Bus, open_bus
from hal.links.can_chip import Chip
from hal.links.inbox import Inbox
from hal.ports import Frame

POLL_S: Final = 0.1  # longest wait for a frame: a reader notices in this time that it shall end
BATCH: Final = 256
COLLECT_S: Final = 0.02  # pause after a batch: a bus wakes the loop 50 times a second at most
LET_IN_S: Final = 0.0002  # pause within a burst: without one the loop waits 5 ms for its turn of the interpreter
FLOOD_PER_S: Final = 22_000.0  # no classic bus carries more: 1 Mbit/s is 21,277 frames of 47 bits, the shortest
FLOOD_CREDIT: Final = 16_384.0  # frames that are taken at full speed: what has piled up somewhere
FLOOD_PAUSE_S: Final = 0.01  # shortest pause in a flood that lasts


class Pace:
    """How fast a reader may be: a burst as fast as it comes, but a flood costs no more than the fastest bus would.

    A server, or noise on a serial line, may bring frames faster than any bus, for ever.
    """

    def __init__(self, now: float) -> None:
        self._credit = FLOOD_CREDIT
        self._at = now

    def pause_s(self, taken: int, now: float) -> float:
        """How long to wait after a batch of `taken` frames."""
        bus_brings = (now - self._at) * FLOOD_PER_S
        self._at = now
        self._credit = min(FLOOD_CREDIT, self._credit + bus_brings) - taken
        if self._credit < 0:
            return max(FLOOD_PAUSE_S, -self._credit / FLOOD_PER_S)
        return LET_IN_S if taken >= BATCH or taken > bus_brings else COLLECT_S


class BusReader(threading.Thread):
    """One life of a bus. All that may block while opening and receiving happens here, and any error ends it.

    `on_open` (with the reader), `on_chip` (with the reader, when the state of the chip changed) and `on_end` are called
    in the loop of the inbox, in order with the frames.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        inbox: Inbox,
        chip: Chip,
        on_open: Callable[[Self], None],
        on_chip: Callable[[Self], None],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(name=f"can-read {name}", daemon=True)
        self.reason = ""
        self._options = options
        self._inbox = inbox
        self._chip = chip
        self._on_open = on_open
        self._on_chip = on_chip
        self._on_end = on_end
        self._bus: Bus | None = None
        self._halt = threading.Event()

    @property
    def sends_at_once(self) -> bool:
        """Whether `send` would not wait now."""
        return self._bus is None or self._halt.is_set() or self._bus.sends_at_once

    def halt(self, reason: str) -> None:
        """From any thread: end soon. The first reason stays."""
        self.reason = self.reason or reason
        self._halt.set()

    def send(self, frame: Frame) -> None:
        """From any thread, one at a time. Blocks for a bounded time; raises OSError where the frame did not go."""
        if self._bus is None or self._halt.is_set():
            raise ConnectionError(self.reason or "not open")
        try:
            self._bus.send(frame)
        except OSError as error:
            if self._bus.spoiled_by_a_failed_send:
                self.halt(f"send: {error}")
            raise

    def run(self) -> None:
        """Body of the thread."""
        try:
            self._bus = bus = open_bus(self._options)
            pace = Pace(time.perf_counter())
            self._chip.opened()
            self._inbox.call_in_loop(self._on_open, self)
            while not self._halt.is_set():
                if bus.wait(POLL_S):
                    self._take(bus, pace)
        except Exception as error:  # edge: a thread has no caller, and drivers raise what they like
            self.halt(repr(error))
        finally:
            if self._bus is not None:
                self._bus.close()
            self._inbox.call_in_loop(self._on_end)

    def _take(self, bus: Bus, pace: Pace) -> None:
        """Hand over what is there, and what comes meanwhile, until there is nothing."""
        taken = 1
        while taken and not self._halt.is_set():
            batch = bus.drain(BATCH)
            taken = batch.taken
            self._inbox.ignored += batch.ignored
            changed = self._chip_changes(batch)
            if batch.frames:
                self._inbox.put(batch.frames)
            if changed:
                self._inbox.call_in_loop(self._on_chip, self)
            if taken:
                self._halt.wait(pace.pause_s(taken, time.perf_counter()))

    def _chip_changes(self, batch: Batch) -> bool:
        changed, heard = False, 0
        for before, report in batch.errors:
            changed |= before > heard and self._chip.heard()
            changed |= self._chip.take(report)
            heard = before
        return changed | (len(batch.frames) > heard and self._chip.heard())
