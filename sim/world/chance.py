"""Seeded chance without the random module: the same seed and name give the same numbers on every machine."""

import math
from hashlib import sha256
from typing import Final

_MASK: Final = (1 << 64) - 1
_DIGITS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Chance:
    """One named stream of numbers (SplitMix64 started from a hash of seed and name)."""

    def __init__(self, seed: int, name: str) -> None:
        self._state = int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8], "big")

    def uniform(self) -> float:
        """Next number in [0, 1)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((z ^ (z >> 31)) >> 11) / (1 << 53)

    def factor(self, sigma: float) -> float:
        """Log-normal factor of median 1. Exactly 1 and no number drawn when `sigma` is 0."""
        if sigma <= 0.0:
            return 1.0
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        return math.exp(sigma * radius * math.cos(2.0 * math.pi * self.uniform()))

    def letters(self, count: int) -> str:
        """`count` digits and capital letters (no I, no O)."""
        return "".join(_DIGITS[int(self.uniform() * len(_DIGITS))] for _ in range(count))
