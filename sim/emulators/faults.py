"""Faults of a unit as a bus sees them: silent, frozen at its last answers, or answering wrongly."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(slots=True)
class BusFault:
    """`silent`: no answer at all. `frozen`: reads repeat what was read before, writes are taken and do nothing."""

    silent: bool = False
    frozen: bool = False


class Spoil(StrEnum):
    """What becomes of an answer on its way. The request has had its effect before that."""

    NOISE = "noise"
    """Bytes that are no frame."""
    CHECKSUM = "checksum"
    """The last byte is wrong: a CRC on a serial line, a data byte behind a wrong protocol mark on TCP."""
    TRUNCATED = "truncated"
    """The second half is lost."""
    OTHER_UNIT = "other-unit"
    """It carries the address of the next unit."""
    OTHER_FUNCTION = "other-function"
    """It answers another function code."""
    STALE = "stale"
    """The answer to the request before it comes again, transaction number included."""
    ECHO = "echo"
    """The request itself comes back, as behind an adapter that hears itself."""
    LOST = "lost"
    """Nothing comes: the unit acts and is not heard."""
    SPLIT = "split"
    """It comes byte by byte, each a little later than the one before."""
    TWICE = "twice"
    """It comes a second time behind itself."""


HARMLESS = frozenset({Spoil.SPLIT, Spoil.TWICE})
"""A carrier must cope with these."""


@dataclass(slots=True)
class ModbusFault(BusFault):
    """`refuses`: exception code that every request gets, 0 = none; nothing is done then.

    `late_s` is added to the unit's own latency; `spoil` is what becomes of its answers. `other`: it says that it is
    another product than its file says.
    """

    refuses: int = 0
    late_s: float = 0.0
    spoil: Spoil | None = None
    other: bool = False
