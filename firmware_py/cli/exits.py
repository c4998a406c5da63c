"""Exit codes, of sysexits(3) where it has one, and the ways to leave with them."""

from typing import Final, NoReturn

import typer

FAILED: Final = 1
"""It was tried and did not succeed, or was refused."""
USAGE: Final = 64
UNAVAILABLE: Final = 69
"""Nobody listens, or what is needed is taken."""
CONFIG: Final = 78
"""Configuration files are wrong; every mistake was printed."""


def leave(code: int, *lines: object) -> NoReturn:
    """Say why on stderr, and end."""
    for line in lines:
        typer.echo(str(line), err=True)
    raise typer.Exit(code)


def mistakes(count: int) -> str:
    """`1 mistake`, `2 mistakes`."""
    return f"{count} mistake" if count == 1 else f"{count} mistakes"
