"""`swapstation sim run`: scenarios, in virtual time or over the wires."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.tools import CanOption
from firmware_py.shell.wirelog.kinds import CanFormat

if TYPE_CHECKING:
    from sim.campaigns.scenario_result import Result
    from sim.scenario import Named


def register(app: typer.Typer, sim_app: typer.Typer) -> None:
    """Add `run` to the simulator's commands."""
    del app
    sim_app.command("run")(run)


def run(
    scenario: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="Name of a scenario, or a path that ends in .toml.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios, and end.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Serial numbers, jitter and the order of what is simultaneous.")] = 1,
    jitter: Annotated[float, typer.Option(min=0.0, max=0.3, help="Sigma of each move's time, as a share of it.")] = 0.0,
    wire: Annotated[bool, typer.Option("--wire", help="Over real sockets, with the controller as a process.")] = False,
    frames: Annotated[
        bool, typer.Option("--frames", help="In virtual time, with the real Modbus links over real frames.")
    ] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=4.0, help="With --wire: speed of motion and energy.")] = 1.0,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also the timeline of all that happened.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a run, for machines.")] = False,
    config: Annotated[
        list[Path] | None, typer.Option("--config", metavar="DIR", help="Look for scenarios here first.")
    ] = None,
    wire_log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Log its wires there, in virtual time: see `sim replay`.")
    ] = None,
    can: CanOption = CanFormat.CANDUMP,
) -> None:
    """Run a scenario on a simulated station and judge it. Exit code 0 only when everything was as expected.

    In virtual time a swap takes about a second, and the same seed gives the same digest.

    \b
    Examples:
      swapstation sim run --list
      swapstation sim run bolt-will-not-open
      swapstation sim run happy --seed 7 --json | jq .digest
      swapstation sim run estop-no-pack --wire --speed 4
      swapstation sim run modbus-device-gone --frames
    """
    if list_:
        _list(config or [], as_json=as_json)
        return
    if scenario is None:
        exits.leave(exits.USAGE, "which scenario? See `swapstation sim run --list`")
    if frames and wire:
        exits.leave(exits.USAGE, "--frames is for virtual time: on the wire there is nothing else")
    if speed != 1.0 and not wire:
        exits.leave(exits.USAGE, "--speed goes with --wire: virtual time needs none")
    if wire and wire_log is not None:
        exits.leave(exits.USAGE, "--wire-log is for virtual time; on the wire it is an option of `swapstation run`")
    from sim.scenario import runs_of

    runs = runs_of(_load(scenario, config or []))
    passed = []
    for each in runs:
        log = wire_log and (wire_log / each.name if len(runs) > 1 else wire_log)
        result = _run(each, seed, jitter, speed if wire else None, log, can, frames=frames)
        passed.append(_report(result, verbose, as_json, len(runs)))
    if not all(passed):
        raise typer.Exit(exits.FAILED)


def _report(result: "Result", verbose: bool, as_json: bool, of: int) -> bool:
    """Report one; of several only what failed is told at length. Returns whether it passed."""
    from sim.campaigns.scenario_report import one_line, print_report

    if as_json:
        typer.echo(json.dumps(result.as_json()))
    elif of > 1 and result.passed and not verbose:
        typer.echo(one_line(result))
    else:
        print_report(result, timeline=verbose or not result.passed)
    return result.passed


def _list(config: list[Path], *, as_json: bool) -> None:
    from sim.scenario import scenario_names

    found = [_load(name, config) for name in scenario_names(config)]
    if as_json:
        typer.echo(json.dumps([_described(named) for named in found]))
        return
    for named in found:
        told = _described(named)
        runs = f" ({len(told['runs'])} runs)" if len(told["runs"]) > 1 else ""
        typer.echo(f"{named.name:<32} {'*' if told['wire'] else ' '} {told['title']}{runs}")
        typer.echo(f"{'':<34} breaks: {', '.join(told['breaks']) or 'nothing'}")
        typer.echo(f"{'':<34} expected: {', '.join([*told['reaction'], *told['faults'], *told['outcomes']])}")
    typer.echo("* also run on the wire by the tests")


def _described(named: "Named") -> dict[str, Any]:
    """What a scenario teaches: what it breaks and which reaction is expected."""
    from sim.scenario import runs_of

    scenario = named.scenario
    return {
        "name": named.name,
        "title": scenario.title,
        "description": " ".join(scenario.description.split()),
        "station": scenario.station,
        "wire": scenario.wire,
        "breaks": list(named.breaks),
        "reaction": [reaction.value for reaction in scenario.expect.reaction],
        "faults": list(scenario.expect.faults),
        "outcomes": [order.outcome for order in scenario.expect.order],
        "runs": [run.name for run in runs_of(named)],
    }


def _load(name: str, config: list[Path]) -> "Named":
    from hal.errors import ConfigError
    from sim.scenario import load_scenario

    try:
        return load_scenario(name, config)
    except ConfigError as error:
        exits.leave(exits.CONFIG, *error.mistakes)


def _run(
    named: "Named",
    seed: int,
    jitter: float,
    speed: float | None,
    wire_log: Path | None,
    can: CanFormat,
    *,
    frames: bool,
) -> "Result":
    from firmware_py.shell.wirelog.files import LogTaken
    from hal.errors import ConfigError

    try:
        if speed is None:
            from sim.campaigns.scenario_run import run_virtual

            try:
                return run_virtual(named, seed, jitter=jitter, frames=frames, wire_log=wire_log, can=can)
            except LogTaken as error:
                exits.leave(exits.UNAVAILABLE, error)
        from sim.campaigns.wire_run import WireFailed, run_wire

        try:
            return run_wire(named, seed, speed=speed, jitter=jitter)
        except (WireFailed, OSError) as error:
            exits.leave(exits.UNAVAILABLE, f"cannot run: {error}")
    except ConfigError as error:
        exits.leave(exits.CONFIG, *error.mistakes)
