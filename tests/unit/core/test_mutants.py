"""The gate's cases bite: a slice of its mutants in every run (`make mutants` tries all), and full branch coverage."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hal.commands import Stop
from tests.tools.mutate_gate import GATE, gate_mutants, killer, survivors
from tests.unit.core.gate_cases import Case, cases
from tests.unit.core.scenes import EMPTY_LANE

ROOT = Path(__file__).parents[3]
SLICE = 11
"""Every so manieth mutant is tried."""


def test_every_mutant_of_the_slice_is_killed() -> None:
    some = list(gate_mutants())[::SLICE]
    assert len(some) > 30
    assert [str(m) for m in survivors(some)] == []


def test_a_table_without_the_case_lets_its_mutant_live() -> None:
    """The tester itself can say no."""
    one = next(m for m in gate_mutants() if "car-parked" in m.text)
    blunt = [case for case in cases() if case.interlock != "car-parked"]
    assert killer(one, blunt) is None
    assert killer(one, list(cases())) is not None
    assert killer(one, [Case("nothing", Stop("lift"), EMPTY_LANE)]) is None


@pytest.mark.skipif("coverage" in sys.modules, reason="is being measured already")
def test_the_cases_take_every_branch_of_the_gate(tmp_path: Path) -> None:
    data, report = tmp_path / "data", tmp_path / "report.json"

    def coverage(command: str, *arguments: str) -> None:
        own = ("--rcfile=/dev/null", f"--data-file={data}")
        subprocess.run([sys.executable, "-m", "coverage", command, *own, *arguments], cwd=ROOT, check=True)

    coverage("run", "--branch", f"--include={','.join(map(str, GATE))}", "-m", "tests.tools.judge_all")
    coverage("json", "-q", "-o", str(report))
    totals = json.loads(report.read_text())["totals"]
    assert totals["num_branches"] > 50
    assert (totals["missing_lines"], totals["missing_branches"]) == (0, 0)
