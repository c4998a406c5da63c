"""What will move by an operator's act, told before it is asked for: the core decides it once for nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from firmware_py.core import manual
from firmware_py.core.chart.rows import Row
from firmware_py.core.chart.table import FIRST_ROWS
from firmware_py.core.checks import View
from firmware_py.core.effects import Answer, Told
from firmware_py.core.events import Action, Operator
from firmware_py.core.motion_words import motion
from firmware_py.core.packml import Mode
from firmware_py.core.state import State, Swap
from firmware_py.shell.controller import Controller


def longest_s(controller: Controller, act: Operator) -> float:
    """How long the answer to an act may take beyond its being kept: a move by hand is answered when it is over."""
    if act.action is not Action.JOG:
        return 0.0
    limits = controller.params.limit_s
    return limits["enable"] + controller.params.manual.limit_s + limits["standstill"]


def preview(controller: Controller, act: Operator) -> Mapping[str, Any]:
    """What will move if the act is asked for now, or why it would be refused; nothing does yet."""
    after, effects = controller.sequencer.step(controller.state, controller.observer.image, act)
    for effect in effects:
        if isinstance(effect, Told) and effect.answer is Answer.REFUSED:
            return {"ok": False, "answer": effect.answer.value, "error": effect.reason}
    text = text_of(controller, act, after)
    why = act.action.value in controller.station.config.control.why
    return {"ok": True, "text": text, "why_needed": why, "longest_s": longest_s(controller, act)}


def text_of(controller: Controller, act: Operator, after: State) -> str:
    """What will move, and what else an act does that leads to the state `after`."""
    before, on = controller.state, _next_rows(controller, after)
    match act.action:
        case Action.RESET:
            return "nothing moves now; from Idle on, an order starts a swap by itself"
        case Action.HOLD:
            return "all motion stops, the swap is kept"
        case Action.RESUME:
            return f"the swap goes on by itself to its end, beginning with {_rows(controller, after, on)}"
        case Action.ABORT:
            return f"the order is given up; {_way_out(controller, after)}"
        case Action.CLEAR:
            return f"nothing moves; the station forgets {_forgotten(before, after)}: look at car and pack first"
        case Action.MODE:
            return f"the mode changes from {before.mode.value} to {after.mode.value}; nothing moves by it"
        case Action.STEP:
            slow = controller.params.manual
            rows = [row for row in on if row.name == after.released]
            pace = f"lift at most {slow.lift_mm_s:g} mm/s, slots at most {slow.slot_mm_s:g} mm/s"
            return f"this row of the swap goes on: {_rows(controller, after, rows)}; {pace}"
        case Action.JOG:
            made = manual.preview(act, controller.observer.image, controller.params)
            return made if isinstance(made, str) else made.text


def _next_rows(controller: Controller, state: State) -> list[Row]:
    if state.active or state.swap is None:
        return [controller.sequencer.waiting_row(active) for active in state.active]
    return [controller.sequencer.chart.rows[name] for name in FIRST_ROWS[state.swap.purpose]]


def _rows(controller: Controller, after: State, rows: Iterable[Row]) -> str:
    """Each row with what it sets in motion now, and where to."""
    return " and ".join(f"{row.name}, {row.title} ({_moves(controller, after.swap, row)})" for row in rows)


def _moves(controller: Controller, swap: Swap | None, row: Row) -> str:
    image = controller.observer.image
    commands = () if swap is None else row.command(View(swap, image, controller.params))
    ways = list(filter(None, (motion(command, image) for command in commands)))
    if ways:
        return ", ".join(ways)
    return f"moves: {', '.join(sorted(row.moves))}" if row.moves else "moves nothing by itself"


def _way_out(controller: Controller, after: State) -> str:
    if not after.active:
        return "the swap ends where it is, nothing moves"
    rows = _rows(controller, after, [controller.sequencer.chart.rows[active.row] for active in after.active])
    if after.mode is Mode.MAINTENANCE:
        return f"nothing moves before a step, which then begins the way out: {rows}"
    return f"the station takes the way out by itself, beginning with {rows}"


def _forgotten(before: State, after: State) -> str:
    gone = [f"{fault.code.value} {fault.device}" for fault in before.faults if fault not in after.faults]
    forgotten = ", ".join(gone) or "nothing but that it was aborted"
    if before.swap is None or after.swap is not None:
        return forgotten
    return f"{forgotten}, and swap {before.swap.id} ends here: order {before.swap.order.id} is answered failed"
