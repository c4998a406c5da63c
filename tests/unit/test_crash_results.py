"""What a crash sweep has found becomes figures that one breach breaks, and that say how much was swept."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import bench_crash_sweep
from bench.bench_crash_sweep import figures
from sim.campaigns.crash_results import Swept, read
from sim.campaigns.crash_sweep import summary

GOOD: dict[str, Any] = {
    "run": "happy",
    "outcome": "at S1",
    "end": "Idle",
    "breaches": [],
    "findings": [],
    "problems": [],
}


def swept(*lines: dict[str, Any], boundaries: int = 4) -> Swept:
    found = Swept()
    found.take({"run": "happy", "boundaries": boundaries})
    for at, line in enumerate(lines, 1):
        found.take({**GOOD, "at": at, **line})
    return found


@pytest.mark.parametrize(
    "wrong",
    [{"breaches": ["pack-dropped"]}, {"findings": ["row 3 follows row 1"]}, {"problems": ["x"]}, {"outcome": "well"}],
)
def test_one_crash_that_ends_badly_breaks_a_figure(wrong: dict[str, Any]) -> None:
    assert all(figure.kept for figure in figures(swept({}, {}, {}, {}), 1))
    assert sum(not figure.kept for figure in figures(swept({}, wrong, {}, {}), 1)) == 1


def test_a_part_is_never_told_as_the_whole() -> None:
    share = {figure.name: figure for figure in figures(swept({}, {}), 1)}["crash boundaries swept"]
    assert (share.value, share.kept) == (50.0, False)
    assert "every one in 0" in share.note
    of_two = {figure.name: figure for figure in figures(swept({}, {}, {}, {}), 2)}["crash boundaries swept"]
    assert of_two.value == 50.0, "a run that was not seen yet counts as the others do"


def test_a_story_that_was_not_told_to_its_end_is_counted_as_such() -> None:
    found = swept({}, {"as_known": True}, {"as_known": True}, {"played_on": True})
    told = {figure.name: figure for figure in figures(found, 1)}["crash stories told to their end"]
    assert (told.value, told.note[:1], "1 were played on" in told.note) == (2, "2", True)


def test_results_of_other_sources_become_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"source": "other seed 1"}) + "\n")
    monkeypatch.setattr(bench_crash_sweep, "OUT", str(path))
    with pytest.raises(ValueError, match="other seed 1"):
        bench_crash_sweep.run()


def test_a_crash_that_ended_badly_is_told_with_the_command_that_plays_it_again() -> None:
    text = "\n".join(summary(swept({}, {"breaches": ["pack-dropped"]}), 1, seed=7))
    assert "python -m sim.campaigns.crash_sweep --seed 7 --only happy@2" in text
    assert "pack-dropped" in text


def test_a_line_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({**GOOD, "at": 1}) + "\n" + json.dumps({**GOOD, "at": 2})[:30] + "\n")
    assert [at for _, at in read(path).done] == [1]
