"""`swapstation read`: what one device, unit or pack says now, decoded and raw."""

import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config, load
from firmware_py.cli.tools import Anyway, Json, Links, Name, overlay_hint, refuse_beside_controller, run_until_told

if TYPE_CHECKING:
    from firmware_py.shell.look import Part
    from hal.config.bundle import Station

UNITS: Final = {
    "mm_s": "mm/s", "mm": "mm", "kg": "kg", "nm": "N·m", "deg": "°", "degc": "°C", "pct": "%",
    "v": "V", "a": "A", "s": "s",
}  # fmt: skip
"""End of a name -> unit of the value."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("read", no_args_is_help=True)(read)


def read(
    station: Name,
    name: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE_OR_UNIT", help="lift, lift_drive, car, packs, bay-3 ...; a wrong one lists all."
        ),
    ],
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.05, metavar="S", help="Seconds between two looks of --watch.")] = 1.0,
    raw: Annotated[bool, typer.Option("--raw", help="Also the words or frames that the values came from.")] = False,
    links: Links = None,
    config: Config = None,
    anyway: Anyway = False,
    as_json: Json = False,
) -> None:
    """Read a device, a unit, the car or a pack: values with their units and their age.

    It reads and listens, and never writes: nothing can move by it. Registers that change by being read are left out.
    It refuses beside a running controller of the station. Exit 0 where all of it answered, 1 where some did not.

    \b
    Examples:
      swapstation read choco-14 lift
      swapstation read choco-14 lift_drive --raw --watch
      swapstation read choco-14 packs --json | jq '.parts[].values.soc_pct.value'
    """
    from hal.config.mistakes import nearest

    found = load(station, links, config)
    known = _names(found)
    if name not in known:
        hint = f"; did you mean {near!r}?" if (near := nearest(name, known)) else ""
        exits.leave(exits.USAGE, f"{found.name} has no {name!r}{hint}", f"it has {', '.join(known)}")
    refuse_beside_controller(found, "read", anyway=anyway)
    show = _show_json if as_json else _Screen(raw=raw).show
    last = run_until_told(lambda: _run(found, name, every if watch else None, show))
    if not watch and (last is None or _failed(last)):
        exits.leave(exits.FAILED, *overlay_hint(found, links))


async def _run(station: "Station", name: str, every_s: float | None, show: Any) -> "tuple[Part, ...]":
    from firmware_py.shell.look import looks

    parts: tuple[Part, ...] = ()
    async with aclosing(looks(station, name, every_s or 0.0)) as seen:
        async for parts in seen:
            show(parts)
            if every_s is None:
                break
    return parts


def _failed(parts: "tuple[Part, ...]") -> bool:
    """Somebody who must be there did not answer, or nobody did."""
    return any(part.error and not part.optional for part in parts) or all(part.error for part in parts)


class _Screen:
    """On a terminal each look replaces the last one; elsewhere they follow each other."""

    def __init__(self, *, raw: bool) -> None:
        from rich.console import Console

        self._raw = raw
        self._again = Console().is_terminal
        self._looks = 0

    def show(self, parts: "tuple[Part, ...]") -> None:
        if self._looks:
            typer.echo("\x1b[H\x1b[2J" if self._again else "")
        self._looks += 1
        for line in lines_of(parts, raw=self._raw):
            typer.echo(line)


def lines_of(parts: "tuple[Part, ...]", *, raw: bool) -> Iterator[str]:
    """The lines for a person. A value that the device itself does not know is `unknown`."""
    for i, part in enumerate(parts):
        took = "" if part.took_s is None else f", {part.took_s * 1000:.1f} ms"
        age = "" if part.age_s is None else f", {part.age_s:.2f} s old"
        yield from ([""] if i else [])
        yield f"{part.name}  {part.where}{took}{age}"
        if part.error:
            yield f"  ! {part.error}"
        width = max(map(len, part.values), default=0)
        for name in sorted(part.values, key=lambda name: name in part.internal):
            words = f"   [{part.raw[name]}]" if raw and name in part.raw else ""
            inside = "   (internal)" if name in part.internal else ""
            yield f"  {name:<{width}}  {shown(part.values[name]):>10} {unit_of(name)}".rstrip() + inside + words
        for name, data in part.raw.items() if raw else ():
            if name not in part.values:
                yield f"  [{name}: {data}]"


def unit_of(name: str) -> str:
    """Unit of a value by the end of its name, empty where it has none."""
    ends = [end for end in UNITS if name.endswith(f"_{end}")]
    return UNITS[max(ends, key=len)] if ends else ""


def shown(value: Any) -> str:
    """One value for a person."""
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        return " ".join(shown(int(each) if isinstance(each, bool) else each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _show_json(parts: "tuple[Part, ...]") -> None:
    typer.echo(json.dumps({"parts": [_told(part) for part in parts]}))


def _told(part: "Part") -> dict[str, Any]:
    return {
        "name": part.name,
        "where": part.where,
        "error": part.error,
        "age_s": part.age_s,
        "took_s": part.took_s,
        "values": {name: {"value": value, "unit": unit_of(name)} for name, value in part.values.items()},
        "raw": {name: raw if isinstance(raw, str) else asdict(raw) for name, raw in part.raw.items()},
    }


def _names(station: "Station") -> tuple[str, ...]:
    from firmware_py.shell.look import names

    return names(station)
