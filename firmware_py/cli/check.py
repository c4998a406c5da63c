"""`swapstation check`: every mistake of a configuration file at once."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", no_args_is_help=True)(check)


def check(
    file: Annotated[Path, typer.Argument(help="A station, device, pack or vehicle file.")],
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Check a configuration file, and for a station all files that it names.

    Each mistake is told with its file, key, the value seen, what is allowed, and the nearest known word. Exit 0 where
    there is none, 78 otherwise.

    \b
    Examples:
      swapstation check config/stations/choco-14.toml
      swapstation check config/devices/axis/leadshine-cs2rs.toml --json
    """
    from hal.config.loader import check_file

    mistakes = check_file(file, roots=config)
    if as_json:
        typer.echo(json.dumps({"ok": not mistakes, "mistakes": [asdict(m) for m in mistakes]}))
    else:
        for mistake in mistakes:
            typer.echo(str(mistake))
        typer.echo(f"{file}: {exits.mistakes(len(mistakes)) if mistakes else 'good'}")
    if mistakes:
        raise typer.Exit(exits.CONFIG)
