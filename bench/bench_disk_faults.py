"""A disk that fails, in each way, at each call of the journal of one swap: every reaction comes."""

import logging
from collections.abc import Sequence
from typing import Final

from bench.figure import Comparison, Figure
from bench.torture import COMMAND, PROCESSES, SHOWN, STATION
from sim.campaigns.torture import Struck, disk_faults

ON_REQUEST: Final = True
SUBJECT: Final = (*STATION, "sim/campaigns/disk_faults.py", "sim/campaigns/memory_disk.py")


def run() -> list[Figure]:
    """A quarter of an hour on two cores."""
    logging.disable()  # the scenarios' faults are no news here
    return figures(disk_faults(PROCESSES))


def figures(struck: Sequence[Struck]) -> list[Figure]:
    """Faults of the disk that every reaction came after."""
    bad = [str(each) for each in struck if each.wrong]
    kinds = ", ".join(sorted({each.kind for each in struck}))
    calls = max((each.call for each in struck), default=0)
    note = "; ".join(bad[:SHOWN]) or f"{len(struck)} runs: {kinds} at each of {calls} calls of the journal of a swap"
    name, share = "disk faults with every reaction", 100 * (len(struck) - len(bad)) / max(1, len(struck))
    return [Figure(name, "100", Comparison.EQUAL, share, "%", COMMAND, SUBJECT, note)]
