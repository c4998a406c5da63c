"""Power cuts and failing disks on the production journal, in several processes. `make torture` runs it all."""

import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final

from sim.campaigns.disk_faults import KINDS, strike, wrong
from sim.campaigns.power_cuts import Tape, Verdict, cut, migration, swaps, upkeep
from sim.campaigns.tally import Tally

ONE_AFTER_ANOTHER: Final = ("happy", "bolt-cross-threaded", "hot-pack-in-a-bay", "charger-fault", "happy", "happy")
"""Swaps, one of them retried, a pack that is brought away: enough for the log to be copied and begun anew."""
ALONE: Final = ("controller-killed", "operator-abort", "estop-at-each-stable-place@11", "journal-fails")
"""What leaves a swap open, is given up, held, or cut short by a disk that fails: after it a person is needed."""
SLICES: Final = 8
"""A tape is cut in so many parts by each process: so often somebody hears how far it is."""


@dataclass(frozen=True, slots=True)
class Struck:
    """The disk failed in this way at this call of the journal, counted from 1; what was not as it must be after it."""

    call: int
    kind: str
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} at call {self.call}: {'; '.join(self.wrong) or 'every reaction'}"


def tapes() -> dict[str, Tape]:
    """What is cut off, by name."""
    return {
        "swaps": swaps(ONE_AFTER_ANOTHER),
        **{name: swaps([name]) for name in ALONE},
        "migration": migration(),
        "upkeep": upkeep(),
    }


def power_cuts(taped: dict[str, Tape], cuts: int, seed: int, processes: int) -> dict[str, Verdict]:
    """At least so many cuts in all, shared by the tapes as they have operations, and one at each operation at least."""
    total = sum(tape.ops for tape in taped.values())
    cuts = max(cuts, total)
    parts = SLICES * processes
    tally, found = Tally("power cuts", cuts), {}
    with ProcessPoolExecutor(processes, initializer=logging.disable) as pool:
        for name, tape in taped.items():
            share = -(-cuts * tape.ops // total)
            found[name] = Verdict()
            for part in pool.map(partial(cut, tape, share, seed, parts=parts), range(parts)):
                found[name].add(part)
                tally.add(part.cuts, len(part.lost) + len(part.corrupt) + len(part.unaccounted))
    tally.close()
    return found


def disk_faults(processes: int, kinds: Sequence[str] = tuple(KINDS)) -> list[Struck]:
    """Let the disk fail at each call of the journal of one swap, in each of these ways."""
    where = list(product(range(1, strike(None).calls), kinds))  # the last call is made as the run ends
    tally, found = Tally("disk faults", len(where)), []
    with ProcessPoolExecutor(processes, initializer=logging.disable) as pool:
        for struck in pool.map(_struck, where, chunksize=4):
            found.append(struck)
            tally.add(1, bool(struck.wrong))
    tally.close()
    return found


def _struck(where: tuple[int, str]) -> Struck:
    call, kind = where
    return Struck(call, kind, tuple(wrong(strike(call, kind))))
