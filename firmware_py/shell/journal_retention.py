"""The journal stays bounded: old rows that nothing open needs are removed, a few at a time."""

import json
import sqlite3
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Stamp

BATCH: Final = 500
"""Rows in one removal: some milliseconds, and a commit that comes meanwhile waits no longer."""
LEAST: Final = 10
"""Fewer are left for another time: a removal leaves a row of its own."""
DAY_S: Final = 86_400.0
THINNED: Final = "thinned"
"""Kind of the row that says which rows are gone, in the transaction that removes them."""
_NEVER: Final = ("configuration", "restored")
"""Of these kinds the last one stays: the next start compares itself with it."""
_ENDS: Final = ("swap-ended", "swap-cleared")
_ROWS: Final = """SELECT seq, t_wall, clock_source, kind, swap_id FROM journal
    WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"""
_INSERT: Final = "INSERT INTO journal (t_mono, t_wall, clock_source, kind, body) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays: rows younger than `age_s`, the newest `rows`, and no more than `most_bytes` beyond those."""

    age_s: float
    rows: int
    most_bytes: int


class Thinning:
    """Removes from the oldest row on. Rows of an open swap stay where they are and are passed by."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._passed = 0
        """Everything up to this row was looked at."""

    def step(self, connection: sqlite3.Connection, now: Stamp) -> bool:
        """One batch; True where it found something to do. Raises sqlite3.Error; the rows are gone only on return."""
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
        found = connection.execute(_ROWS, (self._passed, last - self._keep.rows, BATCH)).fetchall()
        if not self._too_big(connection):
            old = [index for index, row in enumerate(found) if self._is_old(row[1], row[2], now)]
            found = found[: old[-1] + 1] if old else []
        if len(found) < LEAST:
            self._passed = 0
            return False
        needed = _needed(connection, {swap_id for *_, swap_id in found if swap_id is not None})
        gone = {
            seq: kind for seq, _, _, kind, swap_id in found
            if swap_id not in needed and not (kind in _NEVER and _is_last(connection, seq, kind))
        }  # fmt: skip
        ends = [seq for seq, kind in gone.items() if kind in _ENDS]
        for seq in ends:
            if _closes_one_that_stays(connection, seq, gone):
                del gone[seq]
        if gone:
            self._remove(connection, list(gone), now)
        self._passed = found[-1][0]
        return True

    def _is_old(self, t_wall: float, source: str, now: Stamp) -> bool:
        """By clocks that are known to be set, at both ends. Without one nothing has an age."""
        return source != ClockSource.NONE and now.wall_is_set and now.t_wall - t_wall > self._keep.age_s

    def _too_big(self, connection: sqlite3.Connection) -> bool:
        pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGES)
        return bool((pages - free) * size > self._keep.most_bytes)

    def _remove(self, connection: sqlite3.Connection, gone: list[int], now: Stamp) -> None:
        body = json.dumps({"first": gone[0], "last": gone[-1], "rows": len(gone)})
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_INSERT, (*now, THINNED, body))  # first: the file lets no other rows go
        connection.executemany("DELETE FROM journal WHERE seq = ?", [(seq,) for seq in gone])
        connection.execute("COMMIT")


_PAGES: Final = ("page_count", "freelist_count", "page_size")


def _needed(connection: sqlite3.Connection, swaps: set[str]) -> set[str]:
    """Those of these swaps that are open: begun, and neither ended nor cleared. A refused order begins none."""
    cleared: set[str] = set()
    if swaps:
        bodies = connection.execute("SELECT body FROM journal WHERE kind = 'swap-cleared'")
        cleared = {json.loads(body)["swap_id"] for (body,) in bodies}
    return {
        each for each in swaps - cleared if _has(connection, each, "order") and not _has(connection, each, "swap-ended")
    }


def _has(connection: sqlite3.Connection, swap_id: str, kind: str) -> bool:
    sql = "SELECT 1 FROM journal WHERE swap_id = ? AND kind = ? LIMIT 1"
    return connection.execute(sql, (swap_id, kind)).fetchone() is not None


def _closes_one_that_stays(connection: sqlite3.Connection, seq: int, gone: Container[int]) -> bool:
    """The end of a swap, or its clearing, whose beginning stays: without it that swap would seem to be open."""
    swap_id, body = connection.execute("SELECT swap_id, body FROM journal WHERE seq = ?", (seq,)).fetchone()
    begun = "SELECT seq FROM journal WHERE swap_id = ? AND kind = 'order'"
    rows = connection.execute(begun, (swap_id or json.loads(body)["swap_id"],)).fetchall()
    return any(number not in gone for (number,) in rows)


def _is_last(connection: sqlite3.Connection, seq: int, kind: str) -> bool:
    (last,) = connection.execute("SELECT max(seq) FROM journal WHERE kind = ?", (kind,)).fetchone()
    return bool(last == seq)
