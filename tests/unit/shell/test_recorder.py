"""The way into the journal: in order, shared commits, and the first failure is final."""

import asyncio

import pytest

from firmware_py.shell.journal import JournalError, Row
from firmware_py.shell.recorder import Recorder
from tests.unit.shell.fakes import Journal, virtual


def test_a_fact_is_durable_before_any_later_intent_and_commits_are_shared() -> None:
    async def main() -> None:
        journal = Journal(latency_s=1.0)
        recorder = Recorder(journal, lambda _: None)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            recorder.note(Row("first"))
            recorder.note(Row("second"))
            await recorder.intend(Row("intent"))
            assert journal.kinds == ["first", "second", "intent"]
            assert len(journal.batches) == 1
            assert asyncio.get_running_loop().time() == 1.0
            await asyncio.gather(recorder.intend(Row("a")), recorder.intend(Row("b")))
            assert [len(batch) for batch in journal.batches] == [3, 2]
            task.cancel()

    virtual(main())


def test_an_intent_waits_until_it_is_durable() -> None:
    async def main() -> None:
        journal = Journal(latency_s=3.0)
        recorder = Recorder(journal, lambda _: None)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            waiting = group.create_task(recorder.intend(Row("intent")))
            await asyncio.sleep(2.9)
            assert not waiting.done()
            await asyncio.sleep(0.2)
            assert waiting.done()
            task.cancel()

    virtual(main())


def test_the_first_failure_is_told_once_and_every_later_intent_fails() -> None:
    async def main() -> None:
        journal = Journal(latency_s=1.0, broken="disk full")
        told: list[str] = []
        recorder = Recorder(journal, told.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            with pytest.raises(JournalError, match="disk full"):
                await recorder.intend(Row("one"))
            journal.broken = ""
            recorder.note(Row("fact"))
            for kind in ("two", "three"):
                with pytest.raises(JournalError, match="disk full"):
                    await recorder.intend(Row(kind))
            await asyncio.sleep(5)
            task.cancel()
        assert told == ["disk full"]
        assert journal.batches == [], "a disk that came back may have lost a row in between"

    virtual(main())


def test_intents_that_wait_while_the_journal_breaks_fail_too() -> None:
    async def main() -> None:
        recorder = Recorder(Journal(latency_s=1.0, broken="gone"), lambda _: None)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            waiting = [group.create_task(_outcome(recorder, kind)) for kind in "abc"]
            await asyncio.sleep(0.5)
            late = group.create_task(_outcome(recorder, "late"))
            await asyncio.sleep(5)
            assert [w.result() for w in (*waiting, late)] == ["gone"] * 4
            task.cancel()

    virtual(main())


def test_who_gave_up_waiting_disturbs_nobody() -> None:
    async def main() -> None:
        journal = Journal(latency_s=2.0)
        recorder = Recorder(journal, lambda _: None)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await recorder.intend(Row("impatient"))
            await recorder.intend(Row("patient"))
            assert journal.kinds == ["impatient", "patient"]
            task.cancel()

    virtual(main())


async def _outcome(recorder: Recorder, kind: str) -> str:
    try:
        await recorder.intend(Row(kind))
    except JournalError as error:
        return str(error)
    return "kept"


def test_a_commit_that_takes_too_long_is_told_while_it_is_pending_and_when_it_is_over() -> None:
    async def main() -> None:
        journal, told = Journal(latency_s=0.2), list[tuple[float, bool]]()
        clock = asyncio.get_running_loop().time
        recorder = Recorder(journal, lambda _: None, commit_s=0.25, slow=lambda on: told.append((clock(), on)))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            await recorder.intend(Row("quick"))
            assert told == []
            journal.latency_s = 2.0
            await recorder.intend(Row("slow"))
            journal.latency_s = 0.2
            await recorder.intend(Row("quick again"))
            task.cancel()
        assert told == [(pytest.approx(0.45), True), (pytest.approx(2.2), False)]

    virtual(main())


def test_a_commit_that_hangs_and_then_fails_is_not_told_to_be_over() -> None:
    async def main() -> None:
        told: list[object] = []
        recorder = Recorder(Journal(1.0, broken="gone"), told.append, commit_s=0.25, slow=told.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(recorder.run())
            with pytest.raises(JournalError):
                await recorder.intend(Row("a"))
            task.cancel()
        assert told == [True, "gone"]

    virtual(main())
