"""A controller starts on any journal but another's: one that it cannot use it says, and holds."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell.assembly import _open_journal
from firmware_py.shell.journal import Journal, JournalError, JournalTaken, LostJournal, Row, Stamp
from firmware_py.shell.journal_db import JournalDb
from firmware_py.shell.journal_writer import LEAVE_S, SqliteJournal
from hal.config.loader import load_station
from hal.config.process import JournalProcess
from tests.unit.test_journal_schema import old_file

CONFIG = load_station("choco-14").config.process.journal


async def opened(stack: AsyncExitStack, path: Path, config: JournalProcess = CONFIG) -> Journal:
    return await _open_journal(stack, path, lambda: Stamp(1.0, 2.0), config)


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


class Disk:
    """Answers nobody from `hangs()` on until `answers()`."""

    def __init__(self) -> None:
        self._goes = threading.Event()
        self._goes.set()
        self.hangs, self.answers = self._goes.clear, self._goes.set

    def wait(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def waited(*args: Any) -> Any:
            self._goes.wait()
            return call(*args)

        return waited


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    found = Disk()
    monkeypatch.setattr(JournalDb, "append", found.wait(JournalDb.append))
    monkeypatch.setattr("firmware_py.shell.journal_writer.JournalDb", found.wait(JournalDb))
    yield found
    found.answers()


async def test_one_that_does_not_open_in_time_says_so(tmp_path: Path, disk: Disk) -> None:
    disk.hangs()
    async with AsyncExitStack() as stack:
        journal = await opened(stack, tmp_path / "j.sqlite", CONFIG.model_copy(update={"start_s": 0.1}))
        with pytest.raises(JournalError, match=r"j.sqlite did not open within 0.1 s: does its disk answer\?"):
            await journal.rows()


async def test_a_disk_that_hangs_delays_the_end_by_little(tmp_path: Path, disk: Disk) -> None:
    async with AsyncExitStack() as stack:
        journal = await opened(stack, tmp_path / "j.sqlite")
        disk.hangs()
        waiting = asyncio.ensure_future(journal.append([Row("a")]))
        await asyncio.sleep(0)
        began_s = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began_s < 5 * LEAVE_S
    waiting.cancel()
