"""All commands in one app; the simulator's come in by entry point and are never imported from here."""

import sys
from importlib.metadata import entry_points
from typing import Annotated, Any, Final

import typer

from firmware_py.cli import (
    by_hand,
    check,
    db,
    diagram,
    exits,
    explain,
    install_service,
    operate,
    probe,
    read,
    run_station,
    status,
    watch,
    wire_log,
)

GROUP: Final = "swapstation.commands"
_USAGE_ERROR: Final[type[Any]] = typer.BadParameter.__bases__[0]
"""The parent of all errors of usage; it has had several homes."""
HELP: Final = """Controller of an EV battery-swap station.

\b
Two terminals, no hardware:
  swapstation sim serve choco-14      simulated devices on real wires; prints the command for the other terminal
  swapstation run choco-14 --links FILE
\b
Then, beside it:
  swapstation reset                   Stopped -> Idle: takes orders from now on
  swapstation sim car --order         a car arrives, and an order for it
  swapstation status
  swapstation watch choco-14 --links FILE

\b
Exit codes: 0 done, 1 failed or refused, 64 usage, 69 nobody listens, 78 configuration.
"""


def _tell_version(wanted: bool) -> None:
    if wanted:
        from firmware_py.version import software

        typer.echo(software())
        raise typer.Exit


def build() -> typer.Typer:
    """The app with every command that is installed."""
    app = typer.Typer(
        name="swapstation",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback()(_common)
    for part in (
        run_station, status, operate, by_hand, watch, check, explain, probe, read, wire_log, db, diagram,
        install_service,
    ):  # fmt: skip
        part.register(app)
    for point in entry_points(group=GROUP):
        point.load()(app)
    return app


def _common(
    version: Annotated[  # the option acts by its callback
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the version, and end.")
    ] = False,
) -> None:
    """Options of the program itself."""
    del version


def run() -> None:
    """Parse, run, exit."""
    command = typer.main.get_command(build())
    try:
        sys.exit(command.main(prog_name="swapstation", standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(exits.FAILED)
    except _USAGE_ERROR as error:
        error.show()
        sys.exit(exits.USAGE)
