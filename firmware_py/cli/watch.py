"""`swapstation watch`: the live screen of a running station, from its messages alone, by its socket or the broker."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.asking import ANSWER_S, Socket, not_for_you
from firmware_py.cli.run_station import Config, load
from firmware_py.cli.tools import Links, Name, overlay_hint, run_until_told

if TYPE_CHECKING:
    from firmware_py.screen.shows import Show
    from hal.config.bundle import Station

MARGIN_S: Final = 1.0


class NotHeard(Exception):
    """The broker cannot be reached, or the station's socket. The text says why."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", no_args_is_help=True)(watch)


def watch(station: Name, links: Links = None, config: Config = None, socket: Socket = None) -> None:
    """Show what a running station does: steps against their nominal times, locks, lift, bays, faults.

    On the machine of the station by its own socket, with or without an uplink; elsewhere, and with --links, over MQTT
    from the broker. It has no influence on the station. Plain lines where there is no terminal of at least 80 x 24.
    Ends with Ctrl-C.

    \b
    Examples:
      swapstation watch choco-14
      swapstation watch choco-14 --links /etc/swapstation/links.toml | tee swaps.log
    """
    from rich.console import Console

    from firmware_py.screen.shows import show_for
    from firmware_py.shell import places

    found = load(station, links, config)
    path = socket or (None if links else _near(places.find(found.name, places.CONTROL)))
    try:
        with show_for(Console()) as show:
            run_until_told(lambda: watch_station(found, show, path))
    except NotHeard as error:
        exits.leave(exits.UNAVAILABLE, error, *(overlay_hint(found, links) if path is None else ()))


def _near(path: Path) -> Path | None:
    """The socket of a station that runs on this machine. Exits where it is not for who asks."""
    from firmware_py.shell.line_client import NobodyListens, ask

    try:
        answer = ask(path, {"action": "status"}, ANSWER_S)
    except NobodyListens as error:
        if refused := not_for_you(path, error):
            exits.leave(exits.UNAVAILABLE, refused, "or watch by the broker: --links OVERLAY")
        return None
    except TimeoutError:
        return None
    if not answer["ok"]:
        exits.leave(exits.FAILED, answer["error"])
    return path


async def watch_station(station: "Station", show: "Show", path: Path | None = None) -> None:
    """Until it is cancelled; by the socket at `path`, else by the broker. Raises `NotHeard` where nothing is there."""
    from firmware_py.shell.asking import is_ready
    from firmware_py.shell.carriers import guest_link
    from firmware_py.shell.clock import system_wall_clock
    from firmware_py.shell.ear import Ear
    from firmware_py.shell.local_link import LocalLink
    from hal.config.links import MqttConfig
    from hal.ports import LinkState

    config = station.config.links[station.config.cloud.link]
    assert isinstance(config, MqttConfig)  # the loader has checked it
    link = guest_link(config, "watch") if path is None else LocalLink(path)
    far = "the broker" if path is None else "the station"
    ear = Ear(station.config.station.site, station.name, link, show, lambda: round(system_wall_clock() * 1000))

    def changed(state: LinkState) -> None:
        if state is LinkState.READY:
            show.say(f"listening to {station.name} at {link.name}")
        elif state is LinkState.DISCONNECTED and link.error:
            show.say(f"no connection to {far}: {link.error}")

    show.say(f"connecting to {link.name}")
    async with link:
        if not await is_ready(link, config.connect_timeout_s + MARGIN_S):
            raise NotHeard(f"{link.name}: no connection: {link.error or 'no answer'}")
        link.on_state(changed)
        changed(link.state)
        async with asyncio.TaskGroup() as group:
            group.create_task(ear.listen(), name="listen")
            group.create_task(ear.draw(), name="draw")
