"""Tells of a CAN channel that is down as such: adapter gone, server gone, controller chip bus-off."""

from collections.abc import Callable
from typing import Protocol

from hal.ports import CanLink, LinkState


class BusCrier(Protocol):
    """Who is told. `bus` is the name of the fault's device."""

    def bus_lost(self, bus: str, why: str) -> None: ...

    def bus_found(self, bus: str) -> None: ...


class BusWatch:
    """One channel. The silence of its devices is judged elsewhere; this says that they cannot be heard, and why."""

    def __init__(
        self, name: str, link: CanLink, crier: BusCrier, guarded: Callable[[Callable[[], None]], None]
    ) -> None:
        self._bus = f"bus-{name}"  # a device may have the name of its link
        self._link = link
        self._crier = crier
        self._guarded = guarded
        self._lost = False
        self._on = False
        link.on_state(self._changed)

    def start(self) -> None:
        """From now on; a channel that is already down is told of."""
        self._on = True
        self._changed(self._link.state)

    def stop(self) -> None:
        """No more: links close after the controller has ended."""
        self._on = False

    def _changed(self, state: LinkState) -> None:
        if not self._on:
            return
        if state is LinkState.DISCONNECTED and not self._lost:
            self._lost = True
            self._guarded(lambda: self._crier.bus_lost(self._bus, self._link.error))
        elif state is LinkState.READY and self._lost:
            self._lost = False
            self._guarded(lambda: self._crier.bus_found(self._bus))
