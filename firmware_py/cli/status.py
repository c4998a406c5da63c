"""`swapstation status`: what the station does now, for a person or a machine."""

import json
from typing import Any

import typer

from firmware_py.cli.asking import Json, Socket, Station, ask_station, in_mode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


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


def _lines(found: dict[str, Any]) -> list[str]:
    swap, locks = found["swap"], found["locks"]
    down = [f"{name} {state}" for name, state in found["links"].items() if state != "ready"]
    all_ready = f"all {len(found['links'])} ready"
    proven = {True: "all proven locked", False: "not all locked", None: "second channel unknown"}[locks["all_proven"]]
    lines = [
        f"station  {found['station']}: {found['packml']}{in_mode(found)}{'' if found['ready'] else ', not ready yet'}",
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
    lines += [f"reserved {_reserved(one)}" for one in found["reservations"]]
    lines += [f"operator {act['action']} {_answered(act)}"] if act else []
    lines += [f"next     {found['next']}"] if found["next"] else []
    if found["clock_source"] == "none":
        lines += ["clock    nobody is known to set it: commands do not expire by it, records say so"]
    return [*lines, f"unproven {', '.join(unproven)}: never run on hardware"] if unproven else lines


def _reserved(one: dict[str, Any]) -> str:
    pack = f", pack {one['serial']} of bay {one['bay']}" if one["serial"] else ""
    left = f", {_ago(one['left_s'])} left" if one["left_s"] else ""
    return f"{one['reservation']} {one['stage']}{pack}{left}{': ' if one['reason'] else ''}{one['reason']}"


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
