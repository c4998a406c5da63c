"""Devices on CAN: packs by node, and the car. Each holds its latest values and their time.

Only the frame with the alive counter makes a node fresh: a sender whose counter stands still goes stale, whatever else
it sends.
"""

from collections.abc import Callable
from typing import Any

from hal.codecs.frames import CarCodec, PackCodec
from hal.commands import CarMode
from hal.ports import CanLink, Frame
from hal.readings import CarReading, PackReading, SelfCheck

NEVER = float("-inf")
_NO_PACK = PackReading()
_NO_CAR = CarReading()


class PackNode:
    """One pack position on a CAN channel. Silence clears its values: those of one pack must not serve for the next."""

    def __init__(self, codec: PackCodec, clock: Callable[[], float], stale_after_s: float) -> None:
        self.codec = codec
        self.stale_after_s = stale_after_s
        self.at_s = NEVER
        self._alive_ids = frozenset(t.can_id for t in codec.traffic if t.alive is not None)
        self._clock = clock
        self._values: dict[str, Any] = {}
        self._reading: PackReading | None = None

    def take(self, frame: Frame) -> bool:
        """Decode one frame. `True` when it brought something."""
        now = self._clock()
        if now - self.at_s > self.stale_after_s:
            self._values = {}
            self.codec.forget()
        values = self.codec.decode(frame)
        if values is None:
            return False
        self._values.update(values)
        if frame.can_id in self._alive_ids:
            self.at_s = now
        self._reading = None
        return True

    def reading(self, now: float) -> PackReading:
        """Reading of now; all unknown when the pack is silent for too long."""
        if now - self.at_s > self.stale_after_s:
            self._values = {}
            return _NO_PACK
        if self._reading is None:
            self._reading = PackReading(**self._values, at_s=self.at_s)
        return self._reading


class CarNode:
    """The car on its channel. A request is repeated by its owner until it is withdrawn: a car needs an asker."""

    def __init__(self, codec: CarCodec, link: CanLink, clock: Callable[[], float], stale_after_s: float) -> None:
        self.codec = codec
        self.stale_after_s = stale_after_s
        self.at_s = NEVER
        self.mode = CarMode.NONE
        self._alive_ids = frozenset(t.can_id for t in codec.traffic if t.alive is not None)
        self._link = link
        self._clock = clock
        self._count = 0
        self._values: dict[str, Any] = {}
        self._reading: CarReading | None = None

    def take(self, frame: Frame) -> bool:
        """Decode one frame. `True` when it brought something."""
        now = self._clock()
        if now - self.at_s > self.stale_after_s:
            self._values = {}
            self.codec.forget()
        values = self.codec.decode(frame)
        if values is None:
            return False
        self._values.update(values)
        if frame.can_id in self._alive_ids:
            self.at_s = now
        self._reading = None
        return True

    def reading(self, now: float) -> CarReading:
        """Reading of now; all unknown when the car is silent."""
        if now - self.at_s > self.stale_after_s:
            self._values = {}
            return _NO_CAR
        if self._reading is None:
            values = dict(self._values)
            if values.get("self_check") is not None:
                values["self_check"] = SelfCheck(values["self_check"])
            self._reading = CarReading(**values, at_s=self.at_s)
        return self._reading

    async def request(self, mode: CarMode) -> None:
        """Ask for a mode from now on; sends the first frame. Raises `LinkDown`."""
        self.mode = mode
        await self.repeat()

    async def repeat(self) -> None:
        """Send the present request once more, with a new count. Raises `LinkDown`."""
        self._count = (self._count + 1) & 0xFF
        await self._link.send(self.codec.encode_request(self.mode, self._count))
