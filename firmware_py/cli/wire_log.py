"""`swapstation wire-log`: what passes the wires of a station, into files."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.asking import not_for_you
from firmware_py.cli.run_station import Config, load
from firmware_py.cli.tools import CanOption, Json, Links, Name, overlay_hint, run_until_told
from firmware_py.shell.wirelog.kinds import CanFormat

if TYPE_CHECKING:
    from hal.config.bundle import Station

_MARGIN_S: Final = 8.0
"""How much later than its end a log may be answered."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("wire-log", no_args_is_help=True)(wire_log)


def wire_log(
    station: Name,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600.0, metavar="S", help="How long.")] = 10.0,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where to; left out: the station's folder for logs.")
    ] = None,
    can: CanOption = CanFormat.CANDUMP,
    links: Links = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Log what passes the wires of a running station: Modbus, MQTT and decisions as JSON lines, CAN as candump or BLF.

    Asks the controller, which writes the files; ended early by Ctrl-C. Where no controller runs on this machine it
    listens to CAN and MQTT alone: nobody else can hear a Modbus line. A log from the first byte on, which can be
    replayed, is what `run --wire-log DIR` writes.

    \b
    Examples:
      swapstation wire-log choco-14 --seconds 30 --can blf
      swapstation wire-log choco-14 --dir /tmp/log && jq 'select(.wire == "modbus")' /tmp/log/wires.jsonl
    """
    found = load(station, links, config)
    target = None if folder is None else folder.absolute()
    answer = _ask_controller(found, seconds, target, can) or _listen(
        found, seconds, target, can, overlay_hint(found, links)
    )
    if not answer["ok"]:
        exits.leave(exits.FAILED, answer["error"])
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        typer.echo(f"{answer['lines']} lines in {answer['dir']}{_lost(answer)}")


def _lost(answer: Mapping[str, Any]) -> str:
    dropped = f", {answer['dropped']} more are lost" if answer["dropped"] else ""
    return f"{dropped}; ended early: {answer['error']}" if answer["error"] else dropped


def _ask_controller(
    station: "Station", seconds: float, folder: Path | None, can: CanFormat
) -> Mapping[str, Any] | None:
    """What the running controller has written; `None` where none runs here."""
    from firmware_py.shell import places
    from firmware_py.shell.line_client import NobodyListens, ask_async

    path = places.find(station.name, places.CONTROL)
    request = {
        "action": "wire-log",
        "seconds": seconds,
        "can": can.value,
        **({} if folder is None else {"dir": str(folder)}),
    }

    async def talk() -> Mapping[str, Any]:
        return await ask_async(path, request, seconds + _MARGIN_S)

    if path.exists():
        typer.echo(f"the controller of {station.name} logs for {seconds:g} s", err=True)
    try:
        answer = run_until_told(talk)
        if answer is None:  # told to end early: have the controller close the log
            with suppress(NobodyListens, TimeoutError):
                run_until_told(lambda: ask_async(path, {"action": "wire-log", "stop": True}, _MARGIN_S))
            exits.leave(exits.FAILED, "ended early; the lines so far are kept")
    except NobodyListens as error:
        if denied := not_for_you(path, error):
            exits.leave(exits.UNAVAILABLE, denied)
        return None
    except TimeoutError as error:
        exits.leave(exits.UNAVAILABLE, error)
    return answer


def _listen(
    station: "Station", seconds: float, folder: Path | None, can: CanFormat, hint: tuple[str, ...]
) -> Mapping[str, Any]:
    """What can be heard on CAN and MQTT."""
    from firmware_py.shell.wirelog.files import LogTaken
    from firmware_py.shell.wirelog.session import folder_name, listen

    target = folder or Path(f"wire-log-{station.name}-{folder_name()}").absolute()
    typer.echo(f"no controller of {station.name} runs here: listening to CAN and MQTT for {seconds:g} s", err=True)
    for line in hint:
        typer.echo(line, err=True)
    try:
        heard = run_until_told(lambda: listen(station, target, seconds, can))
    except LogTaken as error:
        return {"ok": False, "error": str(error)}
    if heard is None:
        exits.leave(exits.FAILED, f"ended early; the lines so far are in {target}")
    return {"ok": True, **heard}
