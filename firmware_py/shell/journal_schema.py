"""The schema of the journal's file: numbered, forward only, each number one transaction."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from firmware_py.shell.journal import JournalError

Steps = tuple[tuple[str, ...], ...]

MIGRATIONS: Final[Steps] = (
    (
        """CREATE TABLE journal (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            t_mono REAL NOT NULL,
            t_wall REAL NOT NULL,
            kind TEXT NOT NULL,
            swap_id TEXT,
            body TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX journal_by_swap ON journal (swap_id, seq) WHERE swap_id IS NOT NULL",
        "CREATE INDEX journal_by_kind ON journal (kind, seq)",
    ),
    (
        "ALTER TABLE journal ADD COLUMN clock_source TEXT NOT NULL DEFAULT 'none'",
        """CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal
        BEGIN SELECT raise(ABORT, 'rows of the journal are not changed'); END""",
        """CREATE TRIGGER journal_lets_go BEFORE DELETE ON journal
        WHEN NOT EXISTS (
            SELECT 1 FROM (SELECT body FROM journal WHERE kind = 'thinned' ORDER BY seq DESC LIMIT 1)
            WHERE old.seq BETWEEN json_extract(body, '$.first') AND json_extract(body, '$.last')
        )
        BEGIN SELECT raise(ABORT, 'rows of the journal go only where a row says so'); END""",
    ),
)
"""What leads from schema n to n + 1. A step that was released is never changed: files out there have run it.

1: the log. 2: who set the wall clock of a row, without which its age says nothing; rows are not changed, and go only
where the last row of kind `thinned` names them.
"""
VERSION: Final = len(MIGRATIONS)
"""The schema that this program writes."""


class SchemaMismatch(JournalError):
    """The file has another schema than this program writes. Nothing in it was touched."""

    def __init__(self, found: int, known: int) -> None:
        self.found = found
        self.known = known
        ahead = "it was written by a newer program: run that one" if found > known else "run `swapstation db migrate`"
        super().__init__(f"the journal has schema {found}, this program writes {known}: {ahead}")


def version_of(connection: sqlite3.Connection) -> int:
    """Schema of an open file, 0 for a new one. Raises JournalError where it is a database but no journal."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if (version == 0) != ("journal" not in tables) or version < 0 or (version == 0 and tables):
        raise JournalError(f"this is no journal: schema {version}, tables {', '.join(sorted(tables)) or 'none'}")
    return int(version)


def create(connection: sqlite3.Connection, steps: Steps = MIGRATIONS) -> None:
    """Make the newest schema in a new file: in one transaction, so that nobody ever sees an old one half way."""
    _run(connection, [statement for step in steps for statement in step], len(steps))


def migrate(connection: sqlite3.Connection, steps: Steps = MIGRATIONS) -> list[int]:
    """Bring an older file to the newest schema; gives the numbers that were reached, none where it was there already.

    Raises SchemaMismatch for a newer file. A crash or an error leaves the last whole step.
    """
    found = version_of(connection)
    if found > len(steps):
        raise SchemaMismatch(found, len(steps))
    reached = list(range(found + 1, len(steps) + 1))
    for number in reached:
        _run(connection, steps[number - 1], number)
    return reached


def open_swaps(connection: sqlite3.Connection) -> list[str]:
    """Swaps that have begun and neither ended nor were cleared by a person. Any schema."""
    begun = [swap_id for (swap_id,) in connection.execute("SELECT swap_id FROM journal WHERE kind = 'order'")]
    over = {swap_id for (swap_id,) in connection.execute("SELECT swap_id FROM journal WHERE kind = 'swap-ended'")}
    cleared = connection.execute("SELECT body FROM journal WHERE kind = 'swap-cleared'")
    over |= {json.loads(body)["swap_id"] for (body,) in cleared}
    return [swap_id for swap_id in begun if swap_id not in over]


def _run(connection: sqlite3.Connection, statements: Sequence[str], number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
