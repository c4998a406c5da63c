"""A scenario's run for a person: the steps against their nominal times, what happened, and the verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hal.contract.messages import RecordStep
from sim.campaigns.scenario_result import Result

PLAIN_WIDTH = 120
STYLES = {"done": "green", "failed": "red", "left": "yellow"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline. s since the run began."""

    at_s: float
    kind: str
    text: str


def report(result: Result, *, timeline: bool) -> Group:
    """All of it. `timeline`: also every state, act, answer and fault in the order of time."""
    parts: list[RenderableType] = [Text(f"{result.name}: {result.title}", style="bold"), _steps(result)]
    if timeline:
        parts.append(_timeline(result))
    parts.append(Text(f"faults: {', '.join(result.outcome.observed.faults) or 'none'}"))
    parts.append(Text(_times(result)))
    parts.extend(Text(f"  MISS {miss}", style="red") for miss in result.misses)
    good = result.passed
    parts.append(Text("PASS: everything as expected" if good else "FAIL", style="bold green" if good else "bold red"))
    return Group(*parts)


def one_line(result: Result) -> str:
    """The verdict alone."""
    return f"{'PASS' if result.passed else 'FAIL'} {result.name}: {result.title} ({_times(result)})"


def failure(result: Result) -> str:
    """Why it failed, as plain text: what was expected and what was seen, then the line of time."""
    console = Console(file=StringIO(), width=PLAIN_WIDTH, highlight=False)
    console.print(report(result, timeline=True))
    assert isinstance(console.file, StringIO)
    return "\n".join(["", *(f"MISS {miss}" for miss in result.misses), "", console.file.getvalue()])


def print_report(result: Result, *, timeline: bool) -> None:
    """To the terminal, or plain where there is none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(report(result, timeline=timeline))


def _times(result: Result) -> str:
    where = (
        f"on the wire, speed {result.speed:g}" if result.wire else f"seed {result.seed}, digest {result.digest[:16]}"
    )
    swaps = ", ".join(f"{r.values.duration_s:.2f} s" for r in result.outcome.observed.records.values())
    swap = f"swap {swaps}; " if swaps else ""
    return f"{swap}{result.sim_s:.1f} s of the station in {result.wall_s:.1f} s; {where}; all devices simulated"


def _steps(result: Result) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("at s", justify="right", no_wrap=True)
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("row", no_wrap=True)
    table.add_column("")
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("nominal", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    shown: set[tuple[str, int]] = set()
    for order, step in _recorded(result):
        first = (order, step.step) not in shown
        shown.add((order, step.step))
        nominal_s = result.nominal_s.get(step.step) if first else None
        lasted = "" if step.end_s is None else f"{step.end_s - step.start_s:.2f}"
        ended = Text(" ".join(filter(None, (step.result, step.code))), style=STYLES[step.result])
        nominal = "" if nominal_s is None else f"{nominal_s:g}"
        table.add_row(f"{step.start_s:.2f}", str(step.step), step.row, step.title, lasted, nominal, ended)
    return table


def _recorded(result: Result) -> Iterator[tuple[str, RecordStep]]:
    """Steps of the records; of a swap that is still open, what the events told."""
    seen = result.outcome.observed
    for order, record in seen.records.items():
        for step in record.steps:
            yield order, step
    closed = {record.values.swap_id for record in seen.records.values()}
    open_: dict[str, RecordStep] = {}
    for _, told in seen.steps:
        if told.swap_id in closed:
            continue
        if told.phase == "started":
            open_[told.row] = RecordStep(
                row=told.row, step=told.step, title=told.title, start_s=told.at_s, result="left"
            )
        elif told.phase in {"done", "failed"} and told.row in open_:
            update = {"end_s": told.at_s, "result": told.phase, "code": told.code, "text": told.text}
            yield told.swap_id, open_.pop(told.row).model_copy(update=update)
    for step in open_.values():
        yield "open", step


def _timeline(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, title="timeline", title_justify="left")
    for name in ("at s", "", ""):
        table.add_column(name)
    for line in sorted(_lines(result), key=lambda one: one.at_s):
        table.add_row(f"{line.at_s:.2f}", line.kind, line.text)
    return table


def _lines(result: Result) -> Iterator[Line]:
    outcome = result.outcome
    began_s = outcome.began_s
    for at_s, state in outcome.observed.states:
        yield Line(at_s - began_s, "state", state)
    for at_s, step in outcome.observed.steps:
        words = (step.row, step.phase, step.code, step.text or step.title)
        yield Line(at_s - began_s, "step", " ".join(filter(None, words)))
    for played in outcome.played:
        if played.at_s is not None:
            rest = "" if played.rest_s is None else f"at rest after {played.rest_s:.2f} s"
            told = (str(played.act.do), played.answer, played.reason, played.error, rest)
            yield Line(played.at_s, "act", " ".join(filter(None, told)))
    for name, times in outcome.observed.raised_s.items():
        for at_s in times:
            yield Line(at_s - began_s, "fault", f"{name}: {outcome.observed.alarms[name].text}")
    for breach in outcome.breaches:
        yield Line(breach.at_s - began_s, "breach", f"{breach.hazard}: {breach.text}")
