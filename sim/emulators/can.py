"""One CAN node: messages at their own cycles from cached frames, silence where nobody is."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from hal.codecs.frames import FrameCodec, Traffic
from hal.codecs.registers import Value
from hal.ports import Frame
from sim.emulators.faults import BusFault
from sim.world import World

CanValues = Mapping[str, Value | None]
ALIVE_ROUND: Final = 16
"""Alive counts that are told apart for the cache of frames; the codec wraps the count to its own field."""


@dataclass(slots=True)
class _Slot:
    """One message: its period, when it is next, which part of a text comes next."""

    traffic: Traffic
    period_s: float
    at_s: float
    part: int = 0


class CanEmulator:
    """Base of all nodes. A subclass says who is there (`look`) and what it says (`values`).

    With `coalesce_s` every message comes whole, only so often: for fast simulation. `phase` (0..1) spreads
    the nodes of a bus.
    """

    def __init__(self, world: World, codec: FrameCodec, coalesce_s: float | None, phase: float) -> None:
        self.world = world
        self.fault = BusFault()
        self._coalesce_s = coalesce_s
        self._phase = phase
        self._alive = 0
        self._next = world.now
        self._silent_at = -1
        """Count of the world's changes when nobody was there; before the next one nobody comes."""
        self._stamp: Hashable = None
        self._values: CanValues = {}
        self._frames: dict[tuple[int, int, int], Frame] = {}
        self._rounds: dict[int, list[Frame]] = {}
        """By alive count: all messages with all their parts."""
        self._speak(codec, world.now)

    def look(self) -> Hashable:
        """Stamp of what is said now; `None` = nobody is there."""
        raise NotImplementedError

    def values(self) -> CanValues:
        """What is said now, by role."""
        raise NotImplementedError

    def codec(self) -> FrameCodec:
        """The frames of whoever is there now."""
        return self._codec

    def on_frame(self, frame: Frame, now: float) -> None:
        """A frame from the bus. Most nodes do not listen."""

    def next_due(self) -> float:
        """Wire time at which the next message may be due. Where nobody is, only a change of the world brings one."""
        if self._silent_at != self.world.changes:
            return self._next
        return max(self._next, self.world.next_change)

    def due(self, now: float) -> list[Frame]:
        """All frames due by `now`. A missed cycle is not made up for."""
        if now < self._next:
            return []
        self.world.advance(now)
        slots = [slot for slot in self._slots if slot.at_s <= now]
        for slot in slots:
            slot.at_s += slot.period_s * (math.floor((now - slot.at_s) / slot.period_s) + 1)
        self._next = min(slot.at_s for slot in self._slots)
        if not self._refresh(now):
            return []
        if self._coalesce_s and len(slots) == len(self._slots):
            return self._whole()
        return [frame for slot in slots for frame in self._take(slot)]

    def _whole(self) -> list[Frame]:
        """Every message in all its parts."""
        frames = self._rounds.get(self._alive)
        if frames is None:
            frames = [frame for slot in self._slots for frame in self._take(slot)]
            self._rounds[self._alive] = frames
        return frames

    def _refresh(self, now: float) -> bool:
        """Look at the truth; `False` when nothing is said (yet)."""
        stamp = None if self.fault.silent else self.look()
        if stamp is None:
            self._silent_at = self.world.changes
            return False
        if self.fault.frozen and self._values:
            return True
        if stamp != self._stamp:
            if (codec := self.codec()) is not self._codec:
                self._speak(codec, now)
                return False
            self._stamp = stamp
            values = self.values()
            if values != self._values:
                self._values, self._frames, self._rounds = values, {}, {}
        self._alive = (self._alive + 1) % ALIVE_ROUND
        return True

    def _speak(self, codec: FrameCodec, now: float) -> None:
        """Take up the messages of a codec."""
        self._codec = codec
        self._frames, self._rounds = {}, {}
        start = now if self._coalesce_s else now + self._phase * min(t.cycle_s for t in codec.traffic)
        self._slots = [_Slot(traffic, self._coalesce_s or traffic.cycle_s, start) for traffic in codec.traffic]
        self._next = start

    def _take(self, slot: _Slot) -> list[Frame]:
        traffic = slot.traffic
        if self._coalesce_s:
            return [self._frame(traffic, part) for part in range(traffic.parts)]
        slot.part = (slot.part + 1) % traffic.parts
        return [self._frame(traffic, slot.part)]

    def _frame(self, traffic: Traffic, part: int) -> Frame:
        key = (traffic.can_id, part, self._alive if traffic.alive is not None else -1)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._codec.frame(traffic, self._values, self._alive, part)
        return frame
