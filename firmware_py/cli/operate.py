"""`status`, `reset`, `hold`, `resume`, `abort`, `clear`: the operator's words to a running station."""

import json
from collections.abc import Callable
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

ACTS: Final = {
    "reset": """Stopped -> Idle: the station takes orders from now on.

    Needs a closed safety chain and a fresh reading of every device; see `status` where it does not get to Idle.

    \b
    Example:
      swapstation reset choco-14 --why "morning check done"
    """,
    "hold": """Stop all motion and keep the swap: Execute -> Held.

    Everything stays where it is. Go on by `resume`, or give the order up by `abort`.

    \b
    Example:
      swapstation hold --why "driver came back to the car"
    """,
    "resume": """Go on with a held swap: Held -> Execute.

    Mend the cause first; after an e-stop the safety chain must have been reset by its own button.

    \b
    Example:
      swapstation resume --why "doors closed, lane looked at"
    """,
    "abort": """Give a held swap up by the way out that its step has.

    From the first unlock the only ways out lead to a pack that is locked and proven. Where there is none, it says so.

    \b
    Example:
      swapstation abort --why "pack damaged, driver keeps the old one"
    """,
    "clear": """Forget faults after a look by eye: Aborted -> Stopped.

    Also ends a swap that a restart of the controller has interrupted. Nothing moves by it.

    \b
    Example:
      swapstation clear --why "pack seen locked, car driven off by hand"
    """,
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    for action, text in ACTS.items():
        app.command(action, help=text)(_act(action))


def status(station: Station = None, socket: Socket = None, as_json: Json = False) -> None:
    """Tell what the station does now, its faults and what to do about them.

    \b
    Examples:
      swapstation status
      swapstation status choco-14 --json | jq .packml
    """
    found: dict[str, Any] = ask_station(station, socket, {"action": "status"})["status"]
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in _lines(found):
        typer.echo(line)


def _act(action: str) -> Callable[..., None]:
    def act(station: Station = None, socket: Socket = None, why: Why = "", as_json: Json = False) -> None:
        answer = ask_station(station, socket, {"action": action, "why": why}, check=False)
        show_answer(action, answer, as_json=as_json)

    return act


def show_answer(action: str, answer: dict[str, Any], *, as_json: bool) -> None:
    """Say what became of an act; exits with 1 where it was not done."""
    text = answer.get("error") or answer.get("reason")
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["ok"]:
        reason = f" ({text})" if text else ""
        typer.echo(f"{action} {answer['answer']}{reason}, station is {answer['packml']}{_mode(answer)}")
    else:
        exits.leave(exits.FAILED, f"{action} {answer.get('answer', 'refused')}: {text}")
    if not answer["ok"]:
        raise typer.Exit(exits.FAILED)


def _mode(found: dict[str, Any]) -> str:
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
    from firmware_py.shell.line_socket import NobodyListens, ask

    try:
        answer = ask(path, request, longest_s)
    except NobodyListens as error:
        if path.exists() and isinstance(error.__cause__, PermissionError):
            exits.leave(exits.UNAVAILABLE, f"{path} is not for you: ask to be in the group of the station")
        exits.leave(exits.UNAVAILABLE, hint)
    except TimeoutError as error:
        exits.leave(exits.UNAVAILABLE, error)
    if check and not answer["ok"]:
        exits.leave(exits.FAILED, answer["error"])
    return answer


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


def _lines(found: dict[str, Any]) -> list[str]:
    swap, locks = found["swap"], found["locks"]
    down = [f"{name} {state}" for name, state in found["links"].items() if state != "ready"]
    all_ready = f"all {len(found['links'])} ready"
    proven = {True: "all proven locked", False: "not all locked", None: "second channel unknown"}[locks["all_proven"]]
    lines = [
        f"station  {found['station']}: {found['packml']}{_mode(found)}{'' if found['ready'] else ', not ready yet'}",
        f"place    {found['place']}, {found['place_text']}",
        f"swap     {_swap(swap) if swap else 'none'}",
        *(f"row      {row['row']:<10} {row['title']} ({row['phase']})" for row in found["rows"]),
        f"locks    {proven}",
        f"safety   {_safety(found['safety'])}",
        f"links    {', '.join(down) or all_ready}",
    ]
    for fault in found["faults"]:
        lines += [
            f"fault    {fault['code']} {fault['device']}: {fault['text']}",
            f"         since {_ago(fault['age_s'])}{_times(fault['times'])}",
            f"         -> {fault['remedy']}",
        ]
    lines += [] if found["faults"] else ["faults   none"]
    order, act, unproven = found["order"], found["operator"], found["not_verified_on_hardware"]
    lines += [f"order    {order['order_id']} {_answered(order)}"] if order else []
    lines += [f"operator {act['action']} {_answered(act)}"] if act else []
    lines += [f"next     {found['next']}"] if found["next"] else []
    return [*lines, f"unproven {', '.join(unproven)}: never run on hardware"] if unproven else lines


def _answered(answer: dict[str, str]) -> str:
    return f"{answer['answer']}{': ' if answer['reason'] else ''}{answer['reason']}"


def _ago(age_s: float) -> str:
    """An age in the unit that a person thinks in."""
    for unit, seconds in (("h", 3600), ("min", 60)):
        if age_s >= seconds:
            return f"{age_s / seconds:.1f} {unit}"
    return f"{age_s:.0f} s"


def _times(times: int) -> str:
    return f", {times} times since the controller started" if times > 1 else ""


def _safety(safety: dict[str, Any]) -> str:
    chain = {True: "chain closed", False: "CHAIN OPEN", None: "chain unknown"}[safety["chain_ok"]]
    drives = {True: "drives enabled", False: "drives off", None: "drives unknown"}[safety["drives_enabled"]]
    return f"{chain}, {drives}"


def _swap(swap: dict[str, Any]) -> str:
    failure = f", failed: {swap['failure']}" if swap["failure"] else ""
    return f"{swap['swap_id']}, order {swap['order_id']}, pack {swap['serial_new']} of bay {swap['bay']}{failure}"
