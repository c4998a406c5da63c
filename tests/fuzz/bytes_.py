"""Mutators of bytes and words: values that stand at the edges of types, beside plain noise."""

from random import Random
from typing import Final

EDGES: Final = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7F80, 0xFF80, 0x7FC0)
"""Words at the edges of integers, and the high words of infinity and NaN."""
EDGE_BYTES: Final = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


def words(rng: Random, base: list[int]) -> list[int]:
    """Words like `base`: noise throughout, or a few of them replaced."""
    if rng.random() < 0.5:
        noise = rng.randbytes(2 * len(base))
        return [noise[i] << 8 | noise[i + 1] for i in range(0, len(noise), 2)]
    made = list(base)
    for _ in range(rng.randint(1, 3)):
        made[rng.randrange(len(made))] = rng.choice(EDGES) if rng.random() < 0.7 else rng.getrandbits(16)
    return made


def octets(rng: Random, base: bytes) -> bytes:
    """Bytes of the same length: noise throughout, or a few of them replaced."""
    if not base or rng.random() < 0.4:
        return rng.randbytes(len(base))
    made = bytearray(base)
    for _ in range(rng.randint(1, 3)):
        made[rng.randrange(len(made))] = rng.choice(EDGE_BYTES) if rng.random() < 0.5 else rng.getrandbits(8)
    return bytes(made)


def cut_or_grown(rng: Random, base: bytes) -> bytes:
    """A wrong length."""
    if base and rng.random() < 0.5:
        return base[: rng.randrange(len(base))]
    return base + rng.randbytes(rng.randint(1, 8))
