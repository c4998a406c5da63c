"""How the frames of a wire log are written, and what belongs together of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hal.ports import Frame

TEXT_OF_A_FRAME: Final = 56
"""Bytes that a frame takes in a file, about: a line of candump."""


class CanFormat(StrEnum):
    """`candump`: lines of text, as can-utils' tools read them. `blf`: Vector's binary log format."""

    CANDUMP = "candump"
    BLF = "blf"

    @property
    def file(self) -> str:
        """Name of the file in the folder of a log."""
        return "can.log" if self is CanFormat.CANDUMP else "can.blf"


@dataclass(frozen=True, slots=True)
class CanBatch:
    """Frames of one link that were handed in or sent together. `wall_s`: seconds since 1970 UTC."""

    link: str
    frames: tuple[Frame, ...]
    wall_s: float
    sent: bool

    @property
    def size(self) -> int:
        """Bytes in a file, about."""
        return TEXT_OF_A_FRAME * len(self.frames)
