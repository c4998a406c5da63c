"""`python -m sim.campaigns.torture`: power cuts and failing disks, in several processes; 1 where anything was wrong."""

import argparse
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

from sim.campaigns.disk_faults import KINDS, strike, wrong
from sim.campaigns.power_cuts import Tape, Verdict, cut, migration, swaps, upkeep

ONE_AFTER_ANOTHER: Final = ("happy", "bolt-cross-threaded", "hot-pack-in-a-bay", "charger-fault", "happy", "happy")
"""Swaps, one of them retried, a pack that is brought away: enough for the log to be copied and begun anew."""
ALONE: Final = ("controller-killed", "operator-abort", "estop-at-each-stable-place@11", "journal-fails")
"""What leaves a swap open, is given up, held, or cut short by a disk that fails: after it a person is needed."""
SHOWN: Final = 5


def tapes() -> dict[str, Tape]:
    """What is cut off, by name."""
    return {
        "swaps": swaps(ONE_AFTER_ANOTHER),
        **{name: swaps([name]) for name in ALONE},
        "migration": migration(),
        "upkeep": upkeep(),
    }


def torture(taped: dict[str, Tape], cuts: int, seed: int, processes: int) -> dict[str, Verdict]:
    """So many cuts in all, shared by the tapes as they have operations."""
    total = sum(tape.ops for tape in taped.values())
    found = {}
    with ProcessPoolExecutor(processes) as pool:
        for name, tape in taped.items():
            share = -(-cuts * tape.ops // total)
            found[name] = Verdict()
            for part in pool.map(partial(cut, tape, share, seed, parts=processes), range(processes)):
                found[name].add(part)
    return found


def _strikes(processes: int) -> bool:
    """Let the disk fail at each call of the journal of one swap, in each way by turns."""
    calls, kinds = range(1, strike(None).calls), list(KINDS)  # the last one is made as the run ends
    with ProcessPoolExecutor(processes) as pool:
        seen = list(pool.map(strike, calls, [kinds[call % len(kinds)] for call in calls], chunksize=4))
    bad = [(call, kinds[call % len(kinds)], wrong(each)) for call, each in zip(calls, seen, strict=True) if wrong(each)]
    sys.stdout.write(f"disk faults: {len(calls)} calls of the journal, {len(calls) - len(bad)} with every reaction\n")
    for call, kind, text in bad[:SHOWN]:
        sys.stdout.write(f"  {kind} at call {call}: {'; '.join(text)}\n")
    return not bad


def main() -> int:
    """Run, and say what was found."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--cuts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    logging.disable()  # the scenarios' faults are no news here
    began_s = time.perf_counter()
    clean = True
    for name, verdict in torture(tapes(), wanted.cuts, wanted.seed, wanted.processes).items():
        clean = clean and verdict.clean
        sys.stdout.write(
            f"{name}: {verdict.cuts} power cuts, {len(verdict.lost)} lost acknowledged rows, "
            f"{len(verdict.corrupt)} corrupt, {len(verdict.unaccounted)} with an effect without intent\n"
        )
        for text in (*verdict.lost[:SHOWN], *verdict.corrupt[:SHOWN], *verdict.unaccounted[:SHOWN]):
            sys.stdout.write(f"  {text}\n")
    clean = _strikes(wanted.processes) and clean
    sys.stdout.write(f"{time.perf_counter() - began_s:.0f} s\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
