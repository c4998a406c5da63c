"""Results of crashes: one JSON line each, appended as they come, so that a sweep that was stopped goes on."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from firmware_py.core.recovery_words import Outcome
from sim.campaigns.crash_known import Story, story_of

WRONG: Final = ("breaches", "findings", "problems")


@dataclass
class Swept:
    """All that a file of results says. `boundaries`: of each run that was gone through to its end."""

    boundaries: dict[str, int] = field(default_factory=dict)
    done: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    """Runs that could not be gone through."""

    def take(self, line: dict[str, Any]) -> None:
        """One line."""
        if "boundaries" in line:
            self.boundaries[line["run"]] = line["boundaries"]
        elif "failed" in line:
            self.failed.append(f"{line['run']}: {line['failed']}")
        elif "at" in line:
            self.done[line["run"], line["at"]] = line

    @property
    def bad(self) -> list[dict[str, Any]]:
        """Crashes after which something was wrong."""
        return [line for line in self.done.values() if any(line.get(kind) for kind in WRONG)]

    def count(self, kind: str) -> int:
        """Crashes with something of that kind: see `WRONG`."""
        return sum(bool(line.get(kind)) for line in self.done.values())

    @property
    def unlisted(self) -> list[dict[str, Any]]:
        """Crashes after which the controller came to no conclusion of the closed list."""
        return [line for line in self.done.values() if line.get("outcome") not in set(Outcome)]

    @property
    def as_known(self) -> int:
        """Crashes whose story was told until it was known how it ends."""
        return sum(bool(line.get("as_known")) for line in self.done.values())

    @property
    def played_on(self) -> int:
        """Crashes whose story was told further than that."""
        return sum(bool(line.get("played_on")) for line in self.done.values())

    def stories(self) -> dict[str, Story]:
        """Those that other runs may have too, by the history of their crash."""
        good = (line for line in self.done.values() if "places" in line and not any(line.get(kind) for kind in WRONG))
        return {line["history"]: story_of(line) for line in good}

    def tally(self, key: str) -> Counter[str]:
        """How often each value of a key was seen."""
        return Counter(str(line.get(key) or "none") for line in self.done.values())

    def share(self, runs: int) -> float:
        """Share of all boundaries that were swept; those of runs not seen yet are taken as many as the others' mean."""
        known = sum(self.boundaries.values())
        total = known if len(self.boundaries) >= runs or not known else known / len(self.boundaries) * runs
        return len(self.done) / total if total else 0.0

    def whole(self) -> int:
        """Runs of which every boundary was swept."""
        swept = Counter(run for run, _ in self.done)
        return sum(swept[run] >= count for run, count in self.boundaries.items())


class Results:
    """A file of them, for one state of the sources: `source` names it."""

    def __init__(self, path: Path, source: str) -> None:
        """Raises ValueError where the file has results of other sources."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = list(_lines(path)) if path.exists() else []
        if lines and lines[0].get("source") != source:
            raise ValueError(f"{path} has results of {lines[0].get('source')}, the sources are {source}: name another")
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not lines:
            self.tell({"source": source})

    def tell(self, line: dict[str, Any]) -> None:
        """Append, at once and whole: several processes write here."""
        os.write(self._fd, json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def swept(self) -> Swept:
        """What is there now."""
        return read(self.path)


def read(path: Path) -> Swept:
    """Results of a file; empty where there is none."""
    swept = Swept()
    for line in _lines(path) if path.exists() else ():
        swept.take(line)
    return swept


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(text)
        except ValueError:
            continue  # the machine went down over it
