"""A CAN channel in memory: implements `hal.ports.CanLink` over a hub."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from hal.errors import LinkDown
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub


class MemoryCanLink:
    """One listener of a hub. Batches are handed on at once, in the hub's own call."""

    def __init__(self, hub: CanHub, clock: Callable[[], float]) -> None:
        self.error = "not opened yet"
        self._hub = hub
        self._clock = clock
        self._takers: list[Callable[[list[Frame]], None]] = []
        self._state_takers: list[Callable[[LinkState], None]] = []
        self._state = LinkState.DISCONNECTED
        self._plugged = False

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
        self._hub.transmit(frame, self._clock(), sender=self._give)

    def set_plugged(self, plugged: bool) -> None:
        """Put the adapter in, or pull it out."""
        if plugged is self._plugged:
            return
        self._plugged = plugged
        (self._hub.attach if plugged else self._hub.detach)(self._give)
        (self._hub.attach_crier if plugged else self._hub.detach_crier)(self._cry)
        if plugged:
            self._become(LinkState.CONNECTING, "not ready yet")
        self._become(LinkState.READY if plugged else LinkState.DISCONNECTED, "" if plugged else "the adapter is gone")

    def _cry(self, bus_off: bool) -> None:
        self._become(LinkState.DISCONNECTED if bus_off else LinkState.READY, "bus-off" if bus_off else "")

    def _become(self, state: LinkState, error: str) -> None:
        self._state, self.error = state, error
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
