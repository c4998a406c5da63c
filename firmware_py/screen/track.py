"""Rows and steps of one swap as they went: runs of rows, gathered from step events or from the record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from firmware_py.screen.view import Mark, StepView

STEP_TITLES: Final = (
    "Pre-stage pack",
    "Admit the car",
    "Check position",
    "Handshake",
    "Centre the car",
    "Pins and shutter",
    "Raise and dock",
    "Take the weight",
    "Unlock points",
    "Verify all free",
    "Lower old pack",
    "Old pack out",
    "New pack in",
    "Raise new pack",
    "Lock all points",
    "Prove the locks",
    "Retract the head",
    "Wake, self-check",
    "Lower the body",
    "Release the car",
)
"""The twenty steps of a swap in short, by number. None is longer than `TITLE_WIDTH`."""
TITLE_WIDTH: Final = 16
_SAME_MOMENT_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a row. Seconds since the order was taken, by the station's clock; `end_s` is `None` while it runs."""

    row: str
    step: int
    title: str
    start_s: float
    end_s: float | None = None
    failed: bool = False


def is_beside(run: Run, released_s: float | None) -> bool:
    """The run is no part of the path: work of rack and slots, or anything begun once the car was released."""
    return not run.row[:1].isdigit() or (released_s is not None and run.start_s >= released_s - _SAME_MOMENT_S)


def step_views(
    runs: Iterable[Run], nominal_s: Mapping[int, float], now_s: float, speed: float, released_s: float | None = None
) -> tuple[StepView, ...]:
    """All twenty steps. `now_s` ends the runs that are still open; `speed` makes seconds of the plant."""
    of_step: dict[int, list[Run]] = {}
    for run in runs:
        if not is_beside(run, released_s):
            of_step.setdefault(run.step, []).append(run)
    return tuple(_step(number, of_step.get(number, []), nominal_s.get(number), now_s, speed) for number in range(20))


def _step(number: int, runs: list[Run], nominal_s: float | None, now_s: float, speed: float) -> StepView:
    title = STEP_TITLES[number]
    if not runs:
        return StepView(number, title, Mark.WAITING, None, nominal_s)
    ended = Mark.FAILED if runs[-1].failed else Mark.DONE
    mark = Mark.ACTIVE if any(run.end_s is None for run in runs) else ended
    return StepView(number, title, mark, round(_covered_s(runs, now_s) * speed, 3), nominal_s)


def _covered_s(runs: list[Run], now_s: float) -> float:
    """Length of the union of the runs: rows at the same time count once, gaps do not count."""
    total, reached = 0.0, float("-inf")
    for start_s, end_s in sorted((run.start_s, now_s if run.end_s is None else run.end_s) for run in runs):
        total += max(0.0, end_s - max(start_s, reached))
        reached = max(reached, end_s)
    return total
