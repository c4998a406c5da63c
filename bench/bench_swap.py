"""How long a swap takes against its critical path, without jitter and over many seeds with it."""

from typing import Final

from bench.figure import Comparison, Figure
from bench.virtual import STATION, run_swap
from hal.config.loader import load_station

CRITICAL_PATH_S: Final = 98.0
"""Column F of the reference sequence, typed by hand: 112 s less 7 (11 with 12), 4 (16 with 17), 3 (18 with 17)."""
JITTER: Final = 0.1
SEEDS: Final = 200
SUBJECT: Final = (
    "firmware_py/core/**/*.py",
    "firmware_py/shell/*.py",
    "sim/world/*.py",
    "config/stations/choco-14.toml",
)
COMMAND: Final = "make bench NAMES=swap"


def run() -> list[Figure]:
    """One swap without jitter, `SEEDS` swaps with it."""
    station = load_station(STATION)
    plain = run_swap(station, 1)
    times = sorted(run_swap(station, seed, jitter=JITTER).swap_s for seed in range(SEEDS))
    note = f"{SEEDS} seeds, log-normal jitter, sigma {JITTER:.0%} of each move"
    return [
        Figure(
            "swap / critical path",
            "1.02",
            Comparison.AT_MOST,
            plain.swap_s / CRITICAL_PATH_S,
            "",
            COMMAND,
            SUBJECT,
            "no jitter",
        ),
        Figure(
            "whole swap",
            "100",
            Comparison.BELOW,
            plain.swap_s,
            "s plant time",
            COMMAND,
            SUBJECT,
            "admission to release",
        ),
        Figure("swap with jitter, median", "", Comparison.NONE, times[SEEDS // 2], "s", COMMAND, SUBJECT, note),
        Figure("swap with jitter, p95", "", Comparison.NONE, times[int(SEEDS * 0.95)], "s", COMMAND, SUBJECT, note),
    ]
