"""`swapstation db`: the journal's file beside the controller."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.tools import Json

if TYPE_CHECKING:
    from firmware_py.shell.journal_tools import Report

Station = Annotated[str, typer.Argument(metavar="STATION", help="Name of the station.")]
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="Where its journal is, as given to `run`.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="db", help="The journal's file: check, export, back up, migrate, restore.", no_args_is_help=True
    )
    for command in (check, export, backup, migrate, restore):
        group.command(no_args_is_help=True)(command)
    app.add_typer(group)


def check(station: Station, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Look at every page and every row; exits with 1 where something is not whole. Changes nothing.

    \b
    Example:
      swapstation db check choco-14 --json | jq .open_swaps
    """
    from firmware_py.shell import journal_tools, places

    with _told():
        report = journal_tools.check(places.journal(station, state_dir))
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        typer.echo(_line(report))
        for problem in report.problems:
            typer.echo(f"problem: {problem}")
    if report.problems:
        raise typer.Exit(exits.FAILED)


def export(
    station: Station,
    after: Annotated[int, typer.Option(min=0, metavar="SEQ", help="Only rows behind this number.")] = 0,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Into a new file; left out: stdout.")] = None,
    state_dir: StateDir = None,
) -> None:
    """All rows as JSON lines, oldest first. May be done beside a running controller.

    \b
    Example:
      swapstation db export choco-14 | jq -c 'select(.kind == "fault-raised")'
    """
    from firmware_py.shell import journal_tools, places

    with _told():
        rows = journal_tools.export(places.journal(station, state_dir), after)
        if output is None:
            for row in rows:
                typer.echo(json.dumps(row, ensure_ascii=False))
            return
        with output.open("x", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def backup(
    station: Station,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new copy.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Copy the journal as it is between two commits, and check the copy. May be done beside a running controller.

    \b
    Example:
      swapstation db backup choco-14 /media/stick/choco-14.sqlite
    """
    from firmware_py.shell import journal_tools, places

    with _told():
        report = journal_tools.backup(places.journal(station, state_dir), file)
    _say({"file": str(file), **asdict(report)}, f"{file}: {_line(report)}", as_json=as_json)


def migrate(station: Station, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Bring the journal to the schema of this program. Stop the controller first, and take a backup.

    Refused while a swap is open: what it left must be read by the program that wrote it.

    \b
    Example:
      swapstation db backup choco-14 before.sqlite && swapstation db migrate choco-14
    """
    from firmware_py.shell import journal_tools, places

    with _told():
        path = places.journal(station, state_dir)
        if not path.is_file():
            exits.leave(exits.FAILED, f"there is no journal at {path}")
        reached = journal_tools.migrate(path)
    text = f"migrated to schema {reached[-1]}" if reached else "nothing to do: it has the schema of this program"
    _say({"file": str(path), "reached": reached}, f"{path}: {text}", as_json=as_json)


def restore(
    station: Station,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `db backup` has made.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the journal. Stop the controller first. The present file is kept beside it.

    What happened after the backup is not in it, so the next start is Held until a person has looked and cleared it.

    \b
    Example:
      swapstation db restore choco-14 /media/stick/choco-14.sqlite
    """
    from firmware_py.shell import journal_tools, places
    from firmware_py.shell.clock import system_wall_clock
    from firmware_py.shell.journal import Stamp

    path = places.journal(station, state_dir)
    with _told():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = journal_tools.restore(path, file, Stamp(0.0, system_wall_clock()))
    text = f"{path}: restored from {file}" + (f"; what was there is {aside}" if aside else "")
    _say({"file": str(path), "before": None if aside is None else str(aside)}, text, as_json=as_json)


@contextmanager
def _told() -> Iterator[None]:
    """Errors as a person wants them."""
    from firmware_py.shell.journal import JournalError, JournalTaken

    try:
        yield
    except JournalTaken as error:
        exits.leave(exits.UNAVAILABLE, error)
    except (JournalError, OSError) as error:
        exits.leave(exits.FAILED, error)


def _say(found: dict[str, Any], text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else text)


def _line(report: "Report") -> str:
    swaps = f"open: {', '.join(report.open_swaps)}" if report.open_swaps else "no open swap"
    whole = "not whole" if report.problems else "whole"
    return (
        f"{whole}, schema {report.schema}, {report.rows} rows ({report.first_seq} to {report.last_seq}), "
        f"{report.bytes / 2**20:.1f} MiB, {swaps}"
    )
