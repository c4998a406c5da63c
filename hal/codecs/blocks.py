"""Blocks of table entries: what one read request takes, and how reads are merged."""

from collections.abc import Iterable
from dataclasses import dataclass

from hal.config.device import BIT_TABLES
from hal.ports import Table

OWN_ID = -1
"""The unit's own id, which the station gives."""
BIT_GAP = 32
"""Unused bits that a merged read may carry along."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """`count` entries of a table from wire address `address` on, of the unit itself or of another id of its product."""

    table: Table
    address: int
    count: int
    unit_id: int = OWN_ID

    @property
    def end(self) -> int:
        """First address behind the block."""
        return self.address + self.count

    def overlaps(self, other: "Block") -> bool:
        """True when they share an entry."""
        return self.is_beside(other) and self.address < other.end and other.address < self.end

    def covers(self, other: "Block") -> bool:
        """True when it has every entry of the other."""
        return self.is_beside(other) and self.address <= other.address and other.end <= self.end

    def is_beside(self, other: "Block") -> bool:
        """True when one request could take both: the same table, asked under the same id."""
        return self.table is other.table and self.unit_id == other.unit_id


def merge(spans: Iterable[Block], forbidden: Iterable[Block], max_words: int, gap_words: int) -> tuple[Block, ...]:
    """The fewest blocks that cover all spans in address order.

    A block bridges at most `gap_words` unused words (`BIT_GAP` bits), is at most `max_words` long (16 bits a word), and
    never touches a forbidden span, because reading that would change it.
    """
    closed = tuple(forbidden)
    merged: list[Block] = []
    for span in sorted(set(spans), key=lambda s: (s.unit_id, s)):
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
    if not left.is_beside(right):
        return None
    return Block(left.table, left.address, max(left.end, right.end) - left.address, left.unit_id)


def _allowed(joined: Block, left: Block, right: Block, max_words: int, gap: int, closed: tuple[Block, ...]) -> bool:
    widest = BIT_GAP if joined.table in BIT_TABLES else gap
    return (
        right.address - left.end <= widest
        and joined.count <= limit(joined.table, max_words)
        and not any(joined.overlaps(block) for block in closed)
    )
