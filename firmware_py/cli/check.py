"""`swapstation check`: every mistake of a configuration file at once."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config

if TYPE_CHECKING:
    from hal.config.stop_path import StopPath


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", no_args_is_help=True)(check)


def check(
    file: Annotated[Path, typer.Argument(help="A station, device, pack, vehicle or charger file.")],
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Check a configuration file, and for a station all files that it names.

    Each mistake is told with its file, key, the value seen, what is allowed, and the nearest known word. For a good
    station it also says how long each stop may take when its line runs into a time-out. A file that nobody has
    run on hardware is warned of, once. Exit 0 where there is no mistake, 78 otherwise.

    \b
    Examples:
      swapstation check config/stations/choco-14.toml
      swapstation check config/devices/axis/leadshine-cs2rs.toml --json
    """
    from hal.config.loader import check_file, unproven

    mistakes = check_file(file, roots=config)
    stops, absent = ((), ()) if mistakes else _of_station(file, config)
    never_run = () if mistakes else unproven(file, roots=config)
    if as_json:
        found = {
            "ok": not mistakes,
            "mistakes": [asdict(m) for m in mistakes],
            "stops": [asdict(s) for s in stops],
            "absent": absent,
            "not_verified_on_hardware": never_run,
        }
        typer.echo(json.dumps(found))
    else:
        for mistake in mistakes:
            typer.echo(str(mistake))
        typer.echo(f"{file}: {exits.mistakes(len(mistakes)) if mistakes else 'good'}")
        if absent:
            typer.echo(f"  a bench without {', '.join(absent)}: it gives no service")
        for stop in stops:
            ways = f"out within {stop.leaves_s:.3f} s, run-enable dropped behind it within {stop.enable_s:.3f} s"
            typer.echo(f"  stop of {stop.device} ({stop.unit}): {ways}")
        for name in never_run:
            typer.echo(f"  warning: {name}: not verified on hardware")
    if mistakes:
        raise typer.Exit(exits.CONFIG)


def _of_station(file: Path, config: list[Path] | None) -> "tuple[tuple[StopPath, ...], tuple[str, ...]]":
    """The bounds of a station's stops, and the devices that a bench lacks; nothing for any other file."""
    from hal.config.loader import load_station
    from hal.config.stop_path import stop_paths
    from hal.errors import ConfigError

    try:
        station = load_station(str(file), roots=config)
    except ConfigError:
        return (), ()
    return stop_paths(station.units, station.devices, station.config.links), station.absent
