"""Measured figures of the project: what was promised, what was seen, by which command, at which commit.

A bench is a module `bench/bench_<name>.py` with `run() -> list[Figure]`:

    from bench.figure import Comparison, Figure

    def run() -> list[Figure]:
        return [
            Figure(
                name="virtual time, one swap",
                bound="50",
                comparison=Comparison.AT_LEAST,
                value=simulated_s / wall_s,
                unit="simulated s per wall s",
                command="make bench NAMES=virtual_time",
                subject=("sim/**/*.py", "firmware_py/core/*.py", "config/stations/choco-14.toml"),
                note="one core, seed 1",
            )
        ]

A campaign that runs for long is a bench as others are: its module says `ON_REQUEST = True`, and is run by name alone.
What it counts is in `sim.campaigns`, where it tells how far it is (`tally.Tally`); here its counts become figures.

`python -m bench run [names]` measures and writes `bench/results/<commit>.json`; `python -m bench figures` renders
`docs/figures.md`. A row is stale once a file of its subject has changed since its commit, so commit before measuring.
"""
