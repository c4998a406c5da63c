"""Golden CAN frames: typed by hand as `ID: bytes`, captured or computed from a map, never produced by our codec."""

from hal.codecs.frames import FrameCodec, PackCodec
from hal.codecs.values import Decoded
from hal.config.files import Library
from hal.config.mistakes import Book, Spot
from hal.config.pack import PackType
from hal.config.tree import ConfigTree
from hal.ports import Frame
from tests.golden.framing import CONFIG


def pack_file(name: str) -> PackType:
    book = Book()
    found = Library(ConfigTree(book, (CONFIG,))).pack(name, Spot(book, "test"))
    book.raise_if_any()
    assert found is not None
    return found


def frame(golden: str) -> Frame:
    """`351: 14 02` has an id of 11 bit, `0283F000: 43 FA` one of 29."""
    can_id, _, data = golden.partition(":")
    return Frame(int(can_id, 16), bytes.fromhex(data), extended=len(can_id) > 3)


def heard(codec: FrameCodec, *golden: str) -> Decoded:
    """All that these frames say, the last word on each role."""
    seen: Decoded = {}
    for text in golden:
        seen |= codec.decode(frame(text)) or {}
    return seen


def sent(codec: PackCodec, values: Decoded) -> dict[str, str]:
    """Every frame of the pack's side by its id, in hexadecimal."""
    return {f"{f.can_id:X}": f.data.hex(" ").upper() for f in codec.encode(values, 0)}
