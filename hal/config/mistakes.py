"""Collector of mistakes: all wrong entries of all files, each with the nearest known word."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from hal.errors import ConfigError, Mistake

SHOWN = 60
"""Characters of a seen value that a mistake shows."""


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word most like this one, or an empty text."""
    found = difflib.get_close_matches(str(word), sorted(set(known)), n=1, cutoff=0.6)
    return found[0] if found else ""


def show(value: object) -> str:
    """A seen value, short enough for one line."""
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


@dataclass(slots=True)
class Book:
    """Every mistake so far."""

    entries: list[Mistake] = field(default_factory=list)

    def raise_if_any(self) -> None:
        """Raise `ConfigError` with all of them."""
        if self.entries:
            raise ConfigError(mistakes=self.entries)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file at which mistakes can be noted; `spot / "key"` goes deeper."""

    book: Book
    file: str
    path: tuple[str, ...] = ()

    def __truediv__(self, key: object) -> "Spot":
        return Spot(self.book, self.file, (*self.path, str(key)))

    def note(self, value: str, allowed: str, hint: str = "") -> None:
        """Add one mistake here. `value` is what was seen, ready to print."""
        self.book.entries.append(Mistake(self.file, ".".join(self.path) or "(file)", value, allowed, hint))

    def unknown(self, word: object, known: Iterable[str], what: str) -> None:
        """Note a word that is none of the known ones."""
        words = sorted(set(known))
        listed = ", ".join(words) if words else "none"
        self.note(show(word), f"{what}: {listed}", nearest(word, words))


__all__ = ["Book", "ConfigError", "Mistake", "Spot", "nearest", "show"]
