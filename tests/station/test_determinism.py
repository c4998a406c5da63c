"""Same seed, same trace: in one process after other work, and in fresh processes with other hash seeds."""

import gc
import os
import subprocess
import sys

import pytest

from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.scenario_result import Result
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import load_scenario

SCENARIO, SEED, JITTER = "estop-no-pack", 7, 0.1
FRESH = f"""
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import load_scenario
print(run_virtual(load_scenario({SCENARIO!r}), {SEED}, jitter={JITTER}).digest)
"""


def run(station: Station, seed: int = SEED) -> Result:
    return run_virtual(load_scenario(SCENARIO), seed, jitter=JITTER, station=station)


@pytest.mark.timeout(240)  # thirteen runs, three of them in processes of their own
def test_ten_runs_in_one_process_and_three_fresh_ones_agree() -> None:
    station = load_station("choco-14")
    digests: set[str] = set()
    junk: list[object] = []
    for number in range(10):
        junk.append([object() for _ in range(1000 * number)])  # other addresses, so other orders of hashing by id
        junk.append({str(k): k for k in range(100 * number)})
        digests.add(run(station).digest)
        if number % 3 == 0:
            junk.clear()
            gc.collect()
    for hash_seed in ("random",) * 3:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        fresh = subprocess.run(
            [sys.executable, "-c", FRESH], env=environment, capture_output=True, text=True, timeout=150, check=True
        )
        digests.add(fresh.stdout.strip())
    assert len(digests) == 1


def test_another_seed_is_another_run() -> None:
    station = load_station("choco-14")
    one, other = run(station), run(station, SEED + 1)
    assert one.digest != other.digest
    durations = [[r.values.duration_s for r in result.outcome.observed.records.values()] for result in (one, other)]
    assert durations[0] != durations[1], "not only names differ, the plant moves otherwise too"


def test_the_digest_covers_the_trace_and_the_truth() -> None:
    from sim.campaigns.scenario_run import digest_of
    from sim.world import World

    world = World(load_station("choco-14"), 1)
    first = digest_of(["a"], world)
    assert first == digest_of(["a"], world)
    assert first != digest_of(["b"], world)
    world.packs.at["bay-1"].soc_pct -= 1
    assert first != digest_of(["a"], world)
