"""`mode`, `step`, `jog`: work by hand with the key of the mode selector. Each says what will move before it does."""

import sys
from typing import Annotated, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.operate import Json, Socket, Why, ask_station, show_answer

MARGIN_S = 8.0
"""Beyond the time that the station itself allows."""

Of = Annotated[
    str | None,
    typer.Option("--station", metavar="NAME", help="Which one. May be left out where only one runs on this machine."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first. Needed where there is no terminal to ask on.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("mode", no_args_is_help=True)(mode)
    app.command("step")(step)
    app.command("jog", no_args_is_help=True, context_settings={"ignore_unknown_options": True})(jog)


def mode(
    name: Annotated[str, typer.Argument(metavar="MODE", help="production, maintenance or manual.")],
    station: Of = None,
    socket: Socket = None,
    why: Why = "",
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Change the mode of the station at rest: Production, Maintenance (a held swap by `step`), Manual (`jog`).

    Needs the key of the mode selector: turned to maintenance for the way in, turned back for the way to production.
    Outside Production no order is taken.

    \b
    Examples:
      swapstation mode manual --why "slot jammed"
      swapstation mode production
    """
    _do(station, socket, {"action": "mode", "mode": name, "why": why}, as_json=as_json, yes=yes)


def step(
    row: Annotated[str, typer.Argument(metavar="[ROW]", help="Which row, where several wait: see `status`.")] = "",
    station: Of = None,
    socket: Socket = None,
    why: Why = "",
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Let one row of a held swap go on, at reduced speed; then the swap is held again. Mode Maintenance only.

    \b
    Examples:
      swapstation step
      swapstation step 11 --why "slot is free again"
    """
    _do(station, socket, {"action": "step", "row": row, "why": why}, as_json=as_json, yes=yes)


def jog(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="lift, slot_in, slot_out, an actuator ...")],
    way: Annotated[str, typer.Argument(metavar="WAY", help="mm with their sign, or out, home, lock, unlock.")],
    points: Annotated[list[int] | None, typer.Argument(metavar="[POINT]...", help="Lock points, for locks.")] = None,
    station: Of = None,
    socket: Socket = None,
    why: Why = "",
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Move one device by one small step, at reduced speed, and wait until it is seen done. Mode Manual only.

    Axes: lift, slot_in, slot_out, by mm. Actuators: rods, pins, pin_lift, shutter, lane_gate: out, home.
    locks: lock, unlock with points. fork: home. Every move passes the interlocks of Production; `hold` stops it.

    \b
    Examples:
      swapstation jog lift +5
      swapstation jog slot_out -20 --yes
      swapstation jog shutter home
      swapstation jog locks unlock 3 4
    """
    request: dict[str, Any] = {"action": "jog", "device": device, "why": why}
    distance = _mm(way)
    request |= {"to": way} if distance is None else {"by_mm": distance}
    if points:
        request["points"] = points
    _do(station, socket, request, as_json=as_json, yes=yes)


def _mm(way: str) -> float | None:
    try:
        return float(way.removesuffix("mm"))
    except ValueError:
        return None


def _do(station: str | None, socket: Any, request: dict[str, Any], *, as_json: bool, yes: bool) -> None:
    told = ask_station(station, socket, {**request, "preview": True})
    if not yes:
        if not sys.stdin.isatty():
            exits.leave(exits.USAGE, f"{told['text']}: needs --yes where there is no terminal to ask on")
        typer.confirm(f"{told['text']}. Go on?", abort=True, err=True)
    answer = ask_station(station, socket, request, check=False, longest_s=told["longest_s"] + MARGIN_S)
    show_answer(request["action"], answer, as_json=as_json)
