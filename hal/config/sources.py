"""Where the values of a station stand: its files with their text, and the line of each key."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.-]+|\"[^\"]+\")\s*=")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')

Keys = tuple[str, ...]


@dataclass(frozen=True)
class SourceFile:
    """One file as it was read. `label` is its name within the station."""

    label: str
    path: Path
    text: str

    @cached_property
    def table(self) -> dict[str, Any]:
        """Its content, parsed."""
        return tomllib.loads(self.text)

    def has(self, keys: Sequence[str]) -> bool:
        """True when the file itself says something at these keys."""
        here: Any = self.table
        for key in keys:
            if not isinstance(here, Mapping) or key not in here:
                return False
            here = here[key]
        return True

    def line(self, keys: Sequence[str]) -> int:
        """Number of the line that sets these keys: their own, or that of the table which they stand in."""
        return self._nearest(keys)[0]

    def comment(self, keys: Sequence[str]) -> str:
        """What is written behind the value on its line."""
        return self._nearest(keys)[1]

    def _nearest(self, keys: Sequence[str]) -> tuple[int, str]:
        for length in range(len(keys), 0, -1):
            found = self._spots.get(tuple(keys[:length]))
            if found is not None:
                return found
        return 1, ""

    @cached_property
    def _spots(self) -> dict[Keys, tuple[int, str]]:
        return dict(_spots(self.text))


@dataclass(frozen=True)
class Sources:
    """Every file behind a loaded station. `devices`, `packs`, `vehicles`, `chargers` by their names there."""

    station: SourceFile
    like: SourceFile
    """Where the sections stand that a bench leaves out; the station file itself for all others."""
    overlay: SourceFile | None
    devices: Mapping[str, SourceFile]
    packs: Mapping[str, SourceFile]
    vehicles: Mapping[str, SourceFile]
    chargers: Mapping[str, SourceFile]

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """All of them."""
        parts = (self.devices.values(), self.packs.values(), self.vehicles.values(), self.chargers.values())
        over = () if self.overlay is None else (self.overlay,)
        like = () if self.like is self.station else (self.like,)
        return (self.station, *like, *over, *(file for part in parts for file in part))


def _spots(text: str) -> Iterator[tuple[Keys, tuple[int, str]]]:
    """Keys with the number and the comment of their line. A key inside an inline table has none of its own."""
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        bare = _STRING.sub(lambda found: "_" * len(found[0]), line)
        comment = bare.partition("#")[2] and line[bare.index("#") + 1 :].strip()
        if found := _TABLE.match(line):
            table = _parts(found[1])
            yield table, (number, comment)
        elif found := _KEY.match(line):
            yield (*table, *_parts(found[1])), (number, comment)


def _parts(dotted: str) -> Keys:
    if dotted.startswith('"'):
        return (dotted.strip('"'),)
    return tuple(part.strip().strip('"') for part in dotted.split("."))
