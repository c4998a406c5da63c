"""Reading a wire log back: entries in the order of their lines, CAN batches with their frames."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from firmware_py.core.events import Event
from firmware_py.shell.wirelog.can_files import frames_of
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.lines import FORMAT, KIND, WIRES
from hal import errors
from hal.errors import DeviceRefused, HalError
from hal.ports import Frame

_EVENTS: Final = {kind.__name__: TypeAdapter[Event](kind) for kind in get_args(Event)}


class BadLog(ValueError):
    """No wire log, or one that cannot be read on. The text names the file and, where there is one, the line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `wires.jsonl`. `frames` belong to it where it is a batch of CAN frames."""

    number: int
    said: Mapping[str, Any]
    frames: tuple[Frame, ...] = ()


class WireLog:
    """A log on disk. `path` is its folder, or its `wires.jsonl`. Raises `BadLog`.

    A last line that is cut, as a crash of the machine may leave it, is no line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / WIRES if path.is_dir() else path
        try:
            wires = _lines(self.path)
        except OSError as error:
            raise BadLog(f"{error.filename}: {error.strerror or error}") from error
        self._entries = [self._parsed(number, text) for number, text in enumerate(wires, start=1)]
        self.header: Mapping[str, Any] = self._entries[0] if self._entries else {}
        found = self.header.get("wire-log")
        if found != FORMAT:
            raise BadLog(f"{self.path}:1: no wire log of format {FORMAT} (found {found!r})")
        self._can_path, self._frames = self._read_frames(str(self.header.get("can", CanFormat.CANDUMP.value)))

    def __iter__(self) -> Iterator[Entry]:
        """Every entry after the header."""
        line = 0
        for number, said in enumerate(self._entries[1:], start=2):
            count = said.get("got", said.get("sent", 0)) if said.get("wire") == "can" else 0
            yield Entry(number, said, tuple(self._frame(line + k) for k in range(count)))
            line += count

    def _parsed(self, number: int, text: str) -> Mapping[str, Any]:
        try:
            said = json.loads(text)
        except ValueError as error:
            raise BadLog(f"{self.path}:{number}: no JSON: {error}") from None
        if not isinstance(said, dict):
            raise BadLog(f"{self.path}:{number}: no JSON object")
        return said

    def _read_frames(self, kind: str) -> tuple[Path, list[Frame]]:
        if kind not in set(CanFormat):
            raise BadLog(f"{self.path}:1: frames as {kind!r}; known: {', '.join(CanFormat)}")
        path = self.path.with_name(CanFormat(kind).file)
        try:
            return path, frames_of(path, CanFormat(kind))
        except OSError as error:
            raise BadLog(f"{error.filename}: {error.strerror or error}") from error
        except ValueError as error:
            raise BadLog(f"{path}:{error}") from None

    def _frame(self, number: int) -> Frame:
        if number >= len(self._frames):
            raise BadLog(f"{self._can_path}:{number + 1}: {self.path.name} announces a frame that is not there")
        return self._frames[number]


def event_of(said: Mapping[str, Any]) -> Event:
    """What the core was told. Raises `ValueError` for what is no event."""
    kind = _EVENTS.get(str(said.get(KIND)))
    if kind is None:
        raise ValueError(f"unknown event {said.get(KIND)!r}; known: {', '.join(_EVENTS)}")
    try:
        return kind.validate_python({key: value for key, value in said.items() if key != KIND})
    except ValidationError as error:
        raise ValueError(f"no {said[KIND]}: {error.errors()[0]['msg']}") from None


def error_of(said: Mapping[str, Any]) -> HalError | None:
    """Why a request has no answer; `None` where its asker was told to end."""
    kind = getattr(errors, str(said["error"]), None)
    if kind is DeviceRefused:
        return DeviceRefused(str(said["why"]), int(said["code"]))
    if isinstance(kind, type) and issubclass(kind, HalError):
        return kind(str(said["why"]))
    return None


def _lines(path: Path) -> list[str]:
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return whole.decode().split("\n") if whole else []
