"""`swapstation demo`: see a whole swap on this machine."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import load

if TYPE_CHECKING:
    from firmware_py.screen.shows import Show
    from sim.campaigns.demo import Result, Wishes

INTERRUPTED = 130
_PICTURE_SIZE = (100, 32)


def register(app: typer.Typer, sim_app: typer.Typer) -> None:
    """Add the command `demo` to the app."""
    del sim_app
    app.command("demo")(demo)


def demo(
    station: Annotated[str, typer.Option(help="Name of a station file, or a path that ends in .toml.")] = "choco-14",
    speed: Annotated[float, typer.Option(min=0.1, max=4.0, help="Speed of motion and energy, not of the wires.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Serial numbers and whatever else is left to chance.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Only the result, as one JSON object.")] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture of the screen, from virtual time, and end.")
    ] = None,
) -> None:
    """One car, one swap: a simulated station and its controller, over real Modbus, CAN and MQTT on this machine.

    Takes about two minutes, half a minute at speed 4. Exit code 0 only for a swap whose record says that it was
    completed and that all lock points are proven; 1 otherwise, with the reason and the place of the logs.

    \b
    Examples:
      swapstation demo
      swapstation demo --speed 4
      swapstation demo --speed 4 --json | jq .duration_s
    """
    found = load(station, None, None)
    if svg is not None:
        from sim.campaigns.rehearsal import picture_of_swap

        svg.write_text(picture_of_swap(found, seed, *_PICTURE_SIZE), encoding="utf-8")
        return
    import shutil
    import tempfile

    from sim.campaigns.demo import Wishes

    folder = Path(tempfile.mkdtemp(prefix="swapstation-demo-"))
    _perform(Wishes(found, station, seed, speed, folder), as_json=as_json)
    shutil.rmtree(folder, ignore_errors=True)


def _perform(wishes: "Wishes", *, as_json: bool) -> None:
    import asyncio

    from rich.console import Console

    from firmware_py.screen.closing import closing, result
    from firmware_py.screen.shows import show_for
    from sim.campaigns.demo import DemoFailed, run_demo

    console = Console()
    show = show_for(console, silent=as_json)
    try:
        with show:
            done = asyncio.run(_unless_told(run_demo, wishes, show))
    except (DemoFailed, OSError) as error:
        _fail(str(error), wishes, as_json=as_json)
    except (asyncio.CancelledError, KeyboardInterrupt):
        exits.leave(INTERRUPTED, "interrupted; simulator and controller have ended", f"logs: {wishes.folder}")
    if as_json:
        whole = {"ok": True, "simulated": True, "station": wishes.name, "seed": wishes.seed, "speed": wishes.speed}
        typer.echo(json.dumps({**whole, **result(done.record, done.nominal_s, wishes.speed)}))
    else:
        console.print(closing(done.record, done.nominal_s, wishes.speed))
        console.print("[bold green]✓[/] one swap, completed, every lock point proven. All devices were simulated.")


async def _unless_told(run: Any, wishes: "Wishes", show: "Show") -> "Result":
    """Run; SIGINT, SIGTERM and SIGHUP cancel once, so that the children get their orderly end."""
    import asyncio
    import signal

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: None if task.cancelling() else task.cancel())
    done: Result = await run(wishes, show)
    return done


def _fail(reason: str, wishes: "Wishes", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ok": False, "simulated": True, "reason": reason, "logs": str(wishes.folder)}))
        raise typer.Exit(exits.FAILED)
    exits.leave(exits.FAILED, f"no swap: {reason}", f"logs: {wishes.folder}/simulator.log and controller.log")
