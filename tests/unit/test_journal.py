"""What the journal has acknowledged is on disk, in order, once; what it cannot keep it refuses for good."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Journal, JournalError, Query, Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.journal_writer import SqliteJournal
from sim.vloop import run_virtual

ROOT = Path(__file__).parents[2]
STAMP = Stamp(12.5, 1_700_000_000.25, ClockSource.GPS)
PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "user_version": 2}
"""2 is FULL: each commit is on the disk."""


def clock() -> Stamp:
    return STAMP


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def kept(path: Path) -> list[tuple[object, ...]]:
    """What somebody else sees in the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as other:
        return other.execute(
            "SELECT seq, t_mono, t_wall, clock_source, kind, swap_id, body FROM journal ORDER BY seq"
        ).fetchall()


def intents(count: int, swap_id: str | None = None) -> list[Row]:
    return [Row("intent", {"n": number}, swap_id) for number in range(count)]


def fill_up(journal: SqliteJournal) -> None:
    """Make the disk full, as the database sees it."""
    assert journal._db is not None
    (pages,) = journal._db._connection.execute("PRAGMA page_count").fetchone()
    journal._db._connection.execute(f"PRAGMA max_page_count = {pages}")


BIG = Row("note", {"text": "x" * 100_000})


async def test_rows_are_durable_when_append_returns(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        await journal.append([Row("intent", MappingProxyType({"b": [1.5, None], "a": "N·m"}), "swap-1"), Row("note")])
        assert kept(path) == [
            (1, *STAMP, "intent", "swap-1", '{"a":"N·m","b":[1.5,null]}'),
            (2, *STAMP, "note", None, "{}"),
        ]


async def test_the_file_is_synced_at_each_commit(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        assert journal._db is not None
        pragmas = [journal._db._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS]
    assert pragmas == list(PRAGMAS.values())


@pytest.mark.parametrize(
    ("setting", "said"), [("synchronous = 1", "synchronous = 2"), ("journal_mode = delete", "journal_mode = wal")]
)
def test_a_setting_that_does_not_take_is_seen_before_a_power_cut_shows_it(path: Path, setting: str, said: str) -> None:
    class Stubborn(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:  # type: ignore[override]
            name = setting.partition(" ")[0]
            return super().execute(f"PRAGMA {setting}" if sql.startswith(f"PRAGMA {name} =") else sql, *values)

    with pytest.raises(JournalError, match=f"does not take {said}"):
        JournalDb(path, lambda where: sqlite3.connect(where, isolation_level=None, factory=Stubborn))
    JournalDb(path).close()


def test_a_row_that_is_missing_among_the_last_is_seen_at_the_start(path: Path) -> None:
    db = JournalDb(path)
    db.append(draft(intents(5), clock))
    db.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER journal_lets_go")
        other.execute("DELETE FROM journal WHERE seq = 3")
    with pytest.raises(JournalError, match="missing behind number 2"):
        JournalDb(path)


def test_a_last_row_that_is_not_whole_is_seen_at_the_start(path: Path) -> None:
    db = JournalDb(path)
    db.append(draft(intents(5), clock))
    db.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER journal_keeps")
        other.execute("UPDATE journal SET body = substr(body, 2) WHERE seq = 5")
    with pytest.raises(JournalError, match="not whole"):
        JournalDb(path)


async def test_rows_survive_a_restart_and_seq_goes_on(path: Path) -> None:
    for _ in range(2):
        async with SqliteJournal(path, clock) as journal:
            await journal.append(intents(2))
    async with SqliteJournal(path, clock) as journal:
        assert [(entry.seq, entry.stamp, entry.row) for entry in await journal.rows()] == [
            (seq, STAMP, row) for seq, row in enumerate(intents(2) * 2, start=1)
        ]


async def test_queries(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        await journal.append([*intents(3, "swap-1"), Row("note", {}, "swap-1"), *intents(2, "swap-2")])

        async def seqs(query: Query) -> list[int]:
            return [entry.seq for entry in await journal.rows(query)]

        assert await seqs(Query(swap_id="swap-1")) == [1, 2, 3, 4]
        assert await seqs(Query(swap_id="swap-1", kind="intent", after_seq=1)) == [2, 3]
        assert await seqs(Query(kind="intent", newest_first=True, limit=2)) == [6, 5]
        assert await seqs(Query(after_seq=4, limit=1)) == [5]
        assert await seqs(Query(kind="none")) == []


async def test_calls_that_meet_share_a_commit_and_keep_their_order(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            for number in range(200):
                group.create_task(journal.append([Row("a", {"n": number}), Row("b", {"n": number})]))
        assert journal.commits < 200
        rows = [entry.row for entry in await journal.rows()]
    assert rows == [Row(kind, {"n": number}) for number in range(200) for kind in "ab"]


async def test_what_was_accepted_is_kept_on_leaving(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        pending = [asyncio.ensure_future(journal.append([row])) for row in intents(20)]
        await asyncio.sleep(0)
    await asyncio.gather(*pending)
    assert len(kept(path)) == 20


async def test_a_cancelled_caller_harms_nobody(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        impatient = asyncio.ensure_future(journal.append(intents(1)))
        await asyncio.sleep(0)
        impatient.cancel()
        await journal.append([Row("note")])
        assert [row[4] for row in kept(path)] == ["intent", "note"]
    assert impatient.cancelled()


async def test_the_first_error_is_final(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        await journal.append(intents(1))
        fill_up(journal)
        with pytest.raises(JournalError, match="full"):
            await journal.append([BIG])
        with pytest.raises(JournalError, match=r"failed before.*full"):
            await journal.append([Row("note")])
        with pytest.raises(JournalError, match="failed before"):
            await journal.rows()
    assert len(kept(path)) == 1


async def test_everybody_in_a_failed_group_hears_of_it(path: Path) -> None:
    async with SqliteJournal(path, clock) as journal:
        fill_up(journal)
        answers = await asyncio.gather(*(journal.append([BIG]) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [JournalError] * 5
    assert kept(path) == []


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}, {"x": {1, 2}}])
async def test_a_body_that_is_no_json_harms_nobody_else(path: Path, body: dict[str, object]) -> None:
    async with SqliteJournal(path, clock) as journal:
        with pytest.raises((TypeError, ValueError)):
            await journal.append([Row("intent"), Row("intent", body)])
        await journal.append([Row("note")])
        assert [row[4] for row in kept(path)] == ["note"]


async def test_a_second_controller_is_refused(path: Path) -> None:
    async with SqliteJournal(path, clock):
        with pytest.raises(JournalError, match="another controller"):
            async with SqliteJournal(path, clock):
                pass
        with pytest.raises(JournalError, match="another controller"):
            JournalDb(path)
    async with SqliteJournal(path, clock) as again:
        await again.append(intents(1))


async def test_a_second_process_is_refused(path: Path) -> None:
    code = f"from firmware_py.shell.journal_db import JournalDb; JournalDb({str(path)!r})"
    async with SqliteJournal(path, clock):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await child.communicate()
    assert child.returncode == 1
    assert b"another controller" in errors


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database " * 100),
        lambda path: path.mkdir(),
        lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99").connection.close(),
    ],
)
async def test_a_file_that_is_no_journal_of_ours_is_refused(path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(path)
    with pytest.raises(JournalError):
        async with SqliteJournal(path, clock):
            pass


async def test_nothing_is_taken_before_opening_and_after_closing(path: Path) -> None:
    journal = SqliteJournal(path, clock)
    with pytest.raises(JournalError, match="not open"):
        await journal.append(intents(1))
    async with journal:
        pass
    with pytest.raises(JournalError, match="not open"):
        await journal.append(intents(1))


WRITER = """
import asyncio, os, sys
from pathlib import Path
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Row, Stamp
from firmware_py.shell.journal_writer import SqliteJournal

async def author(journal, name):
    number = 0
    while True:
        number += 1
        await journal.append([Row("intent", {"author": name, "n": number})])
        os.write(1, f"{name} {number}\\n".encode())

async def main():
    async with SqliteJournal(Path(sys.argv[1]), lambda: Stamp(0.0, 0.0)) as journal, asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(author(journal, name))

asyncio.run(main())
"""


@pytest.fixture
def writer(path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WRITER, str(path)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("acknowledged", [1, 40, 333])
def test_a_killed_controller_loses_nothing_that_was_acknowledged(
    path: Path, writer: Callable[[], subprocess.Popen[str]], acknowledged: int
) -> None:
    process = writer()
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(acknowledged)]
    process.kill()
    seen += process.stdout.readlines()
    process.stdout.close()
    told = {tuple(line.split()) for line in seen}
    db = JournalDb(path)
    entries = db.rows(Query(limit=1_000_000))
    db.close()
    bodies = [(entry.row.body["author"], str(entry.row.body["n"])) for entry in entries]
    assert told <= set(bodies)
    assert len(bodies) == len(set(bodies))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_inline_waits_in_virtual_time_and_commits_midway(path: Path) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        journal = InlineJournal(path, clock=lambda: Stamp(loop.time(), 0.0), latency_s=0.010)
        writing = asyncio.ensure_future(journal.append(intents(1)))
        counts = []
        for _ in range(3):
            await asyncio.sleep(0.004)
            counts.append((len(kept(path)), writing.done()))
        assert counts == [(0, False), (1, False), (1, True)]
        (entry,) = await journal.rows()
        journal.close()
        return [entry.stamp.t_mono, loop.time()]

    assert run_virtual(main(), start_s=5.0) == [5.0, 5.017]


def test_inline_in_memory_latches_a_planted_failure() -> None:
    async def main() -> None:
        journal: Journal = (inline := InlineJournal(clock=clock))
        await journal.append(intents(2))
        assert len(await journal.rows()) == 2
        inline.fail("disk gone")
        for _ in range(2):
            with pytest.raises(JournalError, match="disk gone"):
                await journal.append(intents(1))
        inline.close()

    run_virtual(main())
