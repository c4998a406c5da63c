"""A slice of the crash sweep: swaps crashed at some of their effect boundaries. All of them: `make crash-sweep`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.campaigns.crash_results import WRONG, Results, read
from sim.campaigns.crash_sweep import kind_of

SLICE = {"happy": 43, "bolt-cross-threaded": 89, "estop-no-pack": 89}
"""Every so manyth boundary."""


def sweep(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim.campaigns.crash_sweep", "--processes", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SLICE)
def test_a_slice_of_crashes_is_gone_on_from_without_harm(name: str, tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    done = sweep("--scenarios", name, "--every", str(SLICE[name]), "--out", str(out))
    swept = read(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert swept.boundaries[name] > 150
    assert len(swept.done) == -(-swept.boundaries[name] // SLICE[name])
    assert {kind: swept.count(kind) for kind in WRONG} == {"breaches": 0, "findings": 0, "problems": 0}
    assert swept.unlisted == []
    assert len(swept.tally("outcome")) > 1, "crashes in different places of the swap"


@pytest.mark.timeout(120)
def test_one_crash_is_played_again_to_the_same_end(tmp_path: Path) -> None:
    told = [json.loads(sweep("--only", "happy@120").stdout) for _ in range(2)]
    for each in told:
        each.pop("wall_s")
    assert told[0] == told[1]
    assert told[0]["outcome"] not in {"", "nothing pending"}


def test_a_sweep_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    before: dict[str, Any] = {"run": "no-order", "at": 1, "outcome": "nothing pending", "end": "Idle"}
    results = Results(out, kind_of(1))
    results.tell(before)
    assert sweep("--scenarios", "no-order", "--every", "8", "--out", str(out)).returncode == 0
    swept = read(out)
    assert swept.done["no-order", 1] == before, "it is not crashed there a second time"
    assert len(swept.done) == -(-swept.boundaries["no-order"] // 8) > 1


def test_results_of_other_sources_are_not_mixed_with_these(tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"
    Results(out, "other seed 1")
    done = sweep("--scenarios", "no-order", "--out", str(out))
    assert done.returncode == 2
    assert "other seed 1" in done.stderr
