"""`swapstation sim run`: what it prints and how it ends."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sim.campaigns import scenario_cli

WRONG = """
title = "an order that is refused, and nobody expects it"
description = "d"
[[car]]
order_model = "aion-xx"
[expect]
faults = []
place = "S0"
[[expect.order]]
outcome = "completed"
"""


def invoke(*words: str) -> Result:
    app, sim_app = typer.Typer(), typer.Typer()
    sim_app.callback()(lambda: None)
    scenario_cli.register(app, sim_app)
    app.add_typer(sim_app, name="sim")
    return CliRunner().invoke(app, ["sim", "run", *words])


def test_a_good_run_ends_with_0_and_shows_steps_and_verdict() -> None:
    result = invoke("wrong-vin", "--verbose")
    assert result.exit_code == 0, result.output
    assert "Check the position" in result.output
    assert "VIN_MISMATCH/car" in result.output
    assert "PASS" in result.output
    assert "state" in result.output, "the timeline"


def test_json_has_the_digest_and_nothing_else_is_printed() -> None:
    found = json.loads(invoke("unknown-model", "--json", "--seed", "3").output)
    assert found["passed"] is True
    assert found["simulated"] is True
    assert len(found["digest"]) == 64
    assert found["seed"] == 3
    assert found["orders"]["order-1"][0][0] == "refused"


def test_a_miss_ends_with_1_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    result = invoke(str(file))
    assert result.exit_code == 1
    assert "MISS order-1: refused" in result.output
    assert "FAIL" in result.output


def test_over_frames_time_on_the_wire_is_another() -> None:
    over_words, over_frames = (json.loads(invoke("happy", "--json", *more).output) for more in ((), ("--frames",)))
    assert over_frames["passed"]
    assert over_words["digest"] != over_frames["digest"]


def test_the_list_names_every_scenario() -> None:
    from sim.scenario import scenario_names

    plain, listed = invoke("--list").output, json.loads(invoke("--list", "--json").output)
    assert [one["name"] for one in listed] == list(scenario_names())
    assert all(name in plain for name in scenario_names())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("hapy",), 78, "did you mean 'happy'"),
        ((), 64, "which scenario"),
        (("happy", "--wire", "--frames"), 64, "--frames is for virtual time"),
        (("happy", "--speed", "2"), 64, "--speed goes with --wire"),
    ],
)
def test_mistakes_of_use(words: tuple[str, ...], code: int, said: str) -> None:
    result = invoke(*words)
    assert result.exit_code == code
    assert said in result.output
