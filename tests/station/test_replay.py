"""A run in virtual time is logged and decided again; whatever is changed in the log is found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.reading import BadLog, WireLog
from hal.config.loader import load_station
from sim.campaigns import replay_cli
from sim.campaigns.replay import CannotReplay, Difference, Replay, Step
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import load_scenario

STATION = load_station("choco-14")
TURNING, FAILED = 2, 3  # codes of the lock controller's state words

Said = dict[str, Any]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A swap in which lock point 4 does not open: the old pack is locked again and the car is let go."""
    folder = tmp_path_factory.mktemp("log")
    assert run_virtual(load_scenario("bolt-will-not-open", []), seed=3, wire_log=folder).passed
    return folder


def test_a_log_with_frames_in_the_binary_format_gives_the_same_decisions(logged: Path, tmp_path: Path) -> None:
    scenario = load_scenario("bolt-will-not-open", [])
    assert run_virtual(scenario, seed=3, wire_log=tmp_path, can=CanFormat.BLF).passed
    assert not (tmp_path / "can.log").exists()
    assert [e.frames for e in WireLog(tmp_path)] == [e.frames for e in WireLog(logged)]
    steps, difference = replayed(tmp_path)
    assert difference is None
    assert [step.decided for step in steps] == [step.decided for step in replayed(logged)[0]]


@pytest.fixture
def log(logged: Path, tmp_path: Path) -> Path:
    """A copy of it that may be changed."""
    return Path(shutil.copytree(logged, tmp_path / "log"))


def replayed(folder: Path) -> tuple[list[Step], Difference | None]:
    replay = Replay(STATION, WireLog(folder))
    steps = list(replay.steps())
    return steps, replay.difference


def change(folder: Path, where: Callable[[Said], bool], how: Callable[[Said], object]) -> int:
    """Change the first line that is looked for; its number."""
    path = folder / "wires.jsonl"
    lines = path.read_text().split("\n")
    number = next(n for n, line in enumerate(lines) if line and where(json.loads(line)))
    said = json.loads(lines[number])
    how(said)
    lines[number] = json.dumps(said)
    path.write_text("\n".join(lines))
    return number + 1


def is_poll_of_locks_with(word: int) -> Callable[[Said], bool]:
    return lambda said: said.get("by") == "poll-locks" and said["unit"] == 1 and word in said.get("words", [])[1:11]


def test_the_same_decisions_come_of_it(logged: Path) -> None:
    steps, difference = replayed(logged)
    assert difference is None
    assert len(steps) == sum("event" in entry.said for entry in WireLog(logged)) > 1000
    raised = [e["fault"]["code"] for step in steps for e in step.decided["effects"] if e["is"] == "RaiseFault"]
    assert raised == ["LOCK_FAILED_UNLOCK"]
    assert {step.event["is"] for step in steps} >= {"Scan", "Operator", "OrderIn", "TimeUp"}
    assert steps[-1].decided["packml"] == "Idle"


def test_one_word_that_is_changed_is_found(log: Path) -> None:
    number = change(log, is_poll_of_locks_with(FAILED), lambda said: said["words"].__setitem__(4, TURNING))
    steps, difference = replayed(log)
    assert difference is not None
    assert difference.where == f"wires.jsonl:{number + 1}"
    assert difference.what == "effects on Scan"
    assert difference.logged[0]["fault"]["code"] == "LOCK_FAILED_UNLOCK"
    assert difference.replayed == []
    assert steps[-1].number < number


def test_one_bit_of_a_frame_that_is_changed_is_found(log: Path) -> None:
    path = log / "can.log"
    lines = path.read_text().split("\n")
    for n, line in enumerate(lines):  # nothing of the car is valid any more
        if line.split(" ")[1:2] == ["car"] and line.endswith("R"):
            head, _, data = line.partition("#")
            lines[n] = f"{head}#{'0' * (len(data) - 2)} R"
    path.write_text("\n".join(lines))
    _, difference = replayed(log)
    assert difference is not None
    assert difference.what.startswith("effects on ")


def test_an_order_must_have_come_as_a_message(log: Path) -> None:
    change(
        log,
        lambda said: said.get("do") == "take" and "/cmd/" in said["topic"],
        lambda said: said.update(text=said["text"].replace("order-1", "order-2")),
    )
    _, difference = replayed(log)
    assert difference is not None
    assert difference.what == "an order that no message brought"


def test_a_request_that_the_codec_does_not_make_is_found(log: Path) -> None:
    number = change(log, is_poll_of_locks_with(FAILED), lambda said: said.update(at=7))
    _, difference = replayed(log)
    assert difference is not None
    assert difference.where == f"wires.jsonl:{number}"
    assert difference.what == "the log has read input 7+33 of unit 1 on locks where read input 0+33 of unit 1 is due"


def test_a_timeout_in_the_log_is_one_in_the_replay(log: Path) -> None:
    def time_out(said: Said) -> None:
        del said["words"]
        said.update(error="LinkTimeout", why="no answer")

    change(log, is_poll_of_locks_with(FAILED), time_out)
    _, difference = replayed(log)
    assert difference is not None
    assert difference.replayed == []


def test_a_controller_that_is_killed_and_started_again_begins_anew(tmp_path: Path) -> None:
    assert run_virtual(load_scenario("controller-killed", []), wire_log=tmp_path).passed
    steps, difference = replayed(tmp_path)
    assert difference is None
    assert [step.event["is"] for step in steps].count("Interrupted") == 1


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"station": "latch-99"}, "of station latch-99, not of choco-14"),
        ({"hash": "0"}, "written with configuration 0"),
        ({"from_start": False}, "begins in the middle of a run"),
    ],
)
def test_a_log_of_something_else_is_refused(log: Path, header: Said, why: str) -> None:
    change(log, lambda said: "wire-log" in said, lambda said: said.update(header))
    with pytest.raises(CannotReplay, match=why):
        replayed(log)


def test_after_a_gap_nothing_is_claimed(log: Path) -> None:
    def gap(said: Said) -> None:
        said.clear()
        said["gap"] = 4

    number = change(log, lambda said: said.get("event", {}).get("is") == "OrderIn", gap)
    with pytest.raises(BadLog, match=f"wires.jsonl:{number}: 4 lines are missing"):
        replayed(log)


def test_an_event_of_another_version_is_refused(log: Path) -> None:
    number = change(log, lambda said: "event" in said, lambda said: said.update(event={"is": "Jump"}))
    with pytest.raises(BadLog, match=f"wires.jsonl:{number}: unknown event 'Jump'"):
        replayed(log)


def invoke(*words: str) -> Result:
    app, sim_app = typer.Typer(), typer.Typer()
    sim_app.callback()(lambda: None)
    replay_cli.register(app, sim_app)
    app.add_typer(sim_app, name="sim")
    return CliRunner().invoke(app, ["sim", "replay", *words])


def test_the_command_prints_the_timeline_and_ends_with_0(logged: Path) -> None:
    result = invoke(str(logged))
    assert result.exit_code == 0, result.output
    assert "-> RaiseFault fault=Fault code=LOCK_FAILED_UNLOCK device=locks" in result.output
    assert "all as they were" in result.output.splitlines()[-1]


def test_the_command_names_the_first_difference_and_ends_with_1(log: Path) -> None:
    number = change(log, is_poll_of_locks_with(FAILED), lambda said: said["words"].__setitem__(4, TURNING))
    result = invoke(str(log), "--brief")
    assert result.exit_code == 1
    assert f"wires.jsonl:{number + 1}" in result.output
    assert "logged:   RaiseFault" in result.output
    assert "replayed: nothing" in result.output
    told = json.loads(invoke(str(log), "--json").stdout)
    assert (told["ok"], told["difference"]["replayed"]) == (False, [])


def test_the_command_refuses_what_is_no_log(tmp_path: Path) -> None:
    result = invoke(str(tmp_path))
    assert (result.exit_code, "No such file" in result.output) == (1, True)
