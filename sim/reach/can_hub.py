"""Hub of one simulated CAN channel: hands frames between emulators and listeners. Knows time only as `now`."""

from collections.abc import Callable, Iterable
from typing import Protocol

from hal.ports import Frame

Listener = Callable[[list[Frame]], None]
"""Takes one batch of frames, oldest first. Must not block."""


Crier = Callable[[bool], None]
"""Told whether the chip is bus-off. Must not block."""


class CanEmulator(Protocol):
    """One simulated node. Times are seconds on the caller's monotonic clock."""

    def on_frame(self, frame: Frame, now: float) -> None:
        """A client sent `frame`; any answer comes later through `due`."""
        ...

    def due(self, now: float) -> list[Frame]:
        """Frames whose time has come, oldest first; each is given once."""
        ...

    def next_due(self) -> float:
        """Time of the next frame, infinity where none is planned."""
        ...


def _nobody_waits() -> None:
    """The wake-up of a hub that no timer runs."""


class CanHub:
    """A frame of a client reaches every emulator and every other client; frames of emulators reach every client."""

    def __init__(self, emulators: Iterable[CanEmulator] = ()) -> None:
        self._emulators = tuple(emulators)
        self._next_dues = tuple(emulator.next_due for emulator in self._emulators)
        self._listeners: list[Listener] = []
        self._criers: list[Crier] = []
        self._is_off = False
        self.wake: Callable[[], None] = _nobody_waits
        """Set by the one timer that runs this hub: called when `next_due` may have become earlier."""

    def attach(self, listener: Listener) -> None:
        """From now on `listener` gets every frame but its own."""
        self._listeners.append(listener)

    def detach(self, listener: Listener) -> None:
        """No more frames for `listener`. Detaching twice is fine."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def attach_crier(self, crier: Crier) -> None:
        """From now on `crier` is told of bus-off and of the end of it."""
        self._criers.append(crier)

    def detach_crier(self, crier: Crier) -> None:
        """No more for `crier`. Detaching twice is fine."""
        if crier in self._criers:
            self._criers.remove(crier)

    @property
    def is_off(self) -> bool:
        """The chip of the listeners is off the bus."""
        return self._is_off

    def set_bus_off(self, is_off: bool) -> None:
        """The controller chip of the listeners goes off the bus, or is restarted. Off it, no frame goes either way."""
        if is_off is not self._is_off:
            self._is_off = is_off
            for crier in tuple(self._criers):
                crier(is_off)

    def transmit(self, frame: Frame, now: float, sender: Listener | None = None) -> None:
        """Put a client's frame on the channel; `sender` is its own listener and does not hear it."""
        if self._is_off:
            return
        self._give([frame], sender)
        for emulator in self._emulators:
            emulator.on_frame(frame, now)
        self.wake()

    def run_due(self, now: float) -> int:
        """Put on the channel what the emulators send up to `now`; the count of frames."""
        frames = [frame for emulator in self._emulators for frame in emulator.due(now)]
        if frames and not self._is_off:
            self._give(frames, None)
        return len(frames)

    def next_due(self) -> float:
        """Time of the next frame of any emulator, infinity where none is planned."""
        return min([due() for due in self._next_dues], default=float("inf"))

    def _give(self, frames: list[Frame], sender: Listener | None) -> None:
        for listener in tuple(self._listeners):
            if listener != sender:
                listener(frames)
