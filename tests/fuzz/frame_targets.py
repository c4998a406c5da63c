"""CAN frames of packs, cars and charger modules: ids and lengths are right, counters, ranges and texts are wild."""

from functools import cache
from random import Random

from hal.codecs.frames import FrameCodec
from hal.codecs.module import LENGTH, ModuleCodec
from hal.config.files import Library
from hal.config.mistakes import Book
from hal.config.tree import ConfigTree
from hal.ports import Frame
from tests.fuzz.bytes_ import octets
from tests.golden.framing import CONFIG

STRANGE = 0.02
WRONG_LENGTH = 0.03
NODE = 3


@cache
def _codecs() -> dict[str, FrameCodec]:
    book = Book()
    library = Library(ConfigTree(book, (CONFIG,)))
    found: dict[str, FrameCodec] = {}
    for folder, read in (("packs", library.read_pack), ("vehicles", library.read_vehicle)):
        for path in sorted((CONFIG / folder).glob("*.toml")):
            if path.stem != "TEMPLATE":
                sender = read(path, path.stem)
                assert sender is not None, book.entries
                found[path.stem] = FrameCodec(sender.can, sender.dbc_text, 0 if folder == "vehicles" else NODE)
    return found


def senders() -> tuple[str, ...]:
    """Names of all pack and vehicle files."""
    return tuple(_codecs())


class Frames:
    """Frames of one kind of pack or car."""

    def __init__(self, name: str) -> None:
        self._codec = _codecs()[name]
        self._last = [bytes(traffic.length) for traffic in self._codec.traffic]

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One frame. One that is refused leaves counters and half texts as they were."""
        codec = self._codec
        number = rng.randrange(len(codec.traffic))
        traffic = codec.traffic[number]
        data = octets(rng, self._last[number])
        can_id, extended, strange = traffic.can_id, traffic.extended, rng.random() < STRANGE
        if strange:
            can_id, extended = rng.getrandbits(29), rng.random() < 0.5
        wrong = rng.random() < WRONG_LENGTH
        if wrong:
            data = rng.randbytes(rng.randint(0, 8))
        before = (traffic.last_alive, [list(text.seen) for text in traffic.texts])
        refused_before = codec.rejected + codec.unknown
        codec.decode(Frame(can_id, data, extended))
        refused = codec.rejected + codec.unknown > refused_before
        if refused:
            assert before == (traffic.last_alive, [list(text.seen) for text in traffic.texts]), f"{can_id:X} changed it"
        else:
            self._last[number] = data if len(data) == traffic.length else bytes(traffic.length)
        if number == 0 and rng.random() < 0.001:
            codec.forget()
        return not strange and (len(data) == traffic.length or traffic.any_length), refused


class Module:
    """Answers of a charger module, and what it is asked."""

    def __init__(self) -> None:
        book = Book()
        library = Library(ConfigTree(book, (CONFIG,)))
        paths = [p for p in sorted((CONFIG / "chargers").glob("*.toml")) if p.stem != "TEMPLATE"]
        found = [kind for path in paths if (kind := library.read_charger(path, path.stem)) is not None]
        self._codecs = [ModuleCodec(kind, 2) for kind in found]
        self._ids = {codec: sorted(codec.ids) for codec in self._codecs}

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One frame in either direction."""
        codec = rng.choice(self._codecs)
        strange, wrong = rng.random() < STRANGE, rng.random() < WRONG_LENGTH
        data = octets(rng, bytes(LENGTH))[: rng.randrange(LENGTH) if wrong else LENGTH]
        if rng.random() < 0.3:
            request = codec.request(rng.choice(list(codec.kind.reads)))
            asked = codec.decode_request(Frame(rng.getrandbits(29) if strange else request.can_id, data))
            return not strange and not wrong, asked is None
        can_id = rng.getrandbits(29) if strange else rng.choice(self._ids[codec])
        answer = codec.decode(Frame(can_id, data))
        if answer is not None:
            codec.refusal(answer)
        return not strange and not wrong, answer is None
