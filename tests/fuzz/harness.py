"""Feeds a target, counts how deep its inputs came, and sees that nothing grows. The unexpected is a finding."""

import gc
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

WARM: Final = 0.5
"""Share of a run after which allocations are compared: caches are full by then."""
GROWTH_PER_INPUT: Final = 0.02
"""Blocks of memory that may stay per input of the second half; what piles up leaves one or more."""
GROWTH_FREE: Final = 4000
"""Blocks that the interpreter itself may gain at any length of run."""


class Target(Protocol):
    """One codec under fuzz. `feed` makes an input of `rng`, gives it to the codec, and judges what came of it.

    It returns whether the input reached the field checks and whether it was refused. Any exception that leaves it, an
    AssertionError for changed state among them, is a finding.
    """

    def feed(self, rng: Random) -> tuple[bool, bool]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `grown` are blocks of memory that the second half has left behind."""

    name: str
    inputs: int
    reached: int
    refused: int
    grown: int
    seconds: float
    finding: str = ""

    @property
    def share(self) -> float:
        """Share of inputs that reached the field checks."""
        return self.reached / self.inputs

    @property
    def grew(self) -> bool:
        """Memory piled up."""
        return self.grown > GROWTH_FREE + GROWTH_PER_INPUT * self.inputs * (1 - WARM)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.name,
            self.inputs + other.inputs,
            self.reached + other.reached,
            self.refused + other.refused,
            max(self.grown, other.grown),
            max(self.seconds, other.seconds),
            self.finding or other.finding,
        )


def run(name: str, make: Callable[[], Target], inputs: int, seed: int) -> Outcome:
    """Feed so many inputs of a seed; ends at the first finding. Libraries that warn of each bad frame are not heard."""
    logging.disable(logging.CRITICAL)
    try:
        return _run(name, make, inputs, seed)
    finally:
        logging.disable(logging.NOTSET)


def _run(name: str, make: Callable[[], Target], inputs: int, seed: int) -> Outcome:
    rng, target = Random(seed), make()
    reached = refused = before = 0
    began, half = time.perf_counter(), int(inputs * WARM)
    for number in range(inputs):
        if number == half:
            before = _blocks()
        try:
            deep, no = target.feed(rng)
        except Exception as error:  # a fuzzer's business: whatever leaves the codec is told with its seed
            finding = f"input {number} of seed {seed}: {type(error).__name__}: {error}"
            return Outcome(name, number + 1, reached, refused, 0, time.perf_counter() - began, finding)
        reached += deep
        refused += no
    return Outcome(name, inputs, reached, refused, _blocks() - before, time.perf_counter() - began)


def run_all(names: list[str], inputs: Callable[[str], int], seed: int, workers: int = 2) -> list[Outcome]:
    """Every target by name, its inputs in parts over processes, each part with a seed of its own."""
    jobs = [(name, inputs(name) // workers, seed + part) for name in names for part in range(workers)]
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(run_named, *zip(*jobs, strict=True), chunksize=1))
    merged: dict[str, Outcome] = {}
    for part in parts:
        merged[part.name] = merged[part.name] + part if part.name in merged else part
    return list(merged.values())


def run_named(name: str, inputs: int, seed: int) -> Outcome:
    """One target of the table by name."""
    from tests.fuzz.targets import TARGETS

    return run(name, TARGETS[name], inputs, seed)


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()
