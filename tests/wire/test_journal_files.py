"""Real processes on the journal's file: tools beside a running controller, starts on files that are not as before."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_journal_schema import old_file
from tests.wire.processes import STATION, Bench, bench

SOURCE = Path(__file__).parents[2]
OK, FAILED, UNAVAILABLE = 0, 1, 69


def journal_of(on: Bench) -> Path:
    return on.folder / "state" / "swapstation" / STATION / "journal.sqlite"


async def told(on: Bench, *words: str) -> Any:
    ended = await on.command(*words, "--json")
    assert ended.code == OK, ended.err
    return ended.json


async def status(on: Bench) -> tuple[str, dict[str, str]]:
    """State, and the text of each fault."""
    found = await told(on, "status", STATION)
    return found["packml"], {fault["code"]: fault["text"] for fault in found["faults"]}


async def test_beside_a_running_controller_the_file_is_read_and_neither_changed_nor_shared() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator) as run:
        found = await told(on, "db", "check", STATION)
        assert (found["problems"], found["open_swaps"], found["rows"] >= 2) == ([], [], True)
        lines = (await on.command("db", "export", STATION)).out.splitlines()
        assert [json.loads(line)["kind"] for line in lines[:2]] == ["boot", "configuration"]

        copy = on.folder / "copy.sqlite"
        assert (await told(on, "db", "backup", STATION, str(copy)))["problems"] == []
        for words in (["migrate", STATION], ["restore", STATION, str(copy)]):
            ended = await on.command("db", *words)
            assert (ended.code, "another controller runs" in ended.err) == (UNAVAILABLE, True), words
            assert "Traceback" not in ended.err
        second = await on.command(*simulator["run"][1:], "--socket", str(on.folder / "other.sock"))
        assert (second.code, "another controller runs on this journal" in second.err) == (UNAVAILABLE, True)
        assert "Traceback" not in second.err
        assert run.process.returncode is None
        assert await status(on) == ("Stopped", {})


def of_the_first_release(path: Path) -> object:
    return old_file(path, "UPDATE journal SET kind = 'note'")


def of_a_later_release(path: Path) -> object:
    return old_file(path, "PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_the_first_release, "run `swapstation db migrate`"),
        (of_a_later_release, "it was written by a newer program: run that one"),
    ],
)
async def test_on_a_file_that_it_cannot_use_the_station_is_held_and_talks(
    spoil: Callable[[Path], object], said: str
) -> None:
    async with bench() as on, on.simulator() as simulator:
        path = journal_of(on)
        path.parent.mkdir(parents=True)
        spoil(path)
        before = path.read_bytes()
        async with on.controller(simulator) as run:
            packml, faults = await status(on)
            assert packml == "Held"
            assert said in faults["JOURNAL_FAILED"]
            refused = await on.command("reset", STATION, "--yes", "--why", "test")
            assert refused.code == FAILED
            assert await run.terminate() == OK
        assert path.read_bytes() == before
        if spoil is of_the_first_release:
            assert (await told(on, "db", "migrate", STATION))["reached"] == [2]
            async with on.controller(simulator):
                assert await status(on) == ("Stopped", {})


def edited(folder: Path) -> Path:
    """A folder of configuration in which the station's file has one other value."""
    stations = folder / "config" / "stations"
    stations.mkdir(parents=True)
    text = (SOURCE / "config" / "stations" / f"{STATION}.toml").read_text()
    other = text.replace("state_every_s = 1.0", "state_every_s = 1.5", 1)
    assert other != text
    (stations / f"{STATION}.toml").write_text(other)
    return folder / "config"


async def cleared(on: Bench) -> None:
    assert (await on.command("reset", STATION, "--yes", "--why", "test")).code == FAILED
    assert (await on.command("clear", STATION, "--yes", "--why", "seen by eye")).code == OK
    assert await status(on) == ("Stopped", {})


@pytest.mark.timeout(120)
async def test_other_files_and_a_restored_journal_are_held_until_a_person_has_cleared_them() -> None:
    async with bench() as on, on.simulator() as simulator:
        copy = on.folder / "copy.sqlite"
        async with on.controller(simulator):
            assert await status(on) == ("Stopped", {})
        await told(on, "db", "backup", STATION, str(copy))

        other = {**simulator, "run": [*simulator["run"], "--config", str(edited(on.folder))]}
        async with on.controller(other):
            packml, faults = await status(on)
            assert (packml, list(faults)) == ("Held", ["CONFIGURATION_CHANGED"])
            assert "the last run had" in faults["CONFIGURATION_CHANGED"]
            await cleared(on)
        async with on.controller(other):
            assert await status(on) == ("Stopped", {})

        assert (await told(on, "db", "restore", STATION, str(copy)))["before"].endswith(".before-restore-1")
        shutil.rmtree(on.folder / "config")
        async with on.controller(simulator):
            packml, faults = await status(on)
            assert (packml, list(faults)) == ("Held", ["JOURNAL_RESTORED"])
            assert "copy.sqlite" in faults["JOURNAL_RESTORED"]
            await cleared(on)
        async with on.controller(simulator):
            assert await status(on) == ("Stopped", {})
