"""Fuzz of every codec: inputs, how many of them reach the field checks, and what they find."""

import os
from typing import Final

from bench.figure import Comparison, Figure
from tests.fuzz.harness import Outcome, run_all
from tests.fuzz.targets import STATION_FILE, TARGETS

INPUTS: Final = int(os.environ.get("FUZZ_INPUTS", "1000000"))
FILES: Final = int(os.environ.get("FUZZ_FILES", "50000"))
SEED: Final = int(os.environ.get("FUZZ_SEED", "1"))
SUBJECT: Final = (
    *("hal/codecs/*.py", "hal/links/*.py", "hal/config/*.py", "hal/contract/*.py", "firmware_py/shell/cloud.py"),
    *("sim/reach/*.py", "config/**/*.toml", "tests/fuzz/*.py"),
)
COMMAND: Final = "make fuzz"


def run() -> list[Figure]:
    """Every target, in two processes; the share of inputs that reach the field checks, and findings of all."""
    outcomes = run_all(list(TARGETS), lambda name: FILES if name == STATION_FILE else INPUTS, SEED)
    figures = [_share(outcome) for outcome in outcomes]
    findings = [f"{o.name}: {o.finding}" for o in outcomes if o.finding]
    grew = [f"{o.name}: {o.grown} blocks" for o in outcomes if o.grew]
    total = sum(o.inputs for o in outcomes)
    note = "an exception that is not the codec's own error type, changed state, a mistake without a place"
    return [
        *figures,
        Figure("fuzz, inputs in all", "", Comparison.NONE, total, "inputs", COMMAND, SUBJECT, f"seed {SEED}"),
        Figure("fuzz, findings", "0", Comparison.EQUAL, len(findings), "", COMMAND, SUBJECT, _told(findings) or note),
        Figure("fuzz, targets that grow", "0", Comparison.EQUAL, len(grew), "", COMMAND, SUBJECT, _told(grew)),
    ]


def _share(outcome: Outcome) -> Figure:
    note = f"{outcome.inputs:,} inputs, {outcome.refused:,} refused, {outcome.seconds:.0f} s per process of two"
    value = 100 * outcome.share
    name = f"fuzz {outcome.name}, inputs that reach the field checks"
    return Figure(name, "90", Comparison.AT_LEAST, value, "%", COMMAND, SUBJECT, note)


def _told(texts: list[str]) -> str:
    return "; ".join(texts)
