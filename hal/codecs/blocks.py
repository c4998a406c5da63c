"""Blocks of table entries: what one read request takes, and how reads are merged."""

from collections.abc import Iterable
from dataclasses import dataclass

from hal.config.device import BIT_TABLES
from hal.ports import Table

BIT_GAP = 32
"""Unused bits that a merged read may carry along."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """`count` entries of a table from wire address `address` on."""

    table: Table
    address: int
    count: int

    @property
    def end(self) -> int:
        """First address behind the block."""
        return self.address + self.count

    def overlaps(self, other: "Block") -> bool:
        """True when they share an entry."""
        return self.table is other.table and self.address < other.end and other.address < self.end


def merge(spans: Iterable[Block], forbidden: Iterable[Block], max_words: int, gap_words: int) -> tuple[Block, ...]:
    """The fewest blocks that cover all spans in address order.

    A block bridges at most `gap_words` unused words (`BIT_GAP` bits), is at most `max_words` long (16 bits a word), and
    never touches a forbidden span, because reading that would change it.
    """
    closed = tuple(forbidden)
    merged: list[Block] = []
    for span in sorted(set(spans)):
        joined = _join(merged[-1], span) if merged else None
        if joined is not None and _allowed(joined, merged[-1], span, max_words, gap_words, closed):
            merged[-1] = joined
        else:
            merged.append(span)
    return tuple(merged)


def limit(table: Table, max_words: int) -> int:
    """Entries of one request."""
    return max_words * 16 if table in BIT_TABLES else max_words


def _join(left: Block, right: Block) -> Block | None:
    if left.table is not right.table:
        return None
    return Block(left.table, left.address, max(left.end, right.end) - left.address)


def _allowed(joined: Block, left: Block, right: Block, max_words: int, gap: int, closed: tuple[Block, ...]) -> bool:
    widest = BIT_GAP if joined.table in BIT_TABLES else gap
    return (
        right.address - left.end <= widest
        and joined.count <= limit(joined.table, max_words)
        and not any(joined.overlaps(block) for block in closed)
    )
