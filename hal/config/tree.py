"""Where configuration files are: search roots, parsing, and what was read (for the hash)."""

import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hal.config.mistakes import Book, Spot, nearest

SYSTEM_ROOT = Path("/etc/swapstation")


def default_roots() -> tuple[Path, ...]:
    """System, source tree beside the package, installed share; in this order."""
    source = Path(__file__).resolve().parents[2] / "config"
    return (SYSTEM_ROOT, source, Path(sys.prefix) / "share" / "swapstation")


@dataclass(slots=True)
class ConfigTree:
    """Files below some roots; the first root that has a file wins. Keeps the text of all that it read."""

    book: Book
    roots: Sequence[Path]
    texts: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, folder: str, name: str, suffix: str = ".toml") -> Path | None:
        """The file `<root>/<folder>/<name><suffix>` of the first root that has it."""
        if name.startswith("/") or ".." in Path(name).parts:
            return None
        for root in self.roots:
            path = root / folder / f"{name}{suffix}"
            if path.is_file():
                return path
        return None

    def names(self, folder: str, suffix: str = ".toml") -> tuple[str, ...]:
        """All names that `find` would find."""
        return tuple(sorted(set(self._names(folder, suffix))))

    def _names(self, folder: str, suffix: str) -> Iterator[str]:
        for root in self.roots:
            base = root / folder
            for path in base.rglob(f"*{suffix}"):
                if path.stem != "TEMPLATE":
                    yield path.relative_to(base).as_posix().removesuffix(suffix)

    def missing(self, folder: str, name: str, spot: Spot, suffix: str = ".toml") -> None:
        """Note that there is no such file."""
        known = self.names(folder, suffix)
        spot.note(repr(name), f"a file in {folder}/: {', '.join(known) or 'none found'}", nearest(name, known))

    def text(self, path: Path) -> str | None:
        """The text of a file, remembered; None after noting that it cannot be read."""
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            Spot(self.book, str(path)).note(str(error), "a readable UTF-8 file")
            return None
        self.texts[str(path)] = content
        return content

    def table(self, path: Path) -> dict[str, Any] | None:
        """The parsed file, remembered; None after noting why it is no TOML."""
        content = self.text(path)
        if content is None:
            return None
        try:
            found = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            Spot(self.book, str(path)).note(str(error), "valid TOML")
            return None
        self.tables[str(path)] = found
        return found
