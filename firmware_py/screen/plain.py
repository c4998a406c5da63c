"""The screen as plain lines, for where no terminal is: one per row that ended, per fault and per turn of the order."""

from pydantic import BaseModel

from firmware_py.screen.parts import clock_text, next_act, outcome_lines, simulated_text
from firmware_py.screen.track import STEP_TITLES
from firmware_py.screen.view import View
from hal.contract import Alarm, OrderReply, RecordEvent, SimulatorNotice, StationState, Status, StepEvent


class PlainLines:
    """Turns messages into lines. Knows only what it has said last."""

    def __init__(self) -> None:
        self._packml = ""
        self._mode = "Production"
        self._online = True

    def of(self, message: BaseModel, view: View) -> list[str]:
        """Lines for a message that the model has just taken; `view` is the model's after it."""
        match message:
            case SimulatorNotice():
                return [simulated_text(message.values.speed)]
            case StationState() if (message.values.packml, message.values.mode) != (self._packml, self._mode):
                hint = next_act(view)
                return [*self._station(message), *([f"      -> {hint}"] if hint else [])]
            case Status(values=values) if (values.state == "online") != self._online:
                self._online = not self._online
                return [f"station is {values.state}"]
            case OrderReply(values=values):
                return [f"order {values.order_id} {values.answer}{f': {values.reason}' if values.reason else ''}"]
            case StepEvent():
                return _step(message, view)
            case Alarm(values=values):
                return [f"fault {values.code} {values.device}: {values.text}", f"      -> {values.remedy}"]
            case RecordEvent():
                return [" ".join(line.plain.split()) for line in outcome_lines(view)]
        return []

    def _station(self, message: StationState) -> list[str]:
        values = message.values
        mode = "" if values.mode == self._mode else f"mode is {values.mode}, "
        self._packml, self._mode = values.packml, values.mode
        return [f"{mode}station is {values.packml}, {values.place_text}"]


def _step(message: StepEvent, view: View) -> list[str]:
    values = message.values
    clock = f"{clock_text(view.clock_s):>6}"
    if values.phase == "started":
        return []
    if values.phase != "done":
        return [f"{clock}  {values.row:<10} {values.title}: {values.phase}, {values.code} {values.text}"]
    took = next((row for row in view.ended if row.name == values.row), None)
    seconds = f"{took.took_s:5.1f} s" if took else ""
    line = f"{clock}  {values.row:<10} {values.title[:52]:<52} {seconds}"
    step = view.steps[values.step]
    if took is None or took.beside or step.actual_s is None or step.nominal_s is None:
        return [line]
    return [f"{line}   {step.number:>2} {STEP_TITLES[step.number]}: {step.actual_s:.1f} of {step.nominal_s:g} s"]
