"""`reset`, `hold`, `resume`, `abort`, `clear`: the operator's words to a running station."""

from collections.abc import Callable
from typing import Final

import typer

from firmware_py.cli.asking import Json, Socket, Station, Why, Yes, ask_station, do_act, show_answer

HOLD: Final = """Stop all motion and keep the swap: Execute -> Held.

    Everything stays where it is. Go on by `resume`, or give the order up by `abort`.

    \b
    Example:
      swapstation hold --why "driver came back to the car"
    """
ACTS: Final = {
    "reset": """Stopped -> Idle: the station takes orders from now on.

    Needs a closed safety chain and a fresh reading of every device; see `status` where it does not get to Idle.

    \b
    Example:
      swapstation reset choco-14 --why "morning check done"
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
    app.command("hold", help=HOLD)(hold)
    for action, text in ACTS.items():
        app.command(action, help=text)(_act(action))


def hold(
    station: Station = None, socket: Socket = None, why: Why = "", as_json: Json = False, yes: Yes = False
) -> None:
    """Never asks first, `--yes` or not: to stop must be quick."""
    del yes
    answer = ask_station(station, socket, {"action": "hold", "why": why}, check=False)
    show_answer("hold", answer, as_json=as_json)


def _act(action: str) -> Callable[..., None]:
    def act(
        station: Station = None, socket: Socket = None, why: Why = "", as_json: Json = False, yes: Yes = False
    ) -> None:
        do_act(station, socket, {"action": action, "why": why}, as_json=as_json, yes=yes)

    return act
