"""A CAN channel in memory: implements `hal.ports.CanLink` over a hub."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from hal.errors import LinkDown
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub

Callback = Callable[[Any], None]


def as_it_is(callback: Callback) -> Callback:
    """Called by the hub itself."""
    return callback


class MemoryCanLink:
    """One listener of a hub. Batches are handed on at once, in the hub's own call.

    `inside` makes a callback of the hub one of the process that has the link.
    """

    def __init__(
        self, hub: CanHub, clock: Callable[[], float], inside: Callable[[Callback], Callback] = as_it_is
    ) -> None:
        self.error = "not opened yet"
        self._hub = hub
        self._clock = clock
        self._takers: list[Callable[[list[Frame]], None]] = []
        self._state_takers: list[Callable[[LinkState], None]] = []
        self._state = LinkState.DISCONNECTED
        self._plugged = False
        self._ear, self._crier, self._tell = inside(self._give), inside(self._cry), inside(self._told)

    @property
    def state(self) -> LinkState:
        """READY while entered, plugged in and on the bus."""
        return self._state

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See `CanLink.on_state`."""
        self._state_takers.append(changed)

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """See `CanLink.subscribe`."""
        self._takers.append(on_frames)

    async def send(self, frame: Frame) -> None:
        """See `CanLink.send`."""
        if self._state is not LinkState.READY:
            raise LinkDown(self.error)
        self._hub.transmit(frame, self._clock(), sender=self._ear)

    def set_plugged(self, plugged: bool) -> None:
        """Put the adapter in, or pull it out."""
        if plugged is self._plugged:
            return
        self._plugged = plugged
        (self._hub.attach if plugged else self._hub.detach)(self._ear)
        (self._hub.attach_crier if plugged else self._hub.detach_crier)(self._crier)
        if not plugged:
            self._become(LinkState.DISCONNECTED, "the adapter is gone")
            return
        self._become(LinkState.CONNECTING, "not ready yet")
        self._cry(self._hub.is_off)

    def _cry(self, bus_off: bool) -> None:
        self._become(LinkState.DISCONNECTED if bus_off else LinkState.READY, "bus-off" if bus_off else "")

    def _become(self, state: LinkState, error: str) -> None:
        self._state, self.error = state, error
        self._tell(state)

    def _told(self, state: LinkState) -> None:
        for changed in self._state_takers:
            changed(state)

    def __enter__(self) -> Self:
        self.set_plugged(True)
        return self

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set_plugged(False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set_plugged(False)

    def _give(self, frames: list[Frame]) -> None:
        for take in self._takers:
            take(frames)
