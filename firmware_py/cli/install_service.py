"""`swapstation install-service`: the files that make a station a service of the system."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config, load
from firmware_py.cli.tools import Name

if TYPE_CHECKING:
    from firmware_py.shell.installation import Planned

_HIDDEN: Final = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))
"""What the unit's ProtectHome= and PrivateTmp= keep from the service."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("install-service", no_args_is_help=True)(install_service)


def install_service(
    station: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files, write nothing.")] = False,
    root: Annotated[Path, typer.Option(metavar="DIR", help="Of the system to write to, such as an image.")] = Path("/"),
    program: Annotated[
        Path | None, typer.Option(metavar="PATH", help="What the service starts; left out: this program.")
    ] = None,
    config: Config = None,
) -> None:
    """Write the files that make a station a service: unit, user and groups, udev rules, CAN interfaces, credentials.

    Nothing is started and no command is run: those that follow are printed. Safe to repeat. A file that somebody else
    wrote is left as it is and named, with exit code 1. Needs root, but for --dry-run.

    \b
    Examples:
      swapstation install-service choco-14 --dry-run
      sudo /opt/swapstation/bin/swapstation install-service choco-14
    """
    from firmware_py.shell.installation import next_steps, plan

    found = load(station, None, config)
    start = (program or Path(sys.argv[0])).absolute()
    try:
        files = plan(found, start)
        foreign = _dry(files, root) if dry_run else _write(files, root)
    except PermissionError as error:
        exits.leave(exits.UNAVAILABLE, f"cannot write {error.filename}: run it as root, or look first by --dry-run")
    except OSError as error:
        exits.leave(exits.UNAVAILABLE, f"{error.filename}: {error.strerror}")
    _warn(start, found.name, root)
    typer.echo("then:")
    for command in next_steps(found, files):
        typer.echo(f"  {command}")
    if foreign:
        exits.leave(exits.FAILED, *(f"{path} was not written by this command: merge by hand" for path in foreign))


def _dry(files: "tuple[Planned, ...]", root: Path) -> list[Path]:
    from firmware_py.shell.installation import Verdict, at

    for file in files:
        verdict = file.verdict(root)
        typer.echo(f"{at(root, file.path)}: {verdict.value}")
        if verdict is not Verdict.SAME:
            typer.echo("".join(f"  | {line}\n" for line in file.text.splitlines()))
    return [file.path for file in files if file.verdict(root) is Verdict.FOREIGN]


def _write(files: "tuple[Planned, ...]", root: Path) -> list[Path]:
    from firmware_py.shell.installation import Verdict, at

    foreign = []
    for file in files:
        verdict = file.verdict(root)
        if verdict in {Verdict.NEW, Verdict.CHANGED}:
            file.write(root)
        elif verdict is Verdict.FOREIGN:
            foreign.append(file.path)
        typer.echo(f"{at(root, file.path)}: {verdict.value}")
    return foreign


def _warn(program: Path, name: str, root: Path) -> None:
    if any(program.is_relative_to(folder) for folder in _HIDDEN):
        typer.echo(f"warning: the service cannot see {program}: install the program below /opt", err=True)
    if not (root / f"etc/swapstation/stations/{name}.toml").exists():
        typer.echo(
            f"note: no /etc/swapstation/stations/{name}.toml: the service runs the file that came along", err=True
        )
