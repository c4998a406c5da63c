"""Commands from the cloud and station files: the syntax is right, values are of wrong type, range or name."""

import json
import re
import tomllib
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from firmware_py.shell.command_desk import id_in, parsed
from firmware_py.shell.journal import canonical
from hal.config import loader
from hal.config.bundle import Station
from hal.config.draft import read_draft
from hal.config.files import Library
from hal.config.mistakes import Book, Spot
from hal.config.tree import ConfigTree
from hal.contract import Command
from tests.golden.framing import CONFIG

BROKEN: Final = 0.04
WILD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**63, 2**64, -(2**70), 1e308, -0.0, 1.5, "", " ", "x", "x" * 65, "x" * 5000),
    *(
        "\0",
        "\ud83d\ude00",
        "\ud800",
        "x\x1b[2J",
        "a\nb",
        "\u202e",
        "LNBSCUAK0PR000001",
        "aion-ut",
        [],
        [1],
        {},
        {"a": {}},
        "1",
        "null",
        "٣",
        "../../etc",
    ),
)
ORDER: Final = {
    "id": "order-1",
    "issued_at": 1_767_225_600_000,
    "expires_at": 1_767_225_660_000,
    "vin": "LNBSCUAK0PR000001",
    "vehicle": "aion-ut",
    "pack_class": "choco-25",
    "target": "site/station",
    "challenge": "boot:1",
}


ACT: Final = {
    **{key: ORDER[key] for key in ("id", "issued_at", "expires_at", "target", "challenge")},
    "who": "anna",
    "why": "car gone, Spur frei \u00fc",
}


class Commands:
    """Messages on the topic of a command: one, or a line of text on why it is none. Nothing is raised."""

    def __init__(self, model: type[Command], good: Mapping[str, Any]) -> None:
        self._model = model
        self._good = good

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One message with wild values, missing and strange keys."""
        body: dict[str, Any] = dict(self._good)
        for _ in range(rng.randint(1, 3)):
            draw, key = rng.random(), rng.choice(list(self._good))
            if draw < 0.75:
                body[key] = rng.choice(WILD)
            elif draw < 0.9:
                body.pop(key, None)
            else:
                body[rng.choice(("mode", "Id", "", "vin ", "\x1b[2J", 5000 * "k", "\udfff"))] = rng.choice(WILD)
        payload = json.dumps(body, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        broken = rng.random() < BROKEN
        if broken:
            at = rng.randrange(len(payload))
            payload = payload[:at] + rng.randbytes(1) + payload[at + rng.randint(0, 2) :]
        found = parsed(self._model, payload)
        assert re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", id_in(payload))
        if isinstance(found, str):
            assert found.isprintable()
            assert 0 < len(found) < 1000
        else:
            assert canonical(found.model_dump()), "it can be kept"
            assert all(value.isprintable() for value in found.model_dump().values() if isinstance(value, str))
        return not broken, isinstance(found, str)


VALUE: Final = re.compile(r"(?<== )(\"[^\"\n]*\"|-?\d[\d_.]*(?:e-?\d+)?|true|false|\[[^\]\n]*\])")
LITERALS: Final = (
    *("0", "-1", "1", "2", "255", "65536", "1.5", "-0.5", "1e9", "inf", "-inf", "nan", "true", "false", '""', '"x"'),
    *('"lift"', '"choco-14"', '"\\u0000"', "[]", "[1]", '["a", "a"]', "{}", "{ a = 1 }", "1979-05-27", "07:32:00"),
    *("9223372036854775807", '"left"', '"modbus-tcp"', '"192.0.2.300"', '"../x"', "0x10", "[[1], [2]]"),
)


class StationFiles:
    """A whole station with some values replaced: a station, or mistakes that are told. Nothing is raised."""

    def __init__(self) -> None:
        self._path = CONFIG / "stations" / "choco-14.toml"
        self._text = self._path.read_text(encoding="utf-8")
        self._spans = [match.span() for match in VALUE.finditer(self._text)]
        book = Book()
        spot = Spot(book, "station")
        self._known = Library(ConfigTree(book, (CONFIG,)))
        assert loader._check(read_draft(tomllib.loads(self._text), spot, {}, spot), self._known, book) is not None
        self._digest = self._files()

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One file with one to three values replaced by other literals."""
        spans = sorted(rng.sample(self._spans, rng.randint(1, 3)), reverse=True)
        text = self._text
        for begin, end in spans:
            text = text[:begin] + self._literal(rng, text[begin:end]) + text[end:]
        if rng.random() < BROKEN:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice("=[]\"'{}\0\n") + text[at + 1 :]
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return False, True
        found = self._load(raw)
        if rng.random() < 0.002:
            assert self._files() == self._digest, "a file that the station names was changed"
        return True, found is None

    @staticmethod
    def _literal(rng: Random, old: str) -> str:
        if rng.random() < 0.5 and re.fullmatch(r"-?\d+(\.\d+)?", old):
            return repr(float(old) * rng.choice((-1, 0, 0.5, 1.01, 2, 1000)))
        return rng.choice(LITERALS)

    def _files(self) -> str:
        known = self._known
        return repr((known.devices, known.packs, known.vehicles, known.chargers))

    def _load(self, raw: dict[str, Any]) -> Station | None:
        """The files that the station names are read once: they do not change."""
        book, known = Book(), self._known
        spot = Spot(book, "station")
        files = (dict(known.devices), dict(known.packs), dict(known.vehicles), dict(known.chargers))
        library = Library(ConfigTree(book, (CONFIG,)), *files)
        station = loader._check(read_draft(raw, spot, {}, spot), library, book)
        assert (station is None) is bool(book.entries)
        assert all(mistake.key and mistake.allowed for mistake in book.entries), book.entries
        return station
