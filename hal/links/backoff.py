"""Waiting times between attempts to reach a carrier."""

from collections.abc import Callable

_MAX_DOUBLINGS = 30


class Backoff:
    """Capped back-off with full jitter: the n-th wait is uniform in 0..min(cap, base * 2**n) seconds.

    `random` gives floats in 0..1 and is handed in, so that a simulation can repeat a run.
    """

    def __init__(self, random: Callable[[], float], *, base_s: float = 0.1, cap_s: float = 2.0) -> None:
        if not 0 < base_s <= cap_s:
            raise ValueError(f"back-off needs 0 < base_s <= cap_s, got {base_s} and {cap_s}")
        self._random = random
        self._base_s = base_s
        self._cap_s = cap_s
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling_s = min(self._cap_s, self._base_s * 2.0 ** min(self._failures, _MAX_DOUBLINGS))
        self._failures += 1
        return ceiling_s * self._random()

    def reset(self) -> None:
        """The carrier works: the next wait is a short one again."""
        self._failures = 0
