"""How commands ask a running station over its control socket, and what they say where it does not answer."""

import grp
import json
import pwd
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from firmware_py.cli import exits

ANSWER_S: Final = 8.0
"""The station itself gives up after 5 s."""

Station = Annotated[
    str | None, typer.Argument(help="Name of the station. May be left out where only one runs on this machine.")
]
Socket = Annotated[Path | None, typer.Option(metavar="PATH", help="Its control socket, where it is not the usual one.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Reason, kept in the journal with your user name.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first. Needed where there is no terminal to ask on.")]


def do_act(station: str | None, socket: Path | None, request: dict[str, Any], *, as_json: bool, yes: bool) -> None:
    """Have the station tell what would move, have the person confirm it, then ask for it."""
    told = ask_station(station, socket, {**request, "preview": True}, check=not yes)
    if not yes:
        request = _confirmed(request, told)
    longest_s = told.get("longest_s", 0.0) + ANSWER_S
    show_answer(
        request["action"], ask_station(station, socket, request, check=False, longest_s=longest_s), as_json=as_json
    )


def _confirmed(request: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if not sys.stdin.isatty():
        why = [] if request["why"] or not told["why_needed"] else ["--why", "TEXT"]
        line = shlex.join(["swapstation", *sys.argv[1:], *why, "--yes"])
        exits.leave(exits.USAGE, f"{told['text']}: needs --yes where there is no terminal to ask on: {line}")
    typer.echo(f"{request['action']}: {told['text']}.", err=True)
    if told["why_needed"] and not request["why"]:
        request = {**request, "why": typer.prompt("Why", err=True)}
    typer.confirm("Go on?", abort=True, err=True)
    if request["action"] == "jog":  # its text has readings in it
        return request
    return {**request, "confirmed": told["text"]}


def show_answer(action: str, answer: dict[str, Any], *, as_json: bool) -> None:
    """Say what became of an act; exits with 1 where it was not done."""
    text = answer.get("error") or answer.get("reason")
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["ok"]:
        reason = f" ({text})" if text else ""
        typer.echo(f"{action} {answer['answer']}{reason}, station is {answer['packml']}{in_mode(answer)}")
    else:
        exits.leave(exits.FAILED, f"{action} {answer.get('answer', 'refused')}: {text}")
    if not answer["ok"]:
        raise typer.Exit(exits.FAILED)


def in_mode(found: dict[str, Any]) -> str:
    """The mode, where it is not the usual one."""
    return "" if found["mode"] == "Production" else f" in mode {found['mode']}"


def ask_station(
    station: str | None,
    socket: Path | None,
    request: dict[str, Any],
    *,
    check: bool = True,
    longest_s: float = ANSWER_S,
) -> dict[str, Any]:
    """Send a request to the controller of a station; exits where nobody answers, and with `check` on an error."""
    from firmware_py.shell import places

    name, path = locate(station, socket, places.CONTROL)
    hint = nobody("station", path, f"swapstation run {name or 'STATION'}", known=name is not None or socket is not None)
    return ask_socket(path, request, hint, check=check, longest_s=longest_s)


def nobody(what: str, path: Path, command: str, *, known: bool) -> str:
    """What to say where nobody listens; `known`: it was said which one is meant."""
    where = f"no {what} listens at {path}" if known else f"no {what} runs on this machine"
    return f"{where}: start it with `{command}`"


def ask_socket(
    path: Path, request: dict[str, Any], hint: str, *, check: bool = True, longest_s: float = ANSWER_S
) -> dict[str, Any]:
    """Send a request to a socket. `hint` is said where nobody listens."""
    from firmware_py.shell.line_client import NobodyListens, ask

    try:
        answer = ask(path, request, longest_s)
    except NobodyListens as error:
        exits.leave(exits.UNAVAILABLE, not_for_you(path, error) or hint)
    except TimeoutError as error:
        exits.leave(exits.UNAVAILABLE, error)
    if check and not answer["ok"]:
        exits.leave(exits.FAILED, answer["error"])
    return answer


def not_for_you(path: Path, error: OSError) -> str:
    """Who may use a socket, and how to be one of them; empty where the error is another one."""
    if not isinstance(error.__cause__, PermissionError):
        return ""
    try:
        there = path.stat()
        owner, group = pwd.getpwuid(there.st_uid).pw_name, grp.getgrgid(there.st_gid).gr_name
    except (OSError, KeyError):
        return f"{path} is not for you: ask its owner, or root"
    way = f"`sudo usermod -aG {group} YOU`, then log in anew"
    return f"{path} is for root, {owner} and the group {group}: {way}; or use sudo"


def locate(station: str | None, socket: Path | None, name: str) -> tuple[str | None, Path]:
    """Station (where known) and path of its socket `name`; without either, that of the only one on this machine."""
    from firmware_py.shell import places

    if socket is not None:
        return station, socket
    if station is not None:
        stem = Path(station).stem if station.endswith(".toml") else station
        return stem, places.find(stem, name)
    running = places.running(name)
    if len(running) > 1:
        exits.leave(exits.USAGE, f"which station? {', '.join(sorted(running))} run on this machine")
    return next(iter(running.items()), (None, places.find("STATION", name)))
