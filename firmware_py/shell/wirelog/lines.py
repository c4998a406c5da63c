"""Lines of a wire log: from what happened to text."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from firmware_py.core.effects import Effect
from firmware_py.core.events import Event
from firmware_py.core.state import State
from hal.errors import DeviceRefused
from hal.ports import Frame

FORMAT: Final = 1
"""Grows with each change that an older reader would misread."""
WIRES: Final = "wires.jsonl"
KIND: Final = "is"
"""Key of an object that holds the name of its class."""


def line(entry: Mapping[str, Any]) -> bytes:
    """One line of `wires.jsonl`."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def candump(link: str, frames: Iterable[Frame], wall_s: float, *, sent: bool) -> bytes:
    """Frames as lines of candump's log format; `R` and `T` as python-can marks received and sent ones."""
    way = "T" if sent else "R"
    head = f"({wall_s:.6f}) {link}"
    lines = (f"{head} {f.can_id:0{8 if f.extended else 3}X}#{f.data.hex().upper()} {way}\n" for f in frames)
    return "".join(lines).encode()


def payload(data: bytes) -> dict[str, str]:
    """An MQTT payload: as text where it is text."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def failure(error: BaseException) -> dict[str, Any]:
    """Why there is no answer."""
    code = {"code": error.code} if isinstance(error, DeviceRefused) else {}
    return {"error": type(error).__name__, "why": str(error), **code}


def decision(event: Event, effects: Iterable[Effect], state: State) -> dict[str, Any]:
    """One step of the core: what it was told, what it wants done, where it stands then."""
    return {
        "event": plain(event),
        "effects": [plain(effect) for effect in effects],
        "packml": state.packml.value,
        "place": state.place.value,
        "rows": [f"{active.row} {active.phase.value}" for active in state.active],
    }


def plain(value: object) -> Any:
    """What JSON can hold; a dataclass is an object that tells its class under `is`."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {KIND: type(value).__name__, **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(each) for each in value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value
