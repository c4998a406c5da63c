"""`swapstation sim serve` as a process: ports, overlay file, socket, cars, and the words for the second terminal."""

import asyncio
import json
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import load
from firmware_py.shell import places
from firmware_py.shell.line_socket import LineServer
from firmware_py.shell.socket_path import SocketTaken
from hal.config.bundle import Station
from sim.campaigns.demand import Demand
from sim.campaigns.places import SOCKET
from sim.campaigns.serve import Served, serve_station
from sim.campaigns.simulator_control import SimulatorControl


@dataclass(frozen=True)
class Wishes:
    """Options of the command."""

    config: list[Path]
    links_out: Path | None
    seed: int
    speed: float
    cars: int
    car_every_s: float
    socket: Path | None
    as_json: bool


def run_serve(name: str, wishes: Wishes) -> None:
    """Serve until a signal. Leaves with an exit code where it cannot."""
    station = load(name, None, wishes.config)
    try:
        asyncio.run(_serve(name, station, wishes))
    except SocketTaken as error:
        exits.leave(exits.UNAVAILABLE, error)
    except OSError as error:
        exits.leave(exits.UNAVAILABLE, f"cannot serve: {error}")


async def _serve(name: str, station: Station, wishes: Wishes) -> None:
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(_stop_signals())
        served = await stack.enter_async_context(serve_station(station, wishes.seed, speed=wishes.speed))
        socket = wishes.socket or places.make_runtime_dir(station.name) / SOCKET
        await stack.enter_async_context(LineServer(socket, SimulatorControl(served).answer))
        overlay = wishes.links_out or places.make_runtime_dir(station.name) / places.OVERLAY
        stack.enter_context(_overlay_file(overlay, served.overlay))
        command = _run_command(name, overlay, wishes.config)
        typer.echo(_as_json(served, overlay, socket, command) if wishes.as_json else _as_text(served, wishes, command))
        async with asyncio.TaskGroup() as group:
            demand = Demand(served)
            tasks = [group.create_task(demand.arrive(wishes.cars, wishes.car_every_s), name="arrivals")]
            if wishes.cars:
                tasks.append(group.create_task(demand.order(), name="orders"))
            await stop.wait()
            for task in tasks:
                task.cancel()


@contextmanager
def _overlay_file(path: Path, text: str) -> Iterator[None]:
    """The file is whole or not there; it is gone when its ports are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    try:
        yield
    finally:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            path.unlink()


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _run_command(name: str, overlay: Path, config: list[Path]) -> list[str]:
    roots = [word for root in config for word in ("--config", str(root))]
    return ["swapstation", "run", name, *roots, "--links", str(overlay)]


def _as_text(served: Served, wishes: Wishes, command: list[str]) -> str:
    name = served.station.name
    wires = [f"  {link:<10} {_where(entry)}" for link, entry in served.links.items()]
    return "\n".join(
        [
            f"{name}: simulated devices, seed {wishes.seed}, speed {wishes.speed:g}. Ctrl-C ends them.",
            *wires,
            "Second terminal:",
            f"  {shlex.join(command)}",
            "Third terminal:",
            f"  swapstation reset {name}",
            "  swapstation sim car --order",
            f"  swapstation status {name}",
        ]
    )


def _as_json(served: Served, overlay: Path, socket: Path, command: list[str]) -> str:
    return json.dumps(
        {
            "station": served.station.name,
            "overlay": str(overlay),
            "socket": str(socket),
            "links": served.links,
            "topics": served.topics.root,
            "run": command,
        }
    )


def _where(entry: dict[str, Any]) -> str:
    kind = entry["kind"]
    if "baudrate" in entry:
        return f"{kind}  {entry['port']} at {entry['baudrate']} Bd"
    if kind == "can":
        options = " ".join(f"{key} {value}" for key, value in entry.items() if key not in {"kind", "interface"})
        return f"{entry['interface']}  {options}"
    return f"{kind}  {entry['host']}:{entry['port']}"
