"""Requests of the local control that ask for an operator's act: checked by field, and told beforehand on demand."""

import math
from collections.abc import Mapping
from typing import Any, Final

from firmware_py.core import manual
from firmware_py.core.events import Action, Operator
from firmware_py.core.jog_words import JogWish
from firmware_py.core.packml import Mode
from firmware_py.shell.controller import Controller
from firmware_py.shell.line_socket import Request, RequestError

LONGEST_WHY: Final = 500
MODES: Final = {mode.value.lower(): mode for mode in Mode}
ACT_KEYS: Final[dict[Action, tuple[str, ...]]] = {
    Action.MODE: ("mode",),
    Action.JOG: ("device", "by_mm", "to", "points"),
    Action.STEP: ("row",),
}
"""Keys of an act beside `action`, `why` and `preview`."""


def act_of(request: Request, who: str) -> Operator:
    """The act that a request asks for. Raises `RequestError` with what is allowed."""
    action = Action(str(request["action"]))
    allowed = ("action", "why", *(("preview", *ACT_KEYS[action]) if action in ACT_KEYS else ()))
    extra = sorted(set(request) - set(allowed))
    if extra:
        raise RequestError(f"unknown key {extra[0]!r}; allowed: {', '.join(allowed)}")
    why = request.get("why", "")
    if not isinstance(why, str) or len(why) > LONGEST_WHY:
        raise RequestError(f"why is a text of at most {LONGEST_WHY} characters")
    match action:
        case Action.MODE:
            return Operator(action, who, why, mode=_mode(request.get("mode")))
        case Action.JOG:
            return Operator(action, who, why, jog=_wish(request))
        case Action.STEP:
            return Operator(action, who, why, row=_text(request, "row"))
        case _:
            return Operator(action, who, why)


def longest_s(controller: Controller, act: Operator) -> float:
    """How long the answer to an act may take beyond its being kept: a move by hand is answered when it is over."""
    if act.action is not Action.JOG:
        return 0.0
    limits = controller.params.limit_s
    return limits["enable"] + controller.params.manual.limit_s + limits["standstill"]


def preview(controller: Controller, act: Operator) -> Mapping[str, Any]:
    """What will move if the act is asked for now; nothing does yet."""
    state, image = controller.state, controller.observer.image
    told: dict[str, Any] = {"ok": True, "longest_s": longest_s(controller, act)}
    match act.action:
        case Action.JOG:
            made = manual.preview(act, image, controller.params)
            return {"ok": False, "error": made} if isinstance(made, str) else {**told, "text": made.text}
        case Action.STEP:
            waiting = [controller.sequencer.waiting_row(active) for active in state.active]
            rows = [row for row in waiting if act.row in {"", row.name}]
            slow = controller.params.manual
            pace = f"lift at most {slow.lift_mm_s:g} mm/s, slots at most {slow.slot_mm_s:g} mm/s"
            names = " or ".join(f"{row.name}, {row.title}" for row in rows) or act.row or "the first row"
            return {**told, "text": f"this row of the swap goes on: {names}; {pace}"}
        case _:
            mode = "" if act.mode is None else act.mode.value
            return {**told, "text": f"the mode changes from {state.mode.value} to {mode}; nothing moves by it"}


def _mode(value: object) -> Mode:
    found = MODES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise RequestError(f"mode {value!r}: one of {', '.join(MODES)} is needed")
    return found


def _wish(request: Request) -> JogWish:
    by_mm, points = request.get("by_mm"), request.get("points", [])
    number = isinstance(by_mm, int | float) and not isinstance(by_mm, bool) and math.isfinite(by_mm)
    if by_mm is not None and not number:
        raise RequestError("by_mm is a number of mm")
    if not isinstance(points, list) or not all(type(point) is int for point in points):
        raise RequestError("points is a list of lock points")
    way = None if by_mm is None else float(by_mm)
    return JogWish(_text(request, "device"), way, _text(request, "to"), tuple(points))


def _text(request: Request, key: str) -> str:
    value = request.get(key, "")
    if not isinstance(value, str) or len(value) > 64:
        raise RequestError(f"{key} is a word of at most 64 characters")
    return value
