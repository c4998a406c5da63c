"""`python -m bench run [names]` measures; `python -m bench figures` renders docs/figures.md."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import store
from bench.figure import Figure
from bench.history import History
from bench.machine import machine_class
from bench.render import render

ROOT = Path(__file__).parents[1]


def names_of_benches(root: Path) -> list[str]:
    """Names of all benches, in the order of the alphabet."""
    return sorted(path.stem.removeprefix("bench_") for path in (root / "bench").glob("bench_*.py"))


def is_on_request(name: str) -> bool:
    """Whether a bench takes so long that it is run by name alone: its module says `ON_REQUEST = True`."""
    return bool(getattr(importlib.import_module(f"bench.bench_{name}"), "ON_REQUEST", False))


def measure(root: Path, name: str) -> list[store.Measured]:
    """Run one bench and keep what it saw. Raises ValueError for a subject that matches no file."""
    history, machine = History(root), machine_class()
    figures: list[Figure] = importlib.import_module(f"bench.bench_{name}").run()
    rows = []
    for figure in figures:
        for glob in figure.subject:
            if not history.files([glob]):
                raise ValueError(f"{figure.name}: subject {glob!r} matches no file")
        dirty = tuple(history.changed_since("HEAD", figure.subject) or ())
        rows.append(store.Measured(figure, name, history.commit(), machine, dirty))
    if rows:
        store.save(root / "bench" / "results", name, rows)
    return rows


def run(root: Path, names: Sequence[str]) -> int:
    """Measure; 1 if a bound is broken."""
    known, kept = names_of_benches(root), True
    if unknown := sorted(set(names) - set(known)):
        print(f"no such bench: {', '.join(unknown)}; there are: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    for name in names or [name for name in known if not is_on_request(name)]:
        for row in measure(root, name):
            figure = row.figure
            kept = kept and figure.kept
            verdict = "kept" if figure.kept else "BROKEN"
            print(f"{name}: {figure.name}: {figure.value_text} ({figure.bound_text}: {verdict})", flush=True)
    return 0 if kept else 1


def figures(root: Path) -> int:
    """Render docs/figures.md from the newest results of every bench that still exists."""
    history = History(root)
    found = store.newest(root / "bench" / "results", history)
    rows = [row for name in names_of_benches(root) for row in found.get(name, [])]
    page = root / "docs" / "figures.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(render(rows, history.changed_since), encoding="utf-8")
    print(f"{page.relative_to(root)}: {len(rows)} figures")
    return 0


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("run", help="measure")
    measuring.add_argument("names", nargs="*", help="benches; all but the longest if none")
    commands.add_parser("figures", help="render docs/figures.md")
    arguments = parser.parse_args()
    return run(ROOT, arguments.names) if arguments.command == "run" else figures(ROOT)


if __name__ == "__main__":
    raise SystemExit(main())
