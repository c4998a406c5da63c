"""What a product says it is: the table `identity` of a device file, read and judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from hal.codecs.blocks import Block
from hal.config.device import DeviceFile, IdentityMark


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a product tells of itself. With nothing expected it is told and not judged."""

    name: str
    block: Block
    expect: tuple[int | str, ...]
    text: bool

    def decode(self, words: Sequence[int]) -> int | str:
        """What it says: a number, or text up to its first NUL, two characters a word, the high byte first."""
        if not self.text:
            return words[0]
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.split(b"\0")[0].decode("ascii", "replace").strip()

    def encode(self, said: int | str) -> tuple[int, ...]:
        """Device side: the words that say it."""
        if isinstance(said, int):
            return (said,)
        raw = said.encode("ascii").ljust(2 * self.block.count, b"\0")
        return tuple(int.from_bytes(raw[k : k + 2], "big") for k in range(0, 2 * self.block.count, 2))

    def why_not(self, words: Sequence[int]) -> str:
        """What was expected against what was seen; empty where it fits. Text fits when it begins as expected."""
        said = self.decode(words)
        fits = said in self.expect or any(isinstance(e, str) and str(said).startswith(e) for e in self.expect)
        return "" if fits or not self.expect else f"{self.name} is {said!r}, {self.wanted}"

    @property
    def wanted(self) -> str:
        """What is expected, for a person."""
        return f"expected {' or '.join(repr(each) + (' ...' if self.text else '') for each in self.expect)}"


def marks_of(device: DeviceFile) -> tuple[Mark, ...]:
    """All marks of a product, in the order of its file. Empty where it cannot tell."""
    return tuple(_mark(name, entry) for name, entry in device.identity.items())


def _mark(name: str, entry: IdentityMark) -> Mark:
    return Mark(name, Block(entry.table, entry.address, entry.words), entry.expect, entry.type == "text")
