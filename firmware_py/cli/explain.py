"""`swapstation explain`: the configuration that is in force, and where each value of it stands."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config

if TYPE_CHECKING:
    from hal.config.bundle import Station
    from hal.config.explain import Entry, Offer
    from hal.config.sources import Sources

BY_STEP: Final = ("profile", "limits", "retries")
_ROLE_WIDTH: Final = 20

_Row = tuple[str, str, "list[Entry]"]
"""Key, value, and the entries that the row shows."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", no_args_is_help=True)(explain)


def explain(
    station: Annotated[str, typer.Argument(help="Name of a station file, or a path that ends in .toml.")],
    links: Annotated[Path | None, typer.Option(metavar="OVERLAY", help="Overlay as given to `run --links`.")] = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Tell the configuration that is in force: each value with the file and line that it comes from.

    Marked are placeholders: values that nobody has published, or that a site must replace. Of each device file it
    counts the registers that no maker's manual confirms (confidence M), and of each role it names the unit behind it.

    \b
    Examples:
      swapstation explain choco-14
      swapstation explain choco-14 --links /etc/swapstation/links.toml
      swapstation explain choco-14 --json | jq '.values[] | select(.placeholder != "")'
    """
    from hal.config.loader import load_with_sources
    from hal.errors import ConfigError

    try:
        found, sources = load_with_sources(station, links, config)
    except ConfigError as error:
        count = exits.mistakes(len(error.mistakes))
        exits.leave(exits.CONFIG, *error.mistakes, f"{count} in the configuration of {station}")
    if as_json:
        typer.echo(json.dumps(_told(found, sources)))
        return
    for line in explained(found, sources):
        typer.echo(line)


def explained(station: "Station", sources: "Sources") -> Iterator[str]:
    """The lines for a person."""
    from hal.config.explain import entries, offers

    every = list(entries(station, sources))
    marked = sum(1 for entry in every if entry.placeholder)
    yield f"{station.name}: {station.config.station.title}, hash {station.hash[:12]}"
    yield f"{len(every)} values, {marked} of them placeholders"
    if station.unproven:
        yield f"not verified on hardware: {', '.join(station.unproven)}"
    yield from _files(station, sources)
    for section, group in groupby(every, key=lambda entry: entry.keys[0]):
        yield from ("", section)
        values = list(group)
        yield from _aligned(list(_by_step(values) if section in BY_STEP else _section(values)))
    for device, offered in groupby(offers(station), key=lambda offer: offer.device):
        yield from ("", f"roles of {device}")
        yield from map(_offer, offered)


def _files(station: "Station", sources: "Sources") -> Iterator[str]:
    from hal.config.explain import notes

    worth = {unit.device.name: notes(unit.device) for unit in station.units.values()}
    verified = {name: pack.pack.verified_on_hardware for name, pack in station.packs.items()}
    verified |= {name: charger.charger.verified_on_hardware for name, charger in station.chargers.items()}
    verified |= {name: vehicle.vehicle.verified_on_hardware for name, vehicle in station.vehicles.items()}
    yield from ("", "files")
    for file in sources.files:
        remarks = []
        if file.label in worth:
            note = worth[file.label]
            remarks += [] if note.verified_on_hardware else ["not verified on hardware"]
            remarks += [f"{len(note.doubtful)} of {note.registers} registers M"] if note.doubtful else []
        elif verified.get(file.label) is False:
            remarks.append("not verified on hardware")
        yield f"  {file.label:<24} {file.path}{'   ' if remarks else ''}{', '.join(remarks)}"


def _section(group: "list[Entry]") -> Iterator[_Row]:
    """One row a value; values of one line of the file together."""
    for (line, above), found in groupby(group, key=lambda e: ((e.origin, e.line), e.keys[:-1])):
        inline = list(found)
        if line[1] and len(inline) > 1:
            said = ", ".join(f"{entry.keys[-1]} = {_shown(entry.value)}" for entry in inline)
            yield ".".join(above[1:]), said, inline
        else:
            for entry in inline:
                yield ".".join(entry.keys[1:]), _shown(entry.value), [entry]


def _by_step(group: "list[Entry]") -> Iterator[_Row]:
    """Values of the twenty steps, in as few rows as their origins allow."""
    for _, found in groupby(group, key=lambda entry: entry.origin):
        steps = list(found)
        yield "by step", "  ".join(f"{entry.keys[-1]}: {_shown(entry.value)}" for entry in steps), steps


def _aligned(rows: list[_Row]) -> Iterator[str]:
    """Key, origin, value; below it why it is a placeholder."""
    origins = [f"{group[0].origin}:{group[0].line}" if group[0].line else group[0].origin for _, _, group in rows]
    key_width = max(len(key) for key, _, _ in rows)
    origin_width = max(map(len, origins))
    for (key, value, group), origin in zip(rows, origins, strict=True):
        yield f"  {key:<{key_width}}  {origin:<{origin_width}}  {value}"
        for reason in dict.fromkeys(entry.placeholder for entry in group if entry.placeholder):
            yield f"  {'':<{key_width}}  {'':<{origin_width}}  ^ PLACEHOLDER: {reason}"


def _offer(offer: "Offer") -> str:
    if not offer.unit:
        why = f": {offer.place}" if offer.place else ""
        return f"  {offer.role:<{_ROLE_WIDTH}} (nobody{why})"
    doubt = "   confidence M: prove it on the bench" if offer.confidence == "M" else ""
    return f"  {offer.role:<{_ROLE_WIDTH}} {offer.unit:<16} {offer.place}{doubt}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(station: "Station", sources: "Sources") -> dict[str, Any]:
    from hal.config.explain import entries, notes, offers

    files: Iterable[Any] = ({"label": file.label, "path": str(file.path)} for file in sources.files)
    devices = {unit.device.name: notes(unit.device) for unit in station.units.values()}
    return {
        "station": station.name,
        "hash": station.hash,
        "files": list(files),
        "values": [{**asdict(entry), "keys": ".".join(entry.keys)} for entry in entries(station, sources)],
        "devices": [asdict(note) for note in devices.values()],
        "not_verified_on_hardware": list(station.unproven),
        "roles": [asdict(offer) for offer in offers(station)],
    }
