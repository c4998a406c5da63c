"""The file of frames beside `wires.jsonl`. What was added stays whole whatever ends the process."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

from firmware_py.shell.wirelog.kinds import CanBatch, CanFormat
from firmware_py.shell.wirelog.lines import candump
from hal.links.can_bus import BlfFile, blf_frames
from hal.ports import Frame

_CANDUMP: Final = re.compile(r"\(\d+\.\d+\) (\S+) ([0-9A-F]{3}|[0-9A-F]{8})#((?:[0-9A-F]{2}){0,8})(?: [RT])?")


class CanFile(Protocol):
    """A new file of frames. All of it blocks and may raise `OSError`."""

    def add(self, batches: Iterable[CanBatch]) -> None:
        """Append."""
        ...

    def close(self) -> None:
        """No more comes."""
        ...


class _Candump:
    def __init__(self, path: Path) -> None:
        self._file = create(path)

    def add(self, batches: Iterable[CanBatch]) -> None:
        write_all(self._file, b"".join(candump(b.link, b.frames, b.wall_s, sent=b.sent) for b in batches))

    def close(self) -> None:
        os.close(self._file)


class _Blf:
    """Its channels have numbers: place of the link in `channels`, from 1 on."""

    def __init__(self, path: Path, channels: Sequence[str]) -> None:
        os.close(create(path))
        self._file = BlfFile(path)
        self._channels = {name: number for number, name in enumerate(channels, start=1)}

    def add(self, batches: Iterable[CanBatch]) -> None:
        self._file.add((b.wall_s, self._channels[b.link], b.sent, frame) for b in batches for frame in b.frames)

    def close(self) -> None:
        """Nothing is open between two additions."""


def new_can_file(folder: Path, kind: CanFormat, channels: Sequence[str]) -> CanFile:
    """Create it. `channels`: the CAN links of the station. Raises `OSError`, also where it is there."""
    path = folder / kind.file
    return _Candump(path) if kind is CanFormat.CANDUMP else _Blf(path, channels)


def frames_of(path: Path, kind: CanFormat) -> list[Frame]:
    """Every whole frame of a file, in order. Raises `OSError`, and `ValueError` where it is no such file."""
    if kind is CanFormat.BLF:
        return list(blf_frames(path))
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [_frame(line, number) for number, line in enumerate(whole.decode().split("\n") if whole else [], start=1)]


def _frame(line: str, number: int) -> Frame:
    found = _CANDUMP.fullmatch(line)
    if found is None:
        raise ValueError(f"{number}: {line!r} is no line of candump")
    can_id, data = found[2], bytes.fromhex(found[3])
    return Frame(int(can_id, 16), data, extended=len(can_id) == 8)


def create(path: Path) -> int:
    """A new file, whose writes go to its end."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)


def write_all(file: int, data: bytes) -> None:
    """Also where the system takes it in parts."""
    while data:
        data = data[os.write(file, data) :]
