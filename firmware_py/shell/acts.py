"""Requests of the local control that ask for an operator's act, checked by field."""

from dataclasses import replace
from typing import Final

from firmware_py.core.events import Action, Operator
from firmware_py.core.jog_words import JogWish
from firmware_py.core.packml import Mode
from firmware_py.shell.line_socket import Request, RequestError

LONGEST_WHY: Final = 500
LONGEST_MM: Final = 1e5
"""Nothing in a station is as long; how far one move may go is the station file's to say."""
MODES: Final = {mode.value.lower(): mode for mode in Mode}
COMMON: Final = ("action", "why", "preview", "confirmed")
ACT_KEYS: Final[dict[Action, tuple[str, ...]]] = {
    Action.MODE: ("mode",),
    Action.JOG: ("device", "by_mm", "to", "points"),
    Action.STEP: ("row",),
}
"""Keys of an act beside the common ones."""


def act_of(request: Request, who: str) -> Operator:
    """The act that a request asks for. Raises `RequestError` with what is allowed."""
    action = Action(str(request["action"]))
    allowed = (*COMMON, *ACT_KEYS.get(action, ()))
    extra = sorted(set(request) - set(allowed))
    if extra:
        raise RequestError(f"unknown key {extra[0]!r}; allowed: {', '.join(allowed)}")
    why = request.get("why", "")
    if not isinstance(why, str) or len(why) > LONGEST_WHY or not why.isprintable():
        raise RequestError(f"why is a text of at most {LONGEST_WHY} characters, on one line")
    act = Operator(action, who, why.strip())
    match action:
        case Action.MODE:
            return replace(act, mode=_mode(request.get("mode")))
        case Action.JOG:
            return replace(act, jog=_wish(request))
        case Action.STEP:
            return replace(act, row=_text(request, "row"))
        case _:
            return act


def _mode(value: object) -> Mode:
    found = MODES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise RequestError(f"mode {value!r}: one of {', '.join(MODES)} is needed")
    return found


def _wish(request: Request) -> JogWish:
    by_mm, points = request.get("by_mm"), request.get("points", [])
    if by_mm is not None and (type(by_mm) not in {int, float} or not abs(by_mm) <= LONGEST_MM):
        raise RequestError(f"by_mm is a number of mm, at most {LONGEST_MM:g} either way")
    if not isinstance(points, list) or not all(type(point) is int for point in points):
        raise RequestError("points is a list of lock points")
    way = None if by_mm is None else float(by_mm)
    return JogWish(_text(request, "device"), way, _text(request, "to"), tuple(points))


def _text(request: Request, key: str) -> str:
    value = request.get(key, "")
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise RequestError(f"{key} is a word of at most 64 characters")
    return value
