"""`mode`, `step`, `jog`: work by hand with the key of the mode selector. Each says what will move before it does."""

from typing import Annotated, Any

import typer

from firmware_py.cli.asking import Json, Socket, Why, Yes, do_act

Of = Annotated[
    str | None,
    typer.Option("--station", metavar="NAME", help="Which one. May be left out where only one runs on this machine."),
]


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
    do_act(station, socket, {"action": "mode", "mode": name, "why": why}, as_json=as_json, yes=yes)


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
    do_act(station, socket, {"action": "step", "row": row, "why": why}, as_json=as_json, yes=yes)


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
    do_act(station, socket, request, as_json=as_json, yes=yes)


def _mm(way: str) -> float | None:
    try:
        return float(way.removesuffix("mm"))
    except ValueError:
        return None
