"""Runs a scenario over real sockets: the simulator here, the production controller as a process of its own."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from firmware_py.shell.line_client import NobodyListens, ask_async
from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.children import ChildDied, child
from sim.campaigns.director import Director, Outcome, Stage
from sim.campaigns.scenario_result import Result
from sim.campaigns.serve import Served, serve_station, wall_ms
from sim.campaigns.verdict import misses
from sim.scenario import Named

START_S: Final = 20.0
ANSWER_S: Final = 8.0
_LOOK_S: Final = 0.05


class WireFailed(Exception):
    """The controller did not come up, or ended by itself. The text has its last lines."""


def run_wire(named: Named, seed: int = 1, *, speed: float = 1.0, jitter: float = 0.0) -> Result:
    """Run a scenario on ephemeral ports of this machine. Raises `ConfigError`, `WireFailed`, OSError."""
    station = load_station(named.scenario.station)
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="swapstation-scenario-") as folder:
        outcome = asyncio.run(_play(named, station, seed, speed, jitter, Path(folder)))
    wall_s = time.perf_counter() - began_s
    found = tuple(misses(named.scenario, outcome, speed))
    sim_s = outcome.ended_s - outcome.began_s
    title, nominal_s = named.scenario.title, station.config.profile
    return Result(named.name, title, seed, jitter, "", sim_s, wall_s, found, outcome, nominal_s, speed, wire=True)


async def _play(named: Named, station: Station, seed: int, speed: float, jitter: float, folder: Path) -> Outcome:
    overlay, control = folder / "links.toml", folder / "control.sock"
    run = ["run", named.scenario.station, "--links", str(overlay), "--state-dir", str(folder), "--socket", str(control)]
    async with serve_station(station, seed, speed=speed, jitter=jitter) as served:
        overlay.write_text(served.overlay, encoding="utf-8")
        director = Director(named.scenario, _stage(served, control, speed))
        director.prepare()
        try:
            async with child("controller", run, folder / "controller.log") as controller, asyncio.TaskGroup() as group:
                watch = group.create_task(controller.watch(), name="watch-controller")
                await _answers(control)
                outcome = await director.run()
                watch.cancel()
        except* (ChildDied, TimeoutError) as failed:
            raise WireFailed(str(failed.exceptions[0])) from None
    return outcome


def _stage(served: Served, control: Path, speed: float) -> Stage:
    async def operate(request: Mapping[str, str]) -> tuple[str, str]:
        answer = await ask_async(control, {**request, "why": "scenario"}, ANSWER_S)
        return str(answer.get("answer", "refused")), str(answer.get("reason") or answer.get("error") or "")

    clock = asyncio.get_running_loop().time
    return Stage(served.rig, served.broker.core, served.topics, clock, wall_ms, operate, speed)


async def _answers(control: Path) -> None:
    """Until every device of the controller has a reading or a raised fault. Raises TimeoutError."""
    async with asyncio.timeout(START_S):
        while not await _ready(control):  # noqa: ASYNC110 - another process, which can only be asked
            await asyncio.sleep(_LOOK_S)


async def _ready(control: Path) -> bool:
    try:
        return bool((await ask_async(control, {"action": "status"}, ANSWER_S))["status"]["ready"])
    except NobodyListens:
        return False
