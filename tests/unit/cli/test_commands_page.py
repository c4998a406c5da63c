"""The page of commands names every command that there is, and none that is not."""

import re
from pathlib import Path

import typer

from firmware_py.cli.app import build

PAGE = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


def commands() -> set[str]:
    group = typer.main.get_command(build())
    found: set[str] = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {name} if inner is None else {f"{name} {each}" for each in inner}
    return found


def on_the_page() -> set[str]:
    """The first words of a row: one command, or several that share its prefix."""
    found: set[str] = set()
    for cell in re.findall(r"^\| (`.*?`) \|", PAGE.read_text(), re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        words = [word for word in first.split() if word.islower() and word != "swapstation"]
        prefix = words[:-1]
        found.add(" ".join(words))
        found |= {" ".join([*prefix, other]) for other in others}
    return found


def test_every_command_is_on_the_page() -> None:
    assert on_the_page() == commands()
