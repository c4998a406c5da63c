"""Figures keep or break their bounds, and a row goes stale when a file of its subject changes."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import __main__ as bench_main
from bench import store
from bench.figure import Comparison, Figure
from bench.history import NO_COMMIT, History
from bench.machine import machine_class
from bench.render import render


def figure(value: float = 1.0, bound: str = "1.02", comparison: Comparison = Comparison.AT_MOST) -> Figure:
    command, subject = "make bench NAMES=swap", ("src/**/*.py",)
    return Figure("swap | path", bound, comparison, value, "ratio", command, subject, "by hand")


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=root, check=True)


def commit(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    git(root, "add", path)
    git(root, "commit", "--quiet", "--no-verify", "-m", f"{path}: {text}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "src/deep/one.py", "1")
    commit(tmp_path, "other.txt", "1")
    return tmp_path


@pytest.fixture
def measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one bench, measured at its last commit."""
    commit(root, "bench/bench_swap.py", "")
    monkeypatch.setitem(sys.modules, "bench.bench_swap", SimpleNamespace(run=lambda: [figure()]))
    assert bench_main.run(root, []) == 0
    return root


def page(root: Path) -> str:
    assert bench_main.figures(root) == 0
    return (root / "docs" / "figures.md").read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        (Comparison.AT_MOST, True, True, False),
        (Comparison.BELOW, True, False, False),
        (Comparison.AT_LEAST, False, True, True),
        (Comparison.ABOVE, False, False, True),
        (Comparison.EQUAL, False, True, False),
    ],
)
def test_bounds(comparison: Comparison, below: bool, at: bool, above: bool) -> None:
    values = (999.0, 1000.0, 1001.0)
    assert tuple(figure(value, "1,000", comparison).kept for value in values) == (below, at, above)


def test_a_value_that_is_no_number_keeps_no_bound() -> None:
    assert not figure(float("nan")).kept


@pytest.mark.parametrize(
    ("bound", "comparison"), [("soon", Comparison.AT_MOST), ("", Comparison.AT_MOST), ("1", Comparison.NONE)]
)
def test_a_bound_must_be_a_number_with_a_comparison(bound: str, comparison: Comparison) -> None:
    with pytest.raises(ValueError, match=r"bound|could not convert"):
        figure(1.0, bound, comparison)


def test_rows_tell_bound_value_verdict_and_origin() -> None:
    row = store.Measured(figure(1.5), "swap", "abc", "2 cores")
    line = render([row], lambda _, __: []).splitlines()[-1]
    assert line == (
        "| swap \\| path | <= 1.02 | 1.5 ratio | **no** | `abc` | `make bench NAMES=swap` | 2 cores | by hand |"
    )


def test_fresh_after_measuring_and_after_unrelated_commits(measured: Path) -> None:
    assert "| yes |" in page(measured)
    commit(measured, "other.txt", "2")
    assert "| yes |" in page(measured)


def test_stale_when_the_subject_is_committed_changed(measured: Path) -> None:
    commit(measured, "src/deep/one.py", "2")
    assert "| yes, *stale*: src/deep/one.py changed since |" in page(measured)


@pytest.mark.parametrize("path", ["src/deep/one.py", "src/new.py"])
def test_stale_when_the_working_tree_changed(measured: Path, path: str) -> None:
    (measured / path).write_text("edited", encoding="utf-8")
    assert f"*stale*: {path} changed since" in page(measured)


def test_stale_when_measured_on_uncommitted_files(measured: Path) -> None:
    (measured / "src/deep/one.py").write_text("edited", encoding="utf-8")
    assert bench_main.run(measured, ["swap"]) == 0
    git(measured, "add", "src")
    git(measured, "commit", "--quiet", "--no-verify", "-m", "later")
    assert "*stale*: measured before src/deep/one.py was committed" in page(measured)


def test_stale_when_the_commit_is_unknown(measured: Path) -> None:
    (path,) = (measured / "bench" / "results").glob("*.json")
    text = path.read_text(encoding="utf-8").replace(path.stem, "0123456789ab")
    path.unlink()
    path.with_stem("0123456789ab").write_text(text, encoding="utf-8")
    assert "*stale*: commit unknown" in page(measured)


def test_the_newest_commit_counts(measured: Path) -> None:
    commit(measured, "src/deep/one.py", "2")
    assert bench_main.run(measured, ["swap"]) == 0
    assert len(list((measured / "bench" / "results").glob("*.json"))) == 2
    assert f"| yes | `{History(measured).commit()}` |" in page(measured)


def test_a_bench_that_is_gone_leaves_the_page(measured: Path) -> None:
    (measured / "bench" / "bench_swap.py").unlink()
    assert "swap" not in page(measured)


def test_unknown_bench_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_main.run(root, ["nope"]) == 2
    assert "nope" in capsys.readouterr().err


def test_a_bench_that_takes_hours_is_run_by_name_alone(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(measured, "bench/bench_long.py", "")
    ran = list[str]()
    long = SimpleNamespace(run=lambda: ran.append("long") or [figure()], ON_REQUEST=True)
    monkeypatch.setitem(sys.modules, "bench.bench_long", long)
    assert bench_main.run(measured, []) == 0
    assert ran == []
    assert bench_main.run(measured, ["long"]) == 0
    assert ran == ["long"]


def test_a_subject_that_matches_nothing_is_refused(measured: Path) -> None:
    git(measured, "rm", "--quiet", "-r", "src")
    with pytest.raises(ValueError, match="matches no file"):
        bench_main.run(measured, ["swap"])


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert History(tmp_path).commit() == NO_COMMIT
    assert History(tmp_path).changed_since(NO_COMMIT, ["*"]) is None


def test_the_machine_class_names_no_host(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nmodel name\t: Maker(R) Kind(TM) CPU X1 @ 2.20GHz\n", encoding="ascii")
    assert " Maker Kind X1, " in machine_class(cpuinfo)
    assert "unknown CPU" in machine_class(tmp_path / "missing")
