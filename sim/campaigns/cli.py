"""`swapstation sim ...`: the simulated station on real wires, and what may happen to it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.asking import ask_socket, locate, nobody
from firmware_py.cli.run_station import Config
from sim.campaigns import demo_cli, replay_cli, scenario_cli

HELP = """The simulated station: devices, cars and faults behind real Modbus, CAN and MQTT.

\b
Examples:
  swapstation sim serve choco-14
  swapstation sim car --order
  swapstation sim reserve
  swapstation sim fault bolt-stuck point=4
  swapstation sim fault bolt-stuck point=4 --clear
"""
Station = Annotated[
    str | None, typer.Option("--station", help="Which simulator, where more than one runs on this machine.")
]
Socket = Annotated[Path | None, typer.Option(metavar="PATH", help="Its socket, where it is not the usual one.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
Vin = Annotated[str | None, typer.Option(metavar="VIN", help="17 characters; left out: the next of a series.")]


def register(app: typer.Typer) -> None:
    """Entry point `swapstation.commands`: add `sim`, and what the other modules of this package offer."""
    sim_app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(sim_app, name="sim")
    sim_app.command("serve", no_args_is_help=True)(serve)
    sim_app.command("status")(status)
    sim_app.command("car")(car)
    sim_app.command("order")(order)
    sim_app.command("reserve")(reserve)
    sim_app.command("faults")(faults)
    sim_app.command("fault", no_args_is_help=True)(fault)
    scenario_cli.register(app, sim_app)
    replay_cli.register(app, sim_app)
    demo_cli.register(app, sim_app)


def serve(
    station: Annotated[str, typer.Argument(help="Name of a station file, or a path that ends in .toml.")],
    config: Config = None,
    links_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write the overlay for `run --links`.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Serial numbers and whatever else is left to chance.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=4.0, help="Speed of motion and energy, not of the wires.")] = 1.0,
    cars: Annotated[int, typer.Option(min=0, help="Cars that come by themselves and are ordered for.")] = 0,
    car_every: Annotated[float, typer.Option(min=1.0, metavar="S", help="Seconds between two of them.")] = 180.0,
    socket: Annotated[Path | None, typer.Option(metavar="PATH", help="Where `sim car`, `sim fault` ... ask.")] = None,
    as_json: Json = False,
) -> None:
    """Serve all devices of a station on this machine until SIGTERM or Ctrl-C.

    Ports are free ones of 127.0.0.1, the serial line is a pseudo terminal. It prints the command that runs the
    controller against them in a second terminal.

    \b
    Examples:
      swapstation sim serve choco-14
      swapstation sim serve choco-14 --speed 4 --cars 3
    """
    from sim.campaigns.serve_command import Wishes, run_serve

    run_serve(station, Wishes(config or [], links_out, seed, speed, cars, car_every, socket, as_json))


def status(station: Station = None, socket: Socket = None, as_json: Json = False) -> None:
    """Tell the truth of the simulated plant: cars, packs, and what the referee of physics saw."""
    found = _ask(station, socket, {"action": "status"})
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"station   {found['station']}, speed {found['speed']:g}, {found['plant_s']:.1f} s of plant time")
    waiting, left = len(found["queue"]), len(found["departed"])
    typer.echo(f"cars      lane: {found['lane'] or 'none'}; waiting: {waiting}; left: {left}")
    for place, serial in found["packs"].items():
        typer.echo(f"pack      {place:<8} {serial}")
    for breach in found["breaches"] or ["none"]:
        typer.echo(f"breaches  {breach}")


def car(
    vin: Vin = None,
    with_order: Annotated[bool, typer.Option("--order", help="Also publish the order for it.")] = False,
    station: Station = None,
    socket: Socket = None,
    as_json: Json = False,
) -> None:
    """A car arrives and waits outside the lane gate, its pack nearly empty.

    \b
    Examples:
      swapstation sim car --order
      swapstation sim car --vin LNAUTS0A0PX000042
    """
    answer = _ask(station, socket, {"action": "car", "vin": vin, "order": with_order})
    ordered = f", order {answer['order']['id']}: {_answered(answer)}" if with_order else ""
    typer.echo(json.dumps(answer) if as_json else f"car {answer['vin']} with pack {answer['serial']}{ordered}")


def order(vin: Vin = None, station: Station = None, socket: Socket = None, as_json: Json = False) -> None:
    """Publish an order as the cloud would, for the first car that waits or for a VIN.

    \b
    Example, an order for a car that never comes:
      swapstation sim order --vin LNAUTS0A0PX000099
    """
    answer = _ask(station, socket, {"action": "order", "vin": vin})
    sent = answer["order"]
    typer.echo(json.dumps(answer) if as_json else f"order {sent['id']} for {sent['vin']}: {_answered(answer)}")


def reserve(
    vin: Vin = None,
    hold_s: Annotated[
        float, typer.Option("--hold", min=1.0, metavar="S", help="Until its order must have come.")
    ] = 600,
    station: Station = None,
    socket: Socket = None,
    as_json: Json = False,
) -> None:
    """Ask the station to hold a pack, as the cloud would, for the next car that comes or for a VIN.

    The car's order then gets that pack, and no other car does; `swapstation status` shows what is reserved.

    \b
    Examples:
      swapstation sim reserve && swapstation sim car --order
      swapstation sim reserve --vin LNAUTS0A0PX000042 --hold 60
    """
    answer = _ask(station, socket, {"action": "reserve", "vin": vin, "hold_s": hold_s})
    wish = answer["reserve"]
    said = f"reservation {wish['id']} for {wish['vin']}, {wish['hold_s']:g} s: {_answered(answer)}"
    typer.echo(json.dumps(answer) if as_json else said)


def faults(station: Station = None, socket: Socket = None, as_json: Json = False) -> None:
    """List what can go wrong here, with the parameters of each fault and their values, and what stands now."""
    found = _ask(station, socket, {"action": "faults"})
    if as_json:
        typer.echo(json.dumps({"faults": found["faults"], "standing": found["standing"]}))
        return
    for line in found["lines"]:
        typer.echo(line)
    typer.echo(f"standing: {', '.join(found['standing']) or 'none'}")


def fault(
    name: Annotated[str, typer.Argument(help="Name of a fault, see `sim faults`.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Its parameters.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take it away again.")] = False,
    station: Station = None,
    socket: Socket = None,
    as_json: Json = False,
) -> None:
    """Make a fault real in the running simulator, or clear it.

    \b
    Examples:
      swapstation sim fault estop
      swapstation sim fault estop --clear
      swapstation sim fault safety-reset
      swapstation sim fault pack-hot place=bay-3 degc=58
    """
    values: dict[str, str] = {}
    for argument in arguments or []:
        key, equals, value = argument.partition("=")
        if not equals:
            exits.leave(exits.USAGE, f"{argument!r} is not KEY=VALUE; see `swapstation sim faults`")
        values[key] = value
    request = {"action": "fault", "name": name, "arguments": values, "clear": clear}
    answer = _ask(station, socket, request)
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        typer.echo(f"{answer['fault']}: {'cleared' if clear else 'injected'}")


def _answered(answer: dict[str, Any]) -> str:
    """The station's own words on what was sent to it."""
    said = answer["answer"]
    if said is None:
        return "no answer yet: does the controller run?"
    return f"{said['answer']}{', ' if said['reason'] else ''}{said['reason']}"


def _ask(station: str | None, socket: Path | None, request: dict[str, Any]) -> dict[str, Any]:
    from sim.campaigns.places import SOCKET

    name, path = locate(station, socket, SOCKET)
    known = name is not None or socket is not None
    hint = nobody("simulator", path, f"swapstation sim serve {name or 'STATION'}", known=known)
    return ask_socket(path, request, hint)
