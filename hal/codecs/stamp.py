"""The stamp of a status block in a map of our own: a mark that says which block it is, and a count of its answers.

On a serial line an answer carries no number: a late one of the same form passes every check of framing. A unit whose
values hang, behind a communication processor that still answers, passes them too. The stamp tells both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hal.codecs.blocks import Block
from hal.codecs.fields import whole_block
from hal.config.device import Register

_NEWER: Final = 0x8000
"""A count may be ahead of the last one by less than this, modulo 2**16; anything else is an old answer."""
_MODULUS: Final = 0x10000


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where in a block the count stands, and which entries always read the same."""

    count_at: int | None
    marks: tuple[tuple[int, int], ...]

    def why_not(self, words: tuple[int, ...], last: int | None) -> str:
        """Why these words are no new answer of this block; empty where they are. `last` is the count before."""
        for at, mark in self.marks:
            if words[at] != mark:
                return f"mark 0x{words[at]:04X} instead of 0x{mark:04X}: another block"
        count = self.count(words)
        if count is not None and last is not None and not 0 < (count - last) % _MODULUS < _NEWER:
            return f"count {count} after {last}: an old answer"
        return ""

    def count(self, words: tuple[int, ...]) -> int | None:
        """The count of an answer."""
        return None if self.count_at is None else words[self.count_at]

    def body(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """The words without the count: equal when nothing else changed."""
        at = self.count_at
        return words if at is None else words[:at] + words[at + 1 :]

    def counted(self, words: tuple[int, ...], count: int) -> tuple[int, ...]:
        """Device side: the words with this count."""
        at = self.count_at
        return words if at is None else (*words[:at], count % _MODULUS, *words[at + 1 :])


def stamp_of(block: Block, registers: Mapping[str, Register]) -> Stamp | None:
    """What a block must show, or `None` where its map has no stamp."""
    inside = {n: r for n, r in registers.items() if block.overlaps(whole_block(r)) and r.is_stamp}
    if not inside:
        return None
    counts = [r.address - block.address for r in inside.values() if r.rolling]
    marks = [(r.address - block.address, r.constant) for r in inside.values() if r.constant is not None]
    return Stamp(counts[0] if counts else None, tuple(marks))
