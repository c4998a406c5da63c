"""Words of a campaign of kills: what is wished, what one kill and one swap came to."""

from dataclasses import dataclass, field
from pathlib import Path


class Stuck(Exception):
    """The swaps cannot go on without a person's hands. The text says where and why."""


@dataclass(frozen=True)
class Wishes:
    """`swaps` of one station one after the other, with `kills` in all. `folder` takes journal, sockets and logs."""

    station: str
    name: str
    seed: int
    swaps: int
    kills: int
    folder: Path
    speed: float = 1.0
    overtime: int = 3
    """More swaps, where shots came too late for the kills that are wished."""


@dataclass
class Kill:
    """One kill, at an effect of a swap, and what the next controller made of it. Times in s, `known_s` from READY.

    `rows` are those that the journal knew of. No `outcome`: it was killed in its turn before it knew.
    """

    swap: int
    effect: int
    where: str
    how: str
    rows: str = ""
    outcome: str = ""
    text: str = ""
    ready_s: float | None = None
    known_s: float | None = None


@dataclass
class Swapped:
    """One swap as it went. `holds`: beside those of a restart, each left by the word of a person."""

    station: str
    number: int
    took_s: float = 0.0
    effects: int = 0
    orders: list[str] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Chain:
    """Swaps of one station, one after the other, and what its books came to. `orders`: those lost or doubled."""

    swaps: list[Swapped] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> list[Kill]:
        """All of them."""
        return [kill for swap in self.swaps for kill in swap.kills]

    @property
    def found(self) -> list[str]:
        """Everything that must not be."""
        by_swap = (f"{s.station} swap {s.number}: {text}" for s in self.swaps for text in (*s.breaches, *s.wrong))
        return [*by_swap, *self.orders, *self.wrong]
