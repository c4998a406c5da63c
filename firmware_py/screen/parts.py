"""The parts of the screen as lines of text: heading, steps, active rows, lift, lock points, bays, faults, order."""

from dataclasses import replace
from typing import Final

from rich.text import Text

from firmware_py.screen.bars import LATE, OVER_STYLE, gauge, step_bar
from firmware_py.screen.track import TITLE_WIDTH
from firmware_py.screen.view import BayView, FaultView, LockView, Mark, RowView, StepView, Tool, View

GAUGE_TOP_MM: Final = 1000.0
"""Scale of the lift's gauge: round, and above any lift of a car."""
FULL_SCALE_S: Final = 15.0
"""What a bar of full width stands for, unless a nominal time is longer."""
_STANDING_MM_S: Final = 0.5
_BAY_WIDTH: Final = 16
_USUAL_MODE = "Production"
_WIDE: Final = 90
_NAMES_FROM: Final = 45
_LOW_PCT, _HIGH_PCT = 30.0, 80.0
MARKS: Final = {
    Mark.WAITING: ("·", "bright_black"),
    Mark.ACTIVE: ("▶", "bold cyan"),
    Mark.DONE: ("✓", "green"),
    Mark.FAILED: ("✗", "bold red"),
}
_NEXT: Final = {
    "Stopped": "reset: the station takes orders from then on",
    "Held": "resume to go on with the swap, or abort to give it up",
    "Aborted": "look at car and pack, then clear, then reset",
}
_TOOLS: Final = {
    Tool.LOCKED: ("●", "green"),
    Tool.FREE: ("○", "cyan"),
    Tool.TURNING: ("◐", "bold yellow"),
    Tool.FAILED: ("✗", "bold red"),
    Tool.UNKNOWN: ("?", "bright_black"),
}
_PACKML_STYLES: Final = {
    "Execute": "green", "Idle": "cyan", "Completing": "green", "Complete": "green", "Held": "yellow",
    "Holding": "yellow", "Aborting": "red", "Aborted": "red", "Stopped": "white",
}  # fmt: skip


def simulated_text(speed: float) -> str:
    """The notice that no real machine moves."""
    times = "" if speed == 1 else f" (motion ×{speed:g})"
    return f"The devices of this station are simulated: no real machine moves{times}."


def clock_text(seconds: float | None) -> str:
    """Minutes and seconds."""
    return "-:--" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def age_text(seconds: float) -> str:
    """How long something has stood, in two or three cells of number and its unit."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


def heading(view: View, width: int) -> Text:
    """Station, its state and place, and the clock of the swap."""
    roomy = width >= _WIDE
    left = Text.assemble((" SwapStation", "bold"), f"{'  ' if roomy else ' '}{view.station}")
    if roomy:
        left.append(f" ({view.site})", "bright_black")
    state = view.packml or "no word yet"
    pill = (f" {state} ", f"bold reverse {_PACKML_STYLES.get(state, 'white')}")
    mode = "" if view.mode in {"", _USUAL_MODE} else f" {view.mode}"
    place = f"  {view.place}" if view.place else ""
    middle = Text.assemble(pill, (mode, "bold yellow"), (place, "bold"), f" {view.place_text}")
    right = Text.assemble("swap " if roomy else "", (clock_text(view.clock_s), "bold"), " ")
    if not view.connected:
        right = Text("no broker ", "bold red")
    elif view.online is False:
        right = Text("offline ", "bold red")
    room = width - left.cell_len - right.cell_len - 2
    middle.truncate(max(1, room), overflow="ellipsis")
    gap = max(0, room - middle.cell_len)
    return Text.assemble(left, " " * (1 + gap // 2), middle, " " * (1 + gap - gap // 2), right)


def notice(view: View) -> Text:
    """The notice, where the simulator gave one; before it, that nothing is heard any more."""
    if not view.connected:
        return Text(" no connection to the broker: what is shown is old", "bold red")
    if view.simulated_speed is None:
        return Text("")
    return Text(f" {simulated_text(view.simulated_speed)}", "yellow")


def step_lines(view: View, width: int) -> list[Text]:
    """Twenty lines: number, title, bar of actual on nominal, both in seconds. Steps at the same time have a mark."""
    full_s = max([FULL_SCALE_S, *(step.nominal_s or 0.0 for step in view.steps if step.number)])
    together = sum(step.mark is Mark.ACTIVE for step in view.steps) > 1
    return [_step_line(step, width, full_s, together) for step in view.steps]


def _step_line(step: StepView, width: int, full_s: float, together: bool) -> Text:
    sign, style = MARKS[step.mark]
    active = step.mark is Mark.ACTIVE
    faint = "bright_black" if step.mark is Mark.WAITING else ("bold" if active else "")
    line = Text.assemble((sign, style), (f" {step.number:>2} {step.title:<{TITLE_WIDTH + 1}}", faint))
    line.append("∥ " if active and together else "  ", "bold cyan")
    scale_s = full_s if step.number else step.nominal_s or full_s
    bar = step_bar(width - line.cell_len - 12, scale_s, step.actual_s, step.nominal_s, _bar_style(step.mark))
    late = step.actual_s is not None and step.nominal_s is not None and step.actual_s > step.nominal_s * LATE
    line.append_text(bar).append(f" {_seconds(step.actual_s)}", OVER_STYLE if late else faint)
    return line.append(f" {_seconds(step.nominal_s)}", "bright_black")


def _bar_style(mark: Mark) -> str:
    return {Mark.ACTIVE: "cyan", Mark.FAILED: "red"}.get(mark, "green")


def _seconds(value: float | None) -> str:
    return "     " if value is None else f"{min(value, 999.9):>5.1f}"


def row_lines(view: View, width: int, height: int) -> list[Text]:
    """The active rows of the chart, those on the path of the swap first, then the last that ended."""
    rows = [*sorted(view.active, key=lambda row: row.beside), *view.ended][:height]
    return [_row_line(row, width) for row in rows] or [Text("nothing moves", "bright_black")]


def _row_line(row: RowView, width: int) -> Text:
    sign, style = MARKS[row.mark]
    active = row.mark is Mark.ACTIVE
    faint = "bright_black" if row.mark is Mark.DONE else ""
    seconds = f" {row.took_s:>5.1f} s"
    name = f"{row.name:<10} " if width >= _NAMES_FROM else ""
    strong = "bold" if active and not row.beside else faint
    line = Text.assemble((f"{sign} ", style), (name, strong), (row.title, faint))
    line.truncate(width - len(seconds), overflow="ellipsis", pad=True)
    return line.append(seconds, "bold" if active else faint)


def lift_lines(view: View, width: int) -> list[Text]:
    """Height as a gauge, then load and motion."""
    lift = view.lift
    if lift.position_mm is None:
        return [Text("height unknown", "bright_black"), Text("")]
    height = f"{max(0.0, lift.position_mm):>4.0f} mm"
    first = Text("height ").append_text(gauge(width - 8 - len(height), lift.position_mm / GAUGE_TOP_MM, "cyan"))
    load = "load   unknown" if lift.load_kg is None else f"load {max(0.0, lift.load_kg):>5.0f} kg"
    speed = lift.speed_mm_s or 0.0
    motion = f"{'up' if speed > 0 else 'down'} {abs(speed):.0f} mm/s" if abs(speed) > _STANDING_MM_S else "stands"
    second = Text(load, "bold" if (lift.load_kg or 0.0) > 1 else "")
    second.append(" " * max(1, width - second.cell_len - len(motion)) + motion, "not bold")
    return [first.append(f" {height}", "bold"), second]


def lock_lines(locks: tuple[LockView, ...], width: int) -> list[Text]:
    """Number, tool and second channel of each lock point, spread over the width."""
    each = max(2, (width - 6) // max(1, len(locks)))
    head, tool, proof = Text("point ", "bright_black"), Text("tool  "), Text("proof ")
    for lock in locks:
        head.append(f"{lock.point if each > 2 else lock.point % 10:>{each}}", "bright_black")
        sign, style = _TOOLS[lock.tool]
        tool.append(f"{sign:>{each}}", style)
        sign, style = {True: ("●", "green"), False: ("○", "cyan"), None: ("?", "bright_black")}[lock.proof]
        proof.append(f"{sign:>{each}}", style)
    return [head, tool, proof]


def lock_summary(locks: tuple[LockView, ...]) -> str:
    """The lock points in words."""
    if not locks or any(lock.tool is Tool.UNKNOWN for lock in locks):
        return "unknown"
    words = {Tool.LOCKED: "locked", Tool.FREE: "free", Tool.TURNING: "turning", Tool.FAILED: "failed"}
    counts = [(sum(lock.tool is tool for lock in locks), word) for tool, word in words.items()]
    proven = sum(lock.proof is True for lock in locks)
    return ", ".join(f"{count} {word}" for count, word in counts if count) + f", {proven} proven"


def bay_lines(bays: tuple[BayView, ...], width: int) -> list[Text]:
    """Two columns: number, end of the serial, charge, class."""
    half = (len(bays) + 1) // 2
    lines = []
    for row in range(half):
        line = _bay(bays[row])
        if half + row < len(bays):
            line.append(" " * max(1, width - _BAY_WIDTH - line.cell_len)).append_text(_bay(bays[half + row]))
        lines.append(line)
    return lines


def _bay(bay: BayView) -> Text:
    line = Text(f"{bay.number:>2} ", "bright_black")
    if bay.present is None:
        return line.append("unknown", "bright_black")
    if not bay.present:
        return line.append("empty", "bright_black")
    if bay.serial_tail is None or bay.soc_pct is None:
        return line.append("pack, not read", "bright_black")
    style = "green" if bay.soc_pct >= _HIGH_PCT else "yellow" if bay.soc_pct >= _LOW_PCT else "red"
    line.append(bay.serial_tail, "default").append(f"{bay.soc_pct:>4.0f}%", style)
    return line.append(f" #{bay.pack_class or '?'}", "bright_black")


def fault_lines(faults: tuple[FaultView, ...], head_cells: int) -> list[Text]:
    """Each fault in at most `head_cells` cells, so that there is room for what to do about it."""
    if not faults:
        return [Text.assemble(("✓", "green"), " no faults")]
    lines = []
    for number, fault in enumerate(faults, 1):
        style = "yellow" if fault.severity in {"info", "degraded"} else "bold red"
        count = f" ({number} of {len(faults)})" if len(faults) > 1 else ""
        head = Text.assemble(
            ("✗ ", style), (f"{fault.code} {fault.device}", style), f"{count} {age_text(fault.age_s)}: {fault.text}"
        )
        head.truncate(head_cells, overflow="ellipsis")
        lines.append(head)
        lines.append(Text.assemble(("  → ", "bold"), fault.remedy))
    return lines


def next_act(view: View) -> str:
    """What waits for a person, where no fault says it."""
    if view.faults:
        return ""
    act = _NEXT.get(view.packml, "")
    return f"held for {view.held_for}: {act}" if act and view.held_for else act


def foot_lines(view: View) -> list[Text]:
    """What waits for a person, then what became of the order: two lines at most."""
    act = [Text(next_act(view), "yellow")] if next_act(view) else []
    return [*act, *outcome_lines(view)][:2]


def outcome_lines(view: View) -> list[Text]:
    """The order and, once there is one, the record of the swap; a later order that was refused goes before it."""
    order, record = view.order, view.record
    if order is not None and (record is None or order.order_id != record.values.order_id):
        refused = order.answer == "refused"
        text = f"order {order.order_id} {order.answer}{f': {order.reason}' if order.reason else ''}"
        told = [Text(text, "yellow" if refused else "")]
        if record is None or not refused:
            return told
        return [*told, *outcome_lines(replace(view, order=None))[:1]]
    if view.record is not None:
        values = view.record.values
        good = values.outcome == "completed" and values.lock_proven
        proof = "lock proof recorded" if values.lock_proven else "NO lock proof"
        seconds = f"{values.duration_s * (view.simulated_speed or 1.0):.1f} s from admission to release"
        head = Text(f"{'✓' if good else '✗'} {values.outcome}, {proof}", "bold green" if good else "bold red")
        return [head, Text(f"  {values.reason or seconds}")]
    return [Text("no order yet", "bright_black")]
