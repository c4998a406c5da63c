"""Results on disk: one JSON file per commit, holding the figures of each bench that was run at it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figure import Comparison, Figure
from bench.history import History


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with where it comes from. `dirty` are subject files that were not committed when it was measured."""

    figure: Figure
    bench: str
    commit: str
    machine: str
    dirty: tuple[str, ...] = ()


def save(directory: Path, bench: str, rows: list[Measured]) -> Path:
    """Put the rows of one bench, all of one commit, in the place of its earlier ones at that commit."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{rows[0].commit}.json"
    benches: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["benches"] if path.exists() else {}
    benches[bench] = [{"machine": row.machine, "dirty": list(row.dirty), **asdict(row.figure)} for row in rows]
    text = json.dumps({"commit": rows[0].commit, "benches": benches}, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def newest(directory: Path, history: History) -> dict[str, list[Measured]]:
    """For each bench its rows from the newest commit that has any; commits that git does not know come last."""
    order = history.newest_first()

    def age(path: Path) -> tuple[int, str]:
        return next((n for n, commit in enumerate(order) if commit.startswith(path.stem)), len(order)), path.stem

    found: dict[str, list[Measured]] = {}
    for path in sorted(directory.glob("*.json"), key=age):
        for bench, rows in _load(path).items():
            found.setdefault(bench, rows)
    return found


def _load(path: Path) -> dict[str, list[Measured]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return {
        bench: [_measured(bench, content["commit"], row) for row in rows] for bench, rows in content["benches"].items()
    }


def _measured(bench: str, commit: str, row: dict[str, Any]) -> Measured:
    machine, dirty = row.pop("machine"), tuple(row.pop("dirty"))
    row["comparison"], row["subject"] = Comparison(row["comparison"]), tuple(row["subject"])
    return Measured(Figure(**row), bench, commit, machine, dirty)
