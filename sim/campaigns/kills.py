"""`python -m sim.campaigns.kills`: controllers killed by signal 9 in mid-swap, two stations side by side."""

import argparse
import asyncio
import json
import logging
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

from firmware_py.core.chart import CHART
from firmware_py.shell import places
from firmware_py.shell.journal import JournalError
from hal.config.loader import load_station
from sim.campaigns.children import ChildDied
from sim.campaigns.kills_books import books, judge, lost_or_doubled
from sim.campaigns.kills_station import StationUnderKills
from sim.campaigns.kills_words import Chain, Stuck, Swapped, Wishes
from sim.campaigns.serve import serve_station
from sim.scenario import load_scenario

SIDE_BY_SIDE: Final = ("left", "right")
RESULTS: Final = Path("build/kills.jsonl")
AGAIN: Final = 3
"""A station that cannot go on is begun anew so often."""
KNOWN_S: Final = 2.0
SHOWN: Final = 10


def kills(station: str, swaps: int, wanted: int, seed: int, results: Path = RESULTS) -> list[Chain]:
    """So many swaps and kills in all, by several of this station. Each swap is a line of `results` when it is over."""
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text("")
    shares = [
        Wishes(station, name, seed + at, _share(swaps, at), _share(wanted, at), Path())
        for at, name in enumerate(SIDE_BY_SIDE)
    ]
    with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(partial(chains, results=results.absolute()), shares))


def _share(total: int, at: int) -> int:
    return (total + at) // len(SIDE_BY_SIDE)


def chains(wishes: Wishes, results: Path) -> Chain:
    """All swaps of one station, on a new journal where the one before could not go on."""
    logging.disable()  # the simulator's word on lost connections is no news here
    whole = Chain()
    for turn in range(1 + AGAIN):
        left = wishes.swaps - sum(bool(swap.took_s) for swap in whole.swaps)
        if left <= 0:
            break
        name = f"{wishes.name}-{turn + 1}" if turn else wishes.name
        folder = Path(tempfile.mkdtemp(prefix="swap-kills-"))
        wish = replace(
            wishes, name=name, swaps=left, kills=wishes.kills - len(whole.kills), seed=wishes.seed + 1000 * turn,
            folder=folder,
        )  # fmt: skip
        part = asyncio.run(chain(wish, partial(_tell, wish, results)))
        if part.found:
            part.wrong.append(f"its journal and logs are in {folder}")
        else:
            shutil.rmtree(folder)
        whole.swaps += part.swaps
        whole.orders += part.orders
        whole.wrong += part.wrong
    return whole


def _tell(wishes: Wishes, results: Path, swap: Swapped) -> None:
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(swap)) + "\n")
    found = [*swap.breaches, *swap.wrong]
    sys.stderr.write(
        f"{swap.station}: swap {swap.number} of {wishes.swaps}, {len(swap.kills)} kills, {swap.took_s:.0f} s, "
        f"{len(swap.holds)} other holds, {len(found)} wrong{': ' if found else ''}{'; '.join(found)}\n"
    )


async def chain(wishes: Wishes, told: partial[None]) -> Chain:
    """One simulator, one journal, swaps one after the other, until they are done or a person's hands are needed."""
    found = Chain()
    async with serve_station(load_station(wishes.station), wishes.seed, speed=wishes.speed) as served:
        station = StationUnderKills(wishes, served, told)
        try:
            await station.run()
        except* (Stuck, ChildDied, OSError, TimeoutError) as failed:
            found.wrong += [f"{wishes.name}: {type(error).__name__}: {error}" for error in _leaves(failed)]
        found.swaps = station.close()
    try:
        entries, wrong = books(wishes.folder / places.JOURNAL)
    except JournalError as error:
        found.wrong.append(str(error))
        return found
    told_of = station.observed.answers
    ended = list(station.orders)[: -1 if found.wrong else None]  # where it cannot go on its order is open, rightly
    found.orders = lost_or_doubled(entries, ended, told_of)
    found.wrong += [f"{wishes.name}: {text}" for text in [*wrong, *judge(entries, told_of, station.said)]]
    return found


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterable[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


# ---------------------------------------------------------------- words for a person


def report(found: Sequence[Chain]) -> list[str]:
    """What it came to, in lines."""
    all_kills = [kill for each in found for kill in each.kills]
    swaps = [swap for each in found for swap in each.swaps]
    known, ready = seconds(found, "known_s"), seconds(found, "ready_s")
    bad = [text for each in found for text in each.found]
    return [
        f"{len(all_kills)} kills in {sum(bool(s.took_s) for s in swaps)} swaps that were ended, of {len(swaps)}",
        f"killed: {_counted(kill.how for kill in all_kills)}",
        f"by step: {_counted(step_of(kill.rows) for kill in all_kills)}",
        f"concluded: {_counted(kill.outcome or 'nothing' for kill in all_kills)}",
        f"from READY to the known state at most {max(known, default=0.0):.2f} s, in {len(known)} restarts",
        f"from the start to READY at most {max(ready, default=0.0):.2f} s",
        f"other holds, each left by a word: {sum(len(s.holds) for s in swaps)}",
        f"referee breaches: {sum(len(s.breaches) for s in swaps)}",
        f"orders: {sum(len(s.orders) for s in swaps)}, lost or doubled: {sum(len(each.orders) for each in found)}",
        f"wrong: {len(bad)}",
        *(f"  {text}" for text in bad[:SHOWN]),
    ]


def seconds(found: Sequence[Chain], name: str) -> list[float]:
    """A time of every restart that came so far."""
    times = (getattr(kill, name) for each in found for kill in each.kills)
    return [time_s for time_s in times if time_s is not None]


def step_of(rows: str) -> str:
    """The step of the chart, by the row that came last."""
    last = rows.rsplit(",", maxsplit=1)[-1]
    return str(CHART[last].step).rjust(2) if last else "--"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(Counter(words).items()))


def good(found: Sequence[Chain], wanted: int) -> bool:
    """Nothing is wrong, and it was tried often enough."""
    enough = sum(len(each.kills) for each in found) >= wanted
    return enough and not any(each.found for each in found) and max(seconds(found, "known_s"), default=0.0) <= KNOWN_S


def main() -> int:
    """Run, and say what was found: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("station", nargs="?", default=load_scenario("happy").scenario.station)
    parser.add_argument("--swaps", type=int, default=30, help="of all stations together")
    parser.add_argument("--kills", type=int, default=300, help="of all stations together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS, help="one line of JSON for each swap, as it ends")
    wanted = parser.parse_args()
    found = kills(wanted.station, wanted.swaps, wanted.kills, wanted.seed, wanted.results)
    sys.stdout.write("\n".join(report(found)) + "\n")
    return 0 if good(found, wanted.kills) else 1


if __name__ == "__main__":
    sys.exit(main())
