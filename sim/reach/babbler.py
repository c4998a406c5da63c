"""A node that has lost its mind: it sends one frame after the other, as fast as it is told to."""

from typing import Final

from hal.ports import Frame

BABBLE_PER_S: Final = 4500.0
"""Frames of 8 bytes and an 11-bit id fill 500 kbit/s at 111 bits each, without stuffing."""
_MOST_AT_ONCE: Final = 200
_NEVER: Final = float("inf")


class Babbler:
    """A `CanEmulator` that is quiet until `set_babbling(True)`. Id 0 wins every arbitration; nobody speaks with it."""

    def __init__(self, per_s: float = BABBLE_PER_S) -> None:
        self._gap_s = 1.0 / per_s
        self._next = _NEVER
        self._count = 0

    def set_babbling(self, babbling: bool) -> None:
        """From the next look at `next_due` on."""
        self._next = 0.0 if babbling else _NEVER

    def on_frame(self, frame: Frame, now: float) -> None:
        """It does not listen."""

    def next_due(self) -> float:
        """See `CanEmulator`."""
        return self._next

    def due(self, now: float) -> list[Frame]:
        """Frames since the last call; after a long time fewer than there were on the bus."""
        if now < self._next:
            return []
        first = self._next or now
        missed = min(_MOST_AT_ONCE, 1 + int((now - first) / self._gap_s))
        self._next = max(first + missed * self._gap_s, now)
        self._count += missed
        return [Frame(0, (self._count + k).to_bytes(8, "big"), extended=False) for k in range(missed)]
