"""`swapstation probe`: who answers on every wire of a station, before its controller runs."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config, load
from firmware_py.cli.tools import Anyway, Json, Links, Name, overlay_hint, refuse_beside_controller, run_until_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_py.shell.probe import Wire
    from hal.config.bundle import Station


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probe", no_args_is_help=True)(probe)


def probe(
    station: Name, links: Links = None, config: Config = None, anyway: Anyway = False, as_json: Json = False
) -> None:
    """Ask every unit, listen on every CAN channel, connect to the broker; tell who is there and how fast.

    It reads and listens, and never writes: nothing can move by it. A unit that tells what it is, is named. It refuses
    beside a running controller of the station. Exit 0 where all answer, 1 where some do not. A lane without a car and
    an empty bay are no failure; a rack without a single pack is one.

    \b
    Examples:
      swapstation probe choco-14
      swapstation probe choco-14 --links /etc/swapstation/links.toml --json
    """
    from firmware_py.shell.probe import probe_station

    found = load(station, links, config)
    refuse_beside_controller(found, "probe", anyway=anyway)
    context, told = _progress()
    with context:
        wires = run_until_told(lambda: probe_station(found, told))
    if wires is None:
        exits.leave(exits.FAILED, "interrupted")
    good = all(wire.all_answer for wire in wires)
    if as_json:
        typer.echo(json.dumps({"station": found.name, "ok": good, "wires": [_told(found, wire) for wire in wires]}))
    else:
        for line in _lines(found, wires):
            typer.echo(line)
    if not good:
        exits.leave(exits.FAILED, *overlay_hint(found, links))


def _progress() -> "tuple[AbstractContextManager[Any], Callable[[str], None]]":
    """A line that changes on a terminal, lines elsewhere; on stderr."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return nullcontext(), lambda text: typer.echo(text, err=True)
    status = console.status("")
    return status, status.update


def _lines(station: "Station", wires: "tuple[Wire, ...]") -> Iterator[str]:
    width = max((len(found.name) for wire in wires for found in wire.found), default=0)
    for wire in wires:
        yield f"{'✓' if wire.all_answer else '✗'} {wire.name:<12} {wire.kind} {wire.where}: {wire.text}"
        for found in wire.found:
            if found.name in station.units:
                unit = station.units[found.name]
                took = "" if found.p50_s is None else f", p50 {found.p50_s * 1000:.1f} ms, identity: {found.identity}"
                text = f"unit {unit.unit:<3} {unit.device.name:<24} {found.text}{took}"
            else:
                text = found.identity
            yield f"  {'✓' if found.good else '✗'} {found.name:<{width}} {text}"
    missing = [name for wire in wires for name in _missing(wire)]
    yield f"not good: {', '.join(missing)}" if missing else "all answer"


def _missing(wire: "Wire") -> list[str]:
    bad = [found.name for found in wire.found if not found.good]
    return bad if wire.good else [f"{wire.name} (wire)", *bad]


def _told(station: "Station", wire: "Wire") -> dict[str, Any]:
    whole = {**asdict(wire), "ok": wire.all_answer}
    for found in whole["found"]:
        unit = station.units.get(found["name"])
        if unit is not None:
            found |= {"unit": unit.unit, "device": unit.device.name}
        found["p50_ms"] = None if (p50_s := found.pop("p50_s")) is None else round(p50_s * 1000, 3)
    return whole
