"""The journal port: rows that are on disk before what they announce is done."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal_space import Space


class JournalError(Exception):
    """The journal cannot keep rows any more. Final for this process: it stays failed until a new one opens the file.

    No command may leave after it. A commit that fails may succeed on the next try and have lost a row in between, so
    there is no next try.
    """


class JournalTaken(JournalError):
    """Another controller, or a tool that writes, has this journal."""


class Stamp(NamedTuple):
    """Time of a row: monotonic s of this boot, and s since 1970-01-01 UTC as the station's clock has it.

    `clock_source`: who set that clock. Where nobody is known to, `t_wall` may be anything.
    """

    t_mono: float
    t_wall: float
    clock_source: ClockSource = ClockSource.NONE

    @property
    def wall_is_set(self) -> bool:
        """`t_wall` says something."""
        return self.clock_source is not ClockSource.NONE


Clock = Callable[[], Stamp]


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. `body` holds what JSON can hold, numbers finite; `swap_id` ties it to a swap."""

    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    swap_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is kept. `seq` counts from 1 without gaps."""

    seq: int
    stamp: Stamp
    row: Row


class Draft(NamedTuple):
    """A row made ready for the disk: stamped, its body canonical JSON."""

    stamp: Stamp
    kind: str
    swap_id: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries to read: at most `limit`, by ascending `seq`, or descending if `newest_first`."""

    after_seq: int = 0
    kind: str | None = None
    swap_id: str | None = None
    newest_first: bool = False
    limit: int = 1000


ALL = Query()
"""The first thousand entries."""


class Journal(Protocol):
    """Append-only log with one writer. Both methods raise `JournalError` and, once they have, always will."""

    async def append(self, rows: Sequence[Row]) -> None:
        """Keep the rows, all or none; returns when they are durable.

        Rows of one call stay together, and calls are kept in the order in which they were made. A caller that is
        cancelled here does not know whether the rows are kept. TypeError or ValueError: a body is no JSON, nothing is
        kept.
        """
        ...

    def watch(self, space: Callable[[Space], None], failed: Callable[[str], None]) -> None:
        """Be told, in the loop, when the disk becomes low or full or is well again, and of a failure that no call saw.

        The latter is found by upkeep, between the calls: nobody who waits would hear of it.
        """
        ...

    async def rows(self, query: Query = ALL) -> list[Entry]:
        """Entries that are durable. Commits wait while this reads: page through long stretches by `after_seq`."""
        ...


class LostJournal:
    """A journal that could not be opened: it keeps nothing, and says why. The station is seen, and moves nothing."""

    def __init__(self, why: str) -> None:
        self._why = why

    def watch(self, space: Callable[[Space], None], failed: Callable[[str], None]) -> None:
        """See `Journal`. There is nothing to tell: the first call hears it."""

    async def append(self, rows: Sequence[Row]) -> None:
        """See `Journal`. Always raises."""
        raise JournalError(self._why)

    async def rows(self, query: Query = ALL) -> list[Entry]:
        """See `Journal`. Always raises."""
        raise JournalError(self._why)


def canonical(body: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces. TypeError or ValueError for what JSON cannot hold, NaN and infinity too."""
    text = json.dumps(dict(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode()  # a lone surrogate must fail here, at its author, and not at the disk
    return text


def draft(rows: Sequence[Row], clock: Clock) -> list[Draft]:
    """Rows made ready for the disk, all with the time of this call."""
    stamp = clock()
    return [Draft(stamp, row.kind, row.swap_id, canonical(row.body)) for row in rows]
