"""`python -m sim.campaigns.crash_sweep`: a crash at every effect boundary of every scenario; 1 where anything is wrong.

Run by run, each in one process from its first boundary to its last: what a story has come to is known to those after
it (`sim/campaigns/crash.py`). First come the runs in which nothing is done to the station: the others begin as they do.
A sweep that was stopped goes on where it was.
"""

import argparse
import gc
import hashlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sim.campaigns.crash import Crashes, crash, uncrashed
from sim.campaigns.crash_known import Known
from sim.campaigns.crash_results import WRONG, Results, Swept
from sim.scenario import Named, load_scenario, runs_of, scenario_names

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".crash-sweep"
SAID_EVERY_S: Final = 30.0
SHOWN: Final = 40
SOURCES: Final = ("config", "firmware_py", "hal", "sim")


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
    """Everything that is not there yet, of each run every so manyth boundary from the first."""
    swept = results.swept()
    say, workers = _Progress(len(runs), every, len(swept.done)), dict[int, str]()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plain = [named for named in runs if not named.scenario.act]
    try:
        for some in (plain, [named for named in runs if named.scenario.act]):
            for named in some:
                if not _left(named.name, every, swept):
                    continue
                while len(workers) >= processes:
                    _wait(workers)
                    say(results.swept())
                workers[_work(named, seed, every, swept, results)] = named.name
            while workers:
                _wait(workers)
                say(swept := results.swept())
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
    return results.swept()


def _left(name: str, every: int, swept: Swept) -> bool:
    """Whether anything of a run is still to be done."""
    count = swept.boundaries.get(name)
    return count is None or any((name, at) not in swept.done for at in range(1, count + 1, every))


def _wait(workers: dict[int, str]) -> None:
    pid, _ = os.wait()
    workers.pop(pid)


def _work(named: Named, seed: int, every: int, swept: Swept, results: Results) -> int:
    """A process that goes through the run once."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    name = named.name
    done = {at for run, at in swept.done if run == name}
    try:
        gone = uncrashed(named, seed)
        if name not in swept.boundaries:
            results.tell({"run": name, "boundaries": gone.boundaries})

        def wanted(at: int) -> bool:
            return (at - 1) % every == 0 and at not in done

        gc.freeze()
        gc.disable()  # a child that looks through all that was there before it copies it
        crash(named, seed, Crashes(wanted, results.tell, known=Known(gone.ends, swept.stories())))
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
    played_on = f"of those that were known, {swept.played_on} were played on"
    yield f"{swept.as_known} told until it was known how they end; {played_on}"
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
    crash(load_scenario(name), seed, Crashes(lambda number: number == int(at), found.append, here=True))
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
