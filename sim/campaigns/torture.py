"""`python -m sim.campaigns.torture`: many power cuts, in several processes; ends with 1 where anything was wrong."""

import argparse
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

from sim.campaigns.power_cuts import Tape, Verdict, cut, migration, swaps

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
        for wrong in (*verdict.lost[:SHOWN], *verdict.corrupt[:SHOWN], *verdict.unaccounted[:SHOWN]):
            sys.stdout.write(f"  {wrong}\n")
    sys.stdout.write(f"{time.perf_counter() - began_s:.0f} s\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
