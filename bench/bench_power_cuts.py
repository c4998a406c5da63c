"""Power cuts at every operation of the disk under the journal: nothing acknowledged is lost."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

from bench.figure import Comparison, Figure
from bench.torture import COMMAND, PROCESSES, SHOWN, STATION
from sim.campaigns.power_cuts import Tape, Verdict
from sim.campaigns.torture import power_cuts, tapes

ON_REQUEST: Final = True
CUTS: Final = int(os.environ.get("TORTURE_CUTS", "20000"))
SEED: Final = int(os.environ.get("TORTURE_SEED", "1"))
SUBJECT: Final = (*STATION, "sim/disk/*.py", "sim/campaigns/power_cuts.py", "sim/campaigns/audit.py")


def run() -> list[Figure]:
    """A quarter of an hour on two cores."""
    logging.disable()  # the scenarios' faults are no news here
    taped = tapes()
    return figures(taped, power_cuts(taped, CUTS, SEED, PROCESSES))


def figures(taped: Mapping[str, Tape], found: Mapping[str, Verdict]) -> list[Figure]:
    """How many cuts, and how many of them each kind of loss was found after."""
    ops = sum(tape.ops for tape in taped.values())
    cuts = sum(verdict.cuts for verdict in found.values())
    made = f"at each of {ops:,} operations of {len(taped)} runs (swaps, restarts, migration, upkeep), seed {SEED}"
    return [
        Figure("power cuts, simulated", "20,000", Comparison.AT_LEAST, cuts, "", COMMAND, SUBJECT, made),
        _none("power cuts that lose acknowledged rows", [text for v in found.values() for text in v.lost]),
        _none("power cuts that leave a corrupt file", [text for v in found.values() for text in v.corrupt]),
        _none("power cuts after an effect without intent", [text for v in found.values() for text in v.unaccounted]),
    ]


def _none(name: str, found: Sequence[str]) -> Figure:
    return Figure(name, "0", Comparison.EQUAL, len(found), "", COMMAND, SUBJECT, "; ".join(found[:SHOWN]))
