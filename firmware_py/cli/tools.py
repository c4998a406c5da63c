"""What the commands beside a station share: whether it runs, how they are ended, and what they say where nobody is."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from firmware_py.cli import exits
from firmware_py.shell.wirelog.kinds import CanFormat
from hal.errors import ConfigError

if TYPE_CHECKING:
    from hal.config.bundle import Station

T = TypeVar("T")

Name = Annotated[str, typer.Argument(metavar="STATION", help="Name of a station file, or a path that ends in .toml.")]
Links = Annotated[
    Path | None, typer.Option("--links", metavar="OVERLAY", help="Overlay as given to `run --links`: where it all is.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON, for machines.")]
CanOption = Annotated[CanFormat, typer.Option("--can", help="How a wire log keeps the frames of CAN.")]
Anyway = Annotated[
    bool,
    typer.Option("--anyway", help="Also beside a running controller; its serial lines stay its own."),
]

_END: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ASK_S: Final = 2.0


def run_until_told(main: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
    """Run to the end, or to SIGINT, SIGTERM or SIGHUP: then everything is closed in good order and it gives `None`."""
    logging.getLogger().addHandler(logging.NullHandler())  # links log what is told here in other words

    async def guarded() -> T | None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        for number in _END:
            loop.add_signal_handler(number, lambda: None if task.cancelling() else task.cancel())
        try:
            return await main()
        except asyncio.CancelledError:
            return None

    wrong: list[Any] = []
    try:
        return asyncio.run(guarded())
    except* ConfigError as group:  # a credential that is not there is found when a link is made
        wrong = [mistake for error in _flat(group) for mistake in error.mistakes or (error,)]
    exits.leave(exits.CONFIG, *wrong)


def _flat(group: BaseExceptionGroup[ConfigError]) -> Iterator[ConfigError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flat(error)
        else:
            yield error


def refuse_beside_controller(station: "Station", command: str, *, anyway: bool) -> None:
    """Exit 69 where a controller of the station runs on this machine: two masters on one wire spoil each other's talk.

    One that does not answer, or whose socket is not for us, counts as running.
    """
    from firmware_py.shell import places
    from firmware_py.shell.line_client import NobodyListens, ask

    if anyway:
        return
    for folder in places.runtime_dirs(station.name):
        path = folder / places.CONTROL
        try:
            ask(path, {"action": "status"}, _ASK_S)
        except NobodyListens as error:
            if not isinstance(error.__cause__, PermissionError):
                continue
        except TimeoutError:
            pass  # it listens, so it is there
        exits.leave(
            exits.UNAVAILABLE,
            f"a controller of {station.name} runs ({path}): `{command}` would talk between its requests",
            f"see `swapstation status {station.name}`, stop it first, or insist by --anyway",
        )


def overlay_hint(station: "Station", links: Path | None) -> tuple[str, ...]:
    """A word on the simulator that serves here, where it is not the one that was asked."""
    from firmware_py.shell import places

    overlay = places.find(station.name, places.OVERLAY)
    if links is not None or not overlay.exists():
        return ()
    return (f"a simulator of {station.name} serves on this machine: --links {overlay}",)
