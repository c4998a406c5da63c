"""What is said at the end of a swap: steps against their nominal times, lock points, packs. All from the record."""

from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware_py.screen.bars import LATE
from firmware_py.screen.parts import MARKS
from firmware_py.screen.track import Run, step_views
from firmware_py.screen.view import StepView
from hal.contract import RecordEvent
from hal.contract.messages import LockStage


def steps_of(record: RecordEvent, nominal_s: dict[int, float], speed: float) -> tuple[StepView, ...]:
    """The twenty steps as the record has them, in seconds of the plant."""
    runs = [Run(s.row, s.step, s.title, s.start_s, s.end_s or s.start_s, s.result != "done") for s in record.steps]
    admitted = [run.start_s for run in runs if run.step == 1]
    released_s = admitted[0] + record.values.duration_s if admitted and record.values.duration_s > 0 else None
    return step_views(runs, nominal_s, 0.0, speed, released_s)


def proof_of(record: RecordEvent) -> LockStage | None:
    """The stage that tells how the lock points were left: the last proof, or the last stage where there is none."""
    proofs = [stage for stage in record.locks if stage.stage == "proof"]
    stages = proofs or record.locks
    return stages[-1] if stages else None


def closing(record: RecordEvent, nominal_s: dict[int, float], speed: float) -> Group:
    """Tables for a person, within 80 columns."""
    tables = Table.grid(padding=(0, 1))
    right = Group(_locks(record), Text(), _packs(record))
    tables.add_row(_steps(steps_of(record, nominal_s, speed)), right)
    values = record.values
    scaled = "" if speed == 1 else f"; motion ×{speed:g}, so waits that do not scale look longer"
    tail = Text.assemble(
        ("record ", "bright_black"), f"{record.id}, swap {values.swap_id}\n",
        ("swap   ", "bright_black"), f"{values.duration_s * speed:.1f} s from admission to release of the car{scaled}",
    )  # fmt: skip
    return Group(tables, Padding(tail, (1, 0, 0, 0)))


def result(record: RecordEvent, nominal_s: dict[int, float], speed: float) -> dict[str, Any]:
    """The same for a machine."""
    values = record.values
    steps = steps_of(record, nominal_s, speed)
    return {
        "record_id": record.id,
        "swap_id": values.swap_id,
        "order_id": values.order_id,
        "outcome": values.outcome,
        "reason": values.reason,
        "lock_proven": values.lock_proven,
        "duration_s": round(values.duration_s * speed, 3),
        "steps": [
            {"step": s.number, "title": s.title, "state": s.mark, "actual_s": s.actual_s, "nominal_s": s.nominal_s}
            for s in steps
        ],
        "locks": stage.model_dump() if (stage := proof_of(record)) else None,
        "packs": [pack.model_dump() for pack in record.packs],
        "faults": record.faults,
    }


def _steps(steps: tuple[StepView, ...]) -> Table:
    table = _table("Steps, s", "", "step", ">nominal", ">actual")
    for step in steps:
        sign, style = MARKS[step.mark]
        late = step.nominal_s is not None and (step.actual_s or 0.0) > step.nominal_s * LATE
        table.add_row(
            Text(sign, style),
            f"{step.number:>2} {step.title}",
            "" if step.nominal_s is None else f"{step.nominal_s:.1f}",
            Text("" if step.actual_s is None else f"{step.actual_s:.1f}", "yellow" if late else ""),
        )
    return table


def _locks(record: RecordEvent) -> Table:
    stage = proof_of(record)
    title = f"Lock points, {stage.stage} of row {stage.row}" if stage else "Lock points"
    table = _table(title, ">#", "tool", ">N·m", ">°", "proof")
    for point in stage.points if stage else []:
        proof = Text("✓ locked", "green") if point.proof_locked else Text("○ open", "yellow")
        torque = "" if point.torque_nm is None else f"{point.torque_nm:.1f}"
        angle = "" if point.angle_deg is None else f"{point.angle_deg:.0f}"
        table.add_row(str(point.point), point.state, torque, angle, proof)
    return table


def _packs(record: RecordEvent) -> Table:
    table = _table("Packs", "", "code", ">SOC")
    for pack in record.packs:
        soc = "?" if pack.soc_pct is None else f"{pack.soc_pct:.0f} %"
        table.add_row("in" if pack.role == "installed" else "out", pack.serial or "unknown", soc)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bright_black", box=None)
    for name in columns:
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left", no_wrap=True)
    return table
