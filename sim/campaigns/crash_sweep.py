"""`python -m sim.campaigns.crash_sweep`: a crash at every effect boundary of every scenario; 1 where anything is wrong.

The boundaries are swept in passes, each a sixteenth of them spread over every run: a sweep that was stopped early has
seen something of everything, and goes on where it was. First come those at which something is broken already, and the
runs where nothing ever is; up to there the others are as those.
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sim.campaigns.crash import Crashes, crash
from sim.campaigns.crash_results import WRONG, Results, Swept
from sim.scenario import Named, load_scenario, runs_of, scenario_names

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".crash-sweep"
PASSES: Final = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)
"""Sixteenths in the order in which they are swept: any number of the first ones is spread evenly."""
SAID_EVERY_S: Final = 30.0
SHOWN: Final = 40
SOURCES: Final = ("config", "firmware_py", "hal", "sim")


@dataclass(frozen=True)
class Part:
    """A sixteenth of one run; where only every so manyth boundary is wanted, all those. `whole`: nothing is broken."""

    named: Named
    number: int
    every: int
    whole: bool

    def has(self, at: int, broken: bool) -> bool:
        """Whether a boundary is in it."""
        first = broken or not self.named.scenario.breaks
        of_mine = (at - 1) % len(PASSES) == self.number if self.every == 1 else (at - 1) % self.every == 0
        return of_mine and first is not self.whole

    def left(self, swept: Swept) -> bool:
        """Whether anything of it is still to be done."""
        name = self.named.name
        count, since = swept.boundaries.get(name), swept.broken_from.get(name, 0)
        if count is None:
            return True
        mine = (at for at in range(1, count + 1) if self.has(at, 0 < since <= at))
        return any((name, at) not in swept.done for at in mine)


def source() -> str:
    """Name of the state of everything that a crash depends on."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".toml"}:
                found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:12]


def results_of(seed: int) -> Path:
    """Where the results for these sources are."""
    return FOLDER / f"{source()}-{seed}.jsonl"


def kind_of(seed: int) -> str:
    """What the results of a sweep now are results of."""
    return f"{source()} seed {seed}"


def all_runs(wanted: Sequence[str]) -> list[Named]:
    """The runs of the scenarios of these names, or of all."""
    return [run for name in wanted or scenario_names() for run in runs_of(load_scenario(name))]


def sweep(runs: Sequence[Named], seed: int, every: int, processes: int, results: Results) -> Swept:
    """Everything that is not there yet."""
    swept = results.swept()
    passes = PASSES if every == 1 else (0,)
    parts = (Part(named, n, every, whole) for whole in (False, True) for n in passes for named in runs)
    say, workers = _Progress(len(runs), every, len(swept.done)), dict[int, str]()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for part in parts:
            if not part.left(swept):
                continue
            while len(workers) >= processes:
                _wait(workers)
                swept = results.swept()
                say(swept)
            workers[_work(part, seed, swept, results)] = part.named.name
        while workers:
            _wait(workers)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
    return results.swept()


def _wait(workers: dict[int, str]) -> None:
    pid, _ = os.wait()
    workers.pop(pid)


def _work(part: Part, seed: int, swept: Swept, results: Results) -> int:
    """A process that goes through the run once."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    name = part.named.name
    done = {at for run, at in swept.done if run == name}
    try:
        gone = crash(part.named, seed, Crashes(lambda at, b: part.has(at, b) and at not in done, results.tell))
        if name not in swept.boundaries:
            results.tell({"run": name, **asdict(gone)})
    except BaseException as error:
        results.tell(
            {"run": name, "failed": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-2000:]}
        )
    finally:
        os._exit(0)


class _Progress:
    """Says how far it is, and how long it will take."""

    def __init__(self, runs: int, every: int, before: int) -> None:
        self._runs, self._every, self._before = runs, every, before
        self._began_s = self._said_s = time.perf_counter()

    def __call__(self, swept: Swept) -> None:
        now = time.perf_counter()
        if now - self._said_s < SAID_EVERY_S:
            return
        self._said_s = now
        new, share = len(swept.done) - self._before, swept.share(self._runs) * self._every
        rate = new / (now - self._began_s)
        left = len(swept.done) * (1 / share - 1) / rate / 3600 if rate and share else float("nan")
        bad = {kind: swept.count(kind) for kind in WRONG}
        sys.stderr.write(f"{len(swept.done)} crashes, {100 * share:.1f} %, {rate:.2f}/s, {left:.1f} h to go, {bad}\n")


def summary(swept: Swept, runs: int, seed: int) -> Iterator[str]:
    """What a person reads at the end."""
    known = sum(swept.boundaries.values())
    seen = len(swept.boundaries)
    yield f"{len(swept.done)} crashes in {seen} of {runs} runs, {swept.whole()} of them at every boundary"
    yield f"{100 * swept.share(runs):.1f} % of all boundaries ({known} in the runs seen)"
    for title, key in (("concluded", "outcome"), ("ended", "end")):
        yield f"{title}:"
        yield from (f"  {count:6}  {what}" for what, count in swept.tally(key).most_common())
    for kind in WRONG:
        yield f"crashes with {kind}: {swept.count(kind)}"
    for line in swept.bad[:SHOWN]:
        yield f"{line['run']}@{line['at']} ({line.get('what', '')})"
        yield from (f"    {text}" for kind in WRONG for text in line.get(kind, ()))
        yield f"    again: python -m sim.campaigns.crash_sweep --seed {seed} --only {line['run']}@{line['at']}"
    yield from (f"could not be gone through: {text}" for text in swept.failed[:SHOWN])


def only(which: str, seed: int) -> dict[str, Any]:
    """One crash, in this process."""
    name, _, at = which.rpartition("@")
    found: list[dict[str, Any]] = []
    crash(load_scenario(name), seed, Crashes(lambda number, _: number == int(at), found.append, here=True))
    if not found:
        raise SystemExit(f"{name} has no boundary {at}")
    return found[0]


def main() -> int:
    """Sweep, and say what was found."""
    parser = argparse.ArgumentParser(prog="crash-sweep", description=__doc__)
    parser.add_argument("--scenarios", nargs="*", default=[], metavar="NAME", help="scenarios or runs; all if none")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth boundary")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="file of results (default: by sources and seed, in .crash-sweep)")
    parser.add_argument("--json", action="store_true", help="the crashes that were wrong as JSON lines")
    parser.add_argument("--only", metavar="RUN@BOUNDARY", help="this one crash, told in full")
    parser.add_argument("--summary", action="store_true", help="only say what the file of results has")
    wanted = parser.parse_args()
    logging.disable()  # the scenarios' faults are no news here
    if wanted.only:
        found = only(wanted.only, wanted.seed)
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        return int(any(found.get(kind) for kind in WRONG))
    runs = all_runs(wanted.scenarios)
    try:
        results = Results(wanted.out or results_of(wanted.seed), kind_of(wanted.seed))
    except ValueError as error:
        parser.error(str(error))
    swept = results.swept()
    if not wanted.summary:
        swept = sweep(runs, wanted.seed, wanted.every, wanted.processes, results)
    lines = (json.dumps(line, ensure_ascii=False) for line in swept.bad)
    for line in lines if wanted.json else summary(swept, len(runs), wanted.seed):
        sys.stdout.write(f"{line}\n")
    return int(bool(swept.bad or swept.failed))


if __name__ == "__main__":
    sys.exit(main())
