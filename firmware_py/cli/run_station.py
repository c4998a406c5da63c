"""`swapstation run`: the controller of one station."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmware_py.cli import exits
from firmware_py.cli.tools import CanOption
from firmware_py.shell.wirelog.kinds import CanFormat

if TYPE_CHECKING:
    from hal.config.bundle import Station

Config = Annotated[
    list[Path] | None,
    typer.Option("--config", metavar="DIR", help="Look for configuration here first. May be given more than once."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", no_args_is_help=True)(run)


def run(
    station: Annotated[str, typer.Argument(help="Name of a station file, or a path that ends in .toml.")],
    config: Config = None,
    links: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Overlay whose [links] replace those of the station: where the devices are."),
    ] = None,
    state_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the journal is kept.")] = None,
    socket: Annotated[Path | None, typer.Option(metavar="PATH", help="Where the local control listens.")] = None,
    wire_log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Log all wires and decisions there, from the first byte on.")
    ] = None,
    can: CanOption = CanFormat.CANDUMP,
) -> None:
    """Run the controller of a station until SIGTERM or Ctrl-C.

    It starts Stopped and moves nothing before a reset. On its way out it stops all motion. Log lines go to stdout.

    \b
    Examples:
      swapstation run choco-14
      swapstation run choco-14 --links /etc/swapstation/links.toml
      swapstation run ./my/stations/north.toml --state-dir /var/lib/swapstation/north
    """
    import asyncio

    from firmware_py.shell import places
    from firmware_py.shell.assembly import run_station
    from firmware_py.shell.journal import JournalError
    from firmware_py.shell.logbook import start_logging
    from firmware_py.shell.socket_path import SocketTaken
    from firmware_py.shell.wirelog.files import LogTaken
    from hal.errors import ConfigError

    found = load(station, links, config)
    start_logging()
    try:
        control = socket or places.make_runtime_dir(found.name) / places.CONTROL
        state = state_dir or places.state_dir(found.name)
        state.mkdir(parents=True, exist_ok=True)
        asyncio.run(run_station(found, state_dir=state, control_socket=control, wire_log=wire_log, can=can))
    except ConfigError as error:
        exits.leave(exits.CONFIG, error)
    except (JournalError, LogTaken, SocketTaken) as error:
        exits.leave(exits.UNAVAILABLE, error)
    except OSError as error:
        exits.leave(exits.UNAVAILABLE, f"cannot start: {error}")


def load(station: str, links: Path | None, config: list[Path] | None) -> "Station":
    """The station, or exit 78 with every mistake."""
    from hal.config.loader import load_station
    from hal.errors import ConfigError

    try:
        return load_station(station, overlay=links, roots=config)
    except ConfigError as error:
        count = exits.mistakes(len(error.mistakes))
        exits.leave(exits.CONFIG, *error.mistakes, f"{count} in the configuration of {station}")
