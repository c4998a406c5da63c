"""Devices on CAN: packs by node, and the car. Each holds its latest values and their time.

Only the frame that shows a sender there makes it fresh, where it has one with its alive counter: a sender whose counter
stands still goes stale, whatever else it sends. And a value whose own frame does not come any more is unknown, whatever
else comes: a missing frame of alarms must not read as "no alarm".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from hal.codecs.frames import CarCodec, FrameCodec, PackCodec
from hal.commands import CarMode
from hal.ports import CanLink, Frame
from hal.readings import CarReading, PackReading, SelfCheck

NEVER = float("-inf")
LOST_PERIODS: Final = 3
"""A value is unknown after so many of its own periods, and not before its sender may be silent."""

C = TypeVar("C", bound=FrameCodec)
R = TypeVar("R", bound=PackReading | CarReading)


class _Node(Generic[C, R]):
    """One sender. Silence clears its values: those of one must not serve for the next that comes."""

    def __init__(self, codec: C, clock: Callable[[], float], stale_after_s: float, reading: type[R]) -> None:
        self.codec = codec
        self.stale_after_s = stale_after_s
        self.at_s = NEVER
        self._fresh_ids = frozenset(t.can_id for t in codec.traffic if t.fresh)
        self._keep_s = {role: max(stale_after_s, LOST_PERIODS * s) for role, s in codec.period_s.items()}
        self._clock = clock
        self._new = reading
        self._unknown: R = reading()
        self._values: dict[str, Any] = {}
        self._told: dict[int, Mapping[str, Any]] = {}
        """What each frame said last: the same values again make no new reading, they only keep it fresh."""
        self._until_s: dict[str, float] = {}
        self._reading: R | None = None
        self._good_until_s = NEVER

    def take(self, frame: Frame) -> bool:
        """Decode one frame. `True` when it brought something."""
        now = self._clock()
        if now - self.at_s > self.stale_after_s:
            self._clear(self._values)
            self.codec.forget()
        values = self.codec.decode(frame)
        if values is None:
            return False
        for role in values:
            self._until_s[role] = now + self._keep_s[role]
        if frame.can_id in self._fresh_ids:
            self.at_s = now
        told = self._told.get(frame.can_id)
        if values is not told and values != told:
            self._told[frame.can_id] = values
            self._values.update(values)
            self._reading = None
        return True

    def reading(self, now: float) -> R:
        """Reading of now; all unknown when the sender is silent for too long."""
        if now - self.at_s > self.stale_after_s:
            self._clear(self._values)
            return self._unknown
        if self._reading is None or now > self._good_until_s:
            expired = [role for role, until_s in self._until_s.items() if now > until_s]
            if expired:
                self._clear(expired)
            self._good_until_s = min(self._until_s.values(), default=NEVER)
            if expired or self._reading is None:
                self._reading = self._new(**self._converted(self._values), at_s=self.at_s)
        return self._reading

    def _clear(self, roles: Iterable[str]) -> None:
        self._told = {}
        for role in tuple(roles):
            del self._values[role], self._until_s[role]

    def _converted(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return values


class PackNode(_Node[PackCodec, PackReading]):
    """One pack position on a CAN channel. A pack of another maker than its file names brings no values."""

    def __init__(self, codec: PackCodec, clock: Callable[[], float], stale_after_s: float) -> None:
        super().__init__(codec, clock, stale_after_s, PackReading)
        self.wrong = ""
        """What it said of its maker last against what its file says; empty where that fits, or nothing was said."""

    def take(self, frame: Frame) -> bool:
        """As for every node. After a silence it may be another pack."""
        expected = self.codec.maker
        if expected is None:
            return super().take(frame)
        if self._clock() - self.at_s > self.stale_after_s:
            self.wrong = ""
        brought = super().take(frame)
        said = self._values.get("maker")
        if brought and said is not None:
            self.wrong = "" if said.startswith(expected) else f"maker is {said!r}, expected {expected!r} ..."
        return brought

    def _converted(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"maker": values.get("maker")} if self.wrong else values


class CarNode(_Node[CarCodec, CarReading]):
    """The car on its channel. A request is repeated by its owner until it is withdrawn: a car needs an asker."""

    def __init__(self, codec: CarCodec, link: CanLink, clock: Callable[[], float], stale_after_s: float) -> None:
        super().__init__(codec, clock, stale_after_s, CarReading)
        self.mode = CarMode.NONE
        self._link = link
        self._count = 0

    def _converted(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        word = values.get("self_check")
        return values if word is None else {**values, "self_check": SelfCheck(word)}

    async def request(self, mode: CarMode) -> None:
        """Ask for a mode from now on; sends the first frame. Raises `LinkDown`."""
        self.mode = mode
        await self.repeat()

    async def repeat(self) -> None:
        """Send the present request once more, with a new count. Raises `LinkDown`."""
        self._count = (self._count + 1) & 0xFF
        await self._link.send(self.codec.encode_request(self.mode, self._count))
