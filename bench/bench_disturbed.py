"""The reaction of the safety edge while much else is wrong: the same edges with and without, in one run."""

import asyncio
import random
from statistics import quantiles
from typing import Final

from bench.bench_reaction import docking, edges
from bench.figure import Comparison, Figure
from bench.wire import Wire
from sim.faults import clear, inject

EDGES: Final = 500
"""Of each kind."""
BLOCK: Final = 50
SETTLE_S: Final = 2.0
"""After a change: time-outs have run, back-offs are at work."""
DISTURBANCES: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("unit-silent", {"unit": "grid_meter"}),  # a line of its own, shared with the insulation monitor
    ("adapter-unplugged", {"link": "chargers"}),
    ("can-babble", {"link": "packs"}),
    ("broker-down", {}),
)
SUBJECT: Final = (
    "firmware_py/**/*.py",
    "hal/links/*.py",
    "hal/devices/*.py",
    "hal/codecs/*.py",
    "config/stations/choco-14.toml",
    "config/devices/**/*.toml",
)
COMMAND: Final = "make bench NAMES=disturbed"


async def _disturb(w: Wire, on: bool) -> None:
    for name, arguments in DISTURBANCES:
        (inject if on else clear)(w.served.rig, name, **arguments)
    await asyncio.sleep(SETTLE_S)


async def _measure() -> tuple[list[float], list[float]]:
    """Blocks of both kinds take turns, so that what else the machine does meets both."""
    calm: list[float] = []
    disturbed: list[float] = []
    rng = random.Random(1)
    async with docking() as (w, ear):
        while len(disturbed) < EDGES:
            count = min(BLOCK, EDGES - len(disturbed))
            calm += await edges(w, ear, count, rng)
            await _disturb(w, True)
            disturbed += await edges(w, ear, count, rng)
            await _disturb(w, False)
    return calm, disturbed


def run() -> list[Figure]:
    """p99.9 of both kinds and their ratio."""
    calm, disturbed = asyncio.run(_measure())
    alone, beside = (
        quantiles([1000 * t for t in times], n=1000, method="inclusive")[998] for times in (calm, disturbed)
    )
    note = (
        f"{len(calm)} edges each in turns of {BLOCK}; a silent unit on another line, an unplugged adapter, "
        "a babbling node and a dead broker together"
    )
    name = "reaction while much else is wrong"
    return [
        Figure(f"{name}, p99.9 undisturbed", "", Comparison.NONE, alone, "ms", COMMAND, SUBJECT, note),
        Figure(f"{name}, p99.9 disturbed", "", Comparison.NONE, beside, "ms", COMMAND, SUBJECT, note),
        Figure(
            f"{name}, p99.9 against undisturbed", "2.0", Comparison.AT_MOST, beside / alone, "", COMMAND, SUBJECT, note
        ),
    ]
