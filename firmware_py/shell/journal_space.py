"""Room on the journal's disk: how much is free, and a reserve that is given up when there is none."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

MIB: Final = 2**20
GROW: Final = MIB
"""The reserve grows by so many bytes at a time, so that no commit waits long behind it."""


class Space(NamedTuple):
    """What a person must know of the disk. `low`: below the floor. `full`: it was full, the reserve is used up."""

    low: bool
    full: bool
    free_mib: int


def free_bytes(folder: Path) -> int:
    """Free for us on the file system of a folder. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Ballast:
    """A file of `size` bytes. Given up, it makes room; it comes back bit by bit when that leaves `floor` free."""

    def __init__(self, path: Path, size: int, floor: int, free: Callable[[Path], int] = free_bytes) -> None:
        self._path = path
        self._size = size
        self._floor = floor
        self._free = free
        self._given_up = False

    def release(self) -> bool:
        """Give the reserve up; False where there was none. Raises OSError."""
        self._given_up = True
        there = self._held() > 0
        self._path.unlink(missing_ok=True)
        return there

    def look(self) -> Space:
        """How things stand. Raises OSError."""
        free = self._free(self._path.parent)
        return Space(free < self._floor, self._given_up, free // MIB)

    def grow(self) -> bool:
        """A step towards the whole reserve, where there is room for it; True while there are more. Raises OSError."""
        held = self._held()
        missing = self._size - held
        if missing <= 0:
            self._given_up = False
            return False
        if self._free(self._path.parent) < self._floor + missing:
            return False
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.posix_fallocate(descriptor, held, min(GROW, missing))
        finally:
            os.close(descriptor)
        return True

    def _held(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
