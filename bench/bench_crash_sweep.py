"""A crash at every effect boundary of every scenario in virtual time: counts what was swept so far."""

import os
from pathlib import Path
from typing import Final

from bench.figure import Comparison, Figure
from sim.campaigns.crash_results import WRONG, Results, Swept
from sim.campaigns.crash_sweep import all_runs, kind_of, results_of

ON_REQUEST: Final = True
OUT: Final = os.environ.get("CRASH_SWEEP_OUT", "")
SEED: Final = int(os.environ.get("CRASH_SWEEP_SEED", "1"))
SUBJECT: Final = ("firmware_py/core/**/*.py", "firmware_py/shell/*.py", "sim/campaigns/*.py", "config/scenarios/*.toml")
COMMAND: Final = "make crash-sweep"
SHOWN: Final = 5


def run() -> list[Figure]:
    """Reads the results of the sweep, as far as it has come. Raises ValueError for those of other sources."""
    results = Results(Path(OUT) if OUT else results_of(SEED), kind_of(SEED))
    return figures(results.swept(), len(all_runs(())))


def figures(swept: Swept, runs: int) -> list[Figure]:
    """The counts, with the share of all boundaries that they are of."""
    made = (
        f"{100 * swept.share(runs):.1f} % of all boundaries, in {len(swept.boundaries)} of {runs} runs,"
        f" every one in {swept.whole()}; seed {SEED}"
    )
    total = Figure("crashes swept", "", Comparison.NONE, len(swept.done), "", COMMAND, SUBJECT, made)
    known = f"{swept.as_known} until it was known how they end; of those known, {swept.played_on} were played on"
    told = Figure(
        "crash stories told to their end",
        "",
        Comparison.NONE,
        len(swept.done) - swept.as_known,
        "",
        COMMAND,
        SUBJECT,
        known,
    )
    share = 100 * swept.share(runs)
    whole = Figure("crash boundaries swept", "100", Comparison.EQUAL, share, "%", COMMAND, SUBJECT, made)
    names = {"breaches": "a breach of the referee", "findings": "a finding of the auditor", "problems": "a problem"}
    wrong = [_none(f"crashes with {names[kind]}", _told(swept, kind)) for kind in WRONG]
    failed = _none("crash sweep, runs not gone through", swept.failed)
    unlisted = [f"{line['run']}@{line['at']}" for line in swept.unlisted]
    return [total, whole, told, *wrong, _none("crashes concluded outside the closed list", unlisted), failed]


def _told(swept: Swept, kind: str) -> list[str]:
    return [f"{line['run']}@{line['at']}: {line[kind][0]}" for line in swept.done.values() if line.get(kind)]


def _none(name: str, found: list[str]) -> Figure:
    return Figure(name, "0", Comparison.EQUAL, len(found), "", COMMAND, SUBJECT, "; ".join(found[:SHOWN]))
