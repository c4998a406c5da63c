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
        self._hub = hub
        self._clock = clock
        self._takers: list[Callable[[list[Frame]], None]] = []
        self._open = False

    @property
    def state(self) -> LinkState:
        """READY while entered."""
        return LinkState.READY if self._open else LinkState.DISCONNECTED

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """See `CanLink.subscribe`."""
        self._takers.append(on_frames)

    async def send(self, frame: Frame) -> None:
        """See `CanLink.send`."""
        if not self._open:
            raise LinkDown("channel is closed")
        self._hub.transmit(frame, self._clock(), sender=self._give)

    def __enter__(self) -> Self:
        self._hub.attach(self._give)
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.detach(self._give)
        self._open = False

    def _give(self, frames: list[Frame]) -> None:
        for take in self._takers:
            take(frames)
