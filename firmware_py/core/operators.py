"""What people may ask of the station: each act is done, or refused with the reason."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from firmware_py.core import manual, modes, orders, restart, safety
from firmware_py.core.chart.table import FIRST_ROWS
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Answer, Arm, Note, Told
from firmware_py.core.engine import Chart
from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import MOVING, Mode, PackML
from firmware_py.core.params import Params

_STANDING: Final = frozenset(
    {
        FaultCode.LINK_LOST,
        FaultCode.DEVICE_IDENTITY_WRONG,
        FaultCode.JOURNAL_FAILED,
        FaultCode.JOURNAL_SLOW,
        FaultCode.DISK_FULL,
        FaultCode.DISK_LOW,
        FaultCode.MOTION_NOT_STOPPED,
    }
)
"""Faults that go when their cause is seen to be gone, never by a word."""
_PASSING: Final = frozenset({FaultCode.COMMAND_REFUSED, FaultCode.COMMAND_FAILED, FaultCode.DRIVES_NOT_ENABLED})
"""Faults of an act, not of a state: a reset is their end."""
STATION: Final = "station:"
"""Timers of the station begin so; those of rows do not."""
ENABLE: Final = "enable"
RESETTING: Final = "resetting"


def enable(draft: Draft, params: Params) -> None:
    """The drives are to be enabled, within their time, after a fresh look at the safety chain."""
    draft.enable_asked = False
    draft.effects.append(Arm(STATION + ENABLE, params.limit_s["enable"]))


def reset(draft: Draft, params: Params) -> None:
    """The station gets ready for orders, within its time."""
    for fault in draft.faults:
        if fault.code in _PASSING:
            draft.clear_fault(fault.code, fault.device)
    draft.packml = PackML.RESETTING
    draft.effects.append(Arm(STATION + RESETTING, params.limit_s["reset"]))


class Operators:
    """`moving` names the devices of the rows that run."""

    def __init__(self, params: Params, chart: Chart, moving: Callable[[Draft], tuple[str, ...]]) -> None:
        self._params = params
        self._chart = chart
        self._moving = moving

    def ask(self, draft: Draft, image: Image, event: Operator) -> None:
        """An act, and its answer; a move by hand is answered when it is over."""
        acts: Mapping[Action, Callable[[Draft, Image], str]] = {
            Action.RESET: self._reset,
            Action.HOLD: self._hold,
            Action.RESUME: self._resume,
            Action.ABORT: self._abort,
            Action.CLEAR: self._clear,
            Action.MODE: lambda d, i: modes.change(d, i, event.mode or d.mode),
            Action.JOG: lambda d, i: self._jog(d, i, event),
            Action.STEP: lambda d, i: self._step(d, i, event.row),
        }
        why = acts[event.action](draft, image)
        if why or event.action is not Action.JOG:
            draft.effects.append(Told(event.action.value, event.ask, Answer.REFUSED if why else Answer.ACCEPTED, why))

    def _jog(self, draft: Draft, image: Image, event: Operator) -> str:
        why = manual.ask(draft, image, event, self._params)
        if not why:
            enable(draft, self._params)
        return why

    def _step(self, draft: Draft, image: Image, row: str) -> str:
        if draft.packml is not PackML.HELD or draft.swap is None:
            return _no_held_swap("step", draft)
        if why := restart.why_not_on(draft):
            return why
        lacking = modes.release(draft, image, row, self._chart.rows, FIRST_ROWS[draft.swap.purpose])
        return lacking or self._go_on(draft, image)

    def _go_on(self, draft: Draft, image: Image) -> str:
        """A held swap moves again, or why not."""
        lacking = [text for _, text in safety.missing(image.safety)]
        if not lacking:
            restart.over(draft)
            draft.packml = PackML.UNHOLDING
            enable(draft, self._params)
        return "; ".join(lacking)

    def _reset(self, draft: Draft, _: Image) -> str:
        if self._params.absent:
            return orders.no_service(self._params)
        lacking = modes.only_in(draft.mode, "reset", (Mode.PRODUCTION,))
        if lacking:
            return lacking
        if draft.packml not in {PackML.STOPPED, PackML.COMPLETE, PackML.IDLE}:
            return f"reset is for Stopped or Idle, station is {draft.packml.value}{_for(draft)}"
        if draft.swap is not None:
            return f"the controller leaves, swap {draft.swap.id} stays open"
        reset(draft, self._params)
        return ""

    def _hold(self, draft: Draft, _: Image) -> str:
        if draft.packml not in MOVING:
            return f"nothing runs, station is {draft.packml.value}"
        draft.hold("hold asked by the operator", self._moving(draft))
        return ""

    def _resume(self, draft: Draft, image: Image) -> str:
        if draft.packml is not PackML.HELD or draft.swap is None:
            return _no_held_swap("resume", draft)
        lacking = modes.only_in(draft.mode, "resume", (Mode.PRODUCTION,)) or restart.why_not_on(draft)
        return lacking or self._go_on(draft, image)

    def _abort(self, draft: Draft, image: Image) -> str:
        if draft.packml is not PackML.HELD or draft.swap is None:
            return _no_held_swap("abort", draft)
        lacking = modes.only_in(draft.mode, "abort", (Mode.PRODUCTION, Mode.MAINTENANCE))
        lacking = lacking or restart.why_not_on(draft) or "; ".join(text for _, text in safety.missing(image.safety))
        if lacking:
            return lacking
        way = self._chart.way_out(draft)
        if way is None:
            rows = ", ".join(a.row for a in draft.active)
            return f"at step {rows} the only way out is on: resume"
        begun = {a.row for a in draft.active if a.resumed}
        self._chart.abandon(draft, way, FaultCode.OPERATOR_ABORT)
        draft.active = tuple(replace(a, resumed=a.resumed or a.row in begun) for a in draft.active)
        draft.swap = replace(draft.swap, failure=FaultCode.OPERATOR_ABORT)
        return self._go_on(draft, image) if draft.mode is Mode.PRODUCTION else ""

    def _clear(self, draft: Draft, _: Image) -> str:
        of_start = draft.recovery is not None or any(fault.code in restart.OF_START for fault in draft.faults)
        if draft.packml is not PackML.ABORTED and not (draft.packml is PackML.HELD and of_start):
            return f"clear is for Aborted, and for Held after a restart; station is {draft.packml.value}"
        if draft.recovery is not None:
            restart.cleared(draft)
        for fault in draft.faults:
            if fault.code not in {*safety.CODES, *_STANDING}:
                draft.clear_fault(fault.code, fault.device)
        draft.keep(Note.STATE, state=PackML.CLEARING.value)
        draft.packml = PackML.STOPPED
        return ""


def _for(draft: Draft) -> str:
    """What a station that is held is held for."""
    if draft.packml is not PackML.HELD:
        return ""
    if draft.swap is not None:
        return f": swap {draft.swap.id} is not over, see `next` in its status"
    return f" for {draft.held_for}" if draft.held_for else ""


def _no_held_swap(action: str, draft: Draft) -> str:
    seen = "this controller holds none" if draft.packml is PackML.HELD else f"station is {draft.packml.value}"
    return f"{action} is for a held swap, {seen}"
