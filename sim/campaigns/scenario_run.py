"""Runs a scenario in virtual time and judges it: same seed, same digest."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware_py.shell.acts import act_of
from firmware_py.shell.journal import Entry, JournalError, Query, canonical
from firmware_py.shell.wirelog.files import InlineFiles
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.session import can_links, header_of
from firmware_py.shell.wirelog.taps import Sink
from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.computer import Dead
from sim.campaigns.director import Director, Outcome, Stage
from sim.campaigns.scenario_result import Result
from sim.campaigns.verdict import misses
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.scenario import Named
from sim.vloop import run_virtual as run_loop
from sim.world import World

ALL_ROWS = 1_000_000


def run_virtual(
    named: Named,
    seed: int = 1,
    *,
    jitter: float = 0.0,
    frames: bool = False,
    station: Station | None = None,
    wire_log: Path | None = None,
    can: CanFormat = CanFormat.CANDUMP,
) -> Result:
    """Run a scenario on a station in memory. Raises `ConfigError` when the station's files are wrong.

    `wire_log` is a folder for a log of its wires, with its CAN frames as `can`; raises `LogTaken`. `frames`: see
    `virtual_station`.
    """
    where = station or load_station(named.scenario.station)
    began_s = time.perf_counter()
    if wire_log is None:
        outcome, digest, sim_s = run_loop(_play(named, where, seed, jitter, frames, None), seed)
    else:
        header = header_of(where, can, from_start=True, scenario=named.name, seed=str(seed))
        with InlineFiles(wire_log, header, can, can_links(where)) as sink:
            outcome, digest, sim_s = run_loop(_play(named, where, seed, jitter, frames, sink), seed)
    wall_s = time.perf_counter() - began_s
    found = tuple(misses(named.scenario, outcome))
    title, nominal_s = named.scenario.title, where.config.profile
    return Result(named.name, title, seed, jitter, digest, sim_s, wall_s, found, outcome, nominal_s)


async def _play(
    named: Named, station: Station, seed: int, jitter: float, frames: bool, wire_log: Sink | None
) -> tuple[Outcome, str, float]:
    clock = asyncio.get_running_loop().time
    there = None if named.scenario.there is None else load_station(named.scenario.there)
    async with virtual_station(station, seed, jitter=jitter, frames=frames, wire_log=wire_log, there=there) as running:
        director = Director(named.scenario, stage_of(running))
        director.prepare()
        outcome = await director.run()
        entries = await _rows(running, Query(limit=ALL_ROWS))
        kept = [f"{e.stamp.t_mono:.9f} {e.row.kind} {canonical(e.row.body)}" for e in entries]
        return outcome, digest_of([*running.trace, *kept], running.world), clock()


async def _rows(running: VirtualStation, query: Query) -> list[Entry]:
    """What the journal keeps; a journal that failed tells nothing any more."""
    try:
        return await running.journal.rows(query)
    except JournalError:
        return []


def stage_of(running: VirtualStation) -> Stage:
    async def operate(request: Mapping[str, str]) -> tuple[str, str]:
        try:
            reply = await running.operate(act_of(request, "director"))
        except (JournalError, Dead) as error:
            return "refused", str(error)
        return reply.answer.value, reply.reason

    async def commands() -> list[str]:
        entries = await _rows(running, Query(kind="intent", limit=ALL_ROWS))
        return [_command(e.row.body) for e in entries]

    clock = asyncio.get_running_loop().time
    return Stage(running.rig, running.broker, running.topics, clock, running.now_ms, operate, commands=commands)


def _command(body: Mapping[str, Any]) -> str:
    """A command that was kept in the journal before it left, as a scenario names it."""
    words = (f"{key}={value}" for key, value in body.items() if key not in {"row", "command"})
    return " ".join([str(body["command"]), *(word.replace(" ", "") for word in words)])


def digest_of(trace: list[str], world: World) -> str:
    """SHA-256 over everything that was said and journalled, and the truth that it left behind."""
    facts = [
        f"{world.now:.9f} lift {world.lift.mm:.6f}",
        *(f"{place} {pack.serial} {pack.soc_pct:.6f}" for place, pack in sorted(world.packs.at.items())),
        *(f"{car.vin} {car.stage} {car.pack.serial if car.pack else '-'}" for car in world.cars.departed),
        *(f"{b.at_s:.9f} {b.hazard} {b.text}" for b in world.referee.breaches),
    ]
    return hashlib.sha256("\n".join([*trace, *facts]).encode()).hexdigest()
