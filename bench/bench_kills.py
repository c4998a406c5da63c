"""Controllers killed by signal 9 in mid-swap, over real wires: started again, looked at, resumed to the end."""

import os
from collections.abc import Sequence
from typing import Final

from bench.figure import Comparison, Figure
from bench.virtual import STATION
from sim.campaigns.kills import KNOWN_S, kills, report, seconds
from sim.campaigns.kills_words import Chain

ON_REQUEST: Final = True
SWAPS: Final = int(os.environ.get("KILLS_SWAPS", "30"))
KILLS: Final = int(os.environ.get("KILLS", "300"))
SEED: Final = int(os.environ.get("KILLS_SEED", "1"))
SUBJECT: Final = (
    *("firmware_py/core/**/*.py", "firmware_py/shell/*.py", "hal/links/*.py", "config/stations/choco-14.toml"),
    *("sim/campaigns/kills*.py", "sim/campaigns/audit.py"),
)
COMMAND: Final = "make torture"
SHOWN: Final = 5


def run() -> list[Figure]:
    """Three quarters of an hour: two stations side by side, at the pace of the plant."""
    found = kills(STATION, SWAPS, KILLS, SEED)
    print("\n".join(report(found)), flush=True)
    return figures(found, SEED)


def figures(found: Sequence[Chain], seed: int) -> list[Figure]:
    """What it came to. A swap that was not ended is no swap."""
    swaps = [swap for chain in found for swap in chain.swaps]
    ended = [swap for swap in swaps if swap.took_s]
    killed = sum(len(swap.kills) for swap in swaps)
    known, ready = seconds(found, "known_s"), seconds(found, "ready_s")
    holds = sum(len(swap.holds) for swap in swaps)
    besides = f"{holds} holds beside those after a kill, each left by a word"
    where = f"{STATION} twice, side by side, in {len(ended)} swaps, at speed 1, seed {seed}"
    restarts = f"{len(known)} restarts; told before READY counts as 0"
    most, none = Comparison.AT_MOST, Comparison.NONE
    return [
        _figure("kills by signal 9 on the wire", "300", Comparison.AT_LEAST, killed, "", where),
        _figure("kills: swaps to their end", "30", Comparison.AT_LEAST, len(ended), "", besides),
        _zero("kills: referee breaches", [text for swap in swaps for text in swap.breaches]),
        _zero("kills: lost or doubled orders", [text for chain in found for text in chain.orders]),
        _zero("kills: all that is wrong", [text for chain in found for text in chain.found]),
        _figure("kills: READY to known state, longest", f"{KNOWN_S:g}", most, max(known, default=60.0), "s", restarts),
        _figure("kills: start to READY, longest", "", none, max(ready, default=0.0), "s", where),
    ]


def _figure(name: str, bound: str, comparison: Comparison, value: float, unit: str, note: str) -> Figure:
    return Figure(name, bound, comparison, value, unit, COMMAND, SUBJECT, note)


def _zero(name: str, found: Sequence[str]) -> Figure:
    return _figure(name, "0", Comparison.EQUAL, len(found), "", "; ".join(found[:SHOWN]))
