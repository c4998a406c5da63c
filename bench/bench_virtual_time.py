"""How fast the whole station runs in virtual time on one core."""

from statistics import median
from typing import Final

from bench.figure import Comparison, Figure
from bench.virtual import STATION, run_swap
from hal.config.loader import load_station

RUNS: Final = 5
IDLE_S: Final = 600.0
SUBJECT: Final = ("firmware_py/**/*.py", "hal/codecs/*.py", "hal/devices/*.py", "sim/**/*.py", "config/**/*.toml")
COMMAND: Final = "make bench NAMES=virtual_time"


def run() -> list[Figure]:
    """Median of `RUNS` runs; simulated seconds per processor second."""
    station = load_station(STATION)
    runs = [run_swap(station, seed, idle_s=IDLE_S) for seed in range(RUNS)]
    swapping = median(r.busy_sim_s / r.busy_cpu_s for r in runs)
    idle = median(r.idle_sim_s / r.idle_cpu_s for r in runs)
    unit, note = "simulated s per s of one core", f"median of {RUNS} runs"
    return [
        Figure(
            "virtual time, swapping", "50", Comparison.AT_LEAST, swapping, unit, COMMAND, SUBJECT, note + ", goal 100"
        ),
        Figure("virtual time, idle", "1,000", Comparison.AT_LEAST, idle, unit, COMMAND, SUBJECT, note),
    ]
