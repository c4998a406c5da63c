"""A controller starts on any journal but another's: one that it cannot use it says, and holds."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from firmware_py.shell.assembly import _open_journal
from firmware_py.shell.journal import JournalError, JournalTaken, LostJournal, Row, Stamp
from firmware_py.shell.journal_db import JournalDb
from firmware_py.shell.journal_writer import SqliteJournal
from hal.config.loader import load_station
from tests.unit.test_journal_schema import old_file

CONFIG = load_station("choco-14").config.process.journal


async def opened(stack: AsyncExitStack, path: Path) -> object:
    return await _open_journal(stack, path, lambda: Stamp(1.0, 2.0), CONFIG)


async def test_a_new_journal_is_made(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        assert isinstance(await opened(stack, tmp_path / "j.sqlite"), SqliteJournal)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (old_file, "schema 1, this program writes 2: run `swapstation db migrate`"),
        (lambda path: path.mkdir(), "cannot open"),
        (lambda path: path.write_bytes(b"no database" * 500), "not a database"),
    ],
)
async def test_one_that_cannot_be_used_says_why_at_each_call(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "j.sqlite"
    spoil(path)
    async with AsyncExitStack() as stack:
        journal = await opened(stack, path)
        assert isinstance(journal, LostJournal)
        for call in (lambda: journal.append([Row("a")]), journal.rows):
            with pytest.raises(JournalError) as caught:
                await call()
            assert said in str(caught.value)


async def test_one_that_another_controller_has_ends_the_start(tmp_path: Path) -> None:
    db = JournalDb(tmp_path / "j.sqlite")
    async with AsyncExitStack() as stack:
        with pytest.raises(JournalTaken, match="another controller"):
            await opened(stack, tmp_path / "j.sqlite")
    db.close()
