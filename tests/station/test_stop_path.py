"""The way of a stop: its bound from the files, a whole station that keeps it over frames, and run-enable behind it."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from firmware_py.core.effects import StopMotion
from firmware_py.core.events import Action, Operator
from hal.config.bundle import Station
from hal.config.loader import check_file, load_station
from hal.config.stop_path import StopPath, stop_paths
from hal.ports import Table
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import inject
from sim.vloop import run_virtual

CONFIG = Path(__file__).resolve().parents[2] / "config"
LOAD_CELL, DRIVE = 2, "lift_drive"


@cache
def station() -> Station:
    return load_station("choco-14")


def path_of(unit: str, of: Station | None = None) -> StopPath:
    where = of or station()
    return next(p for p in stop_paths(where.units, where.devices, where.config.links) if p.unit == unit)


def changed(root: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the configuration with something else in the station's file."""
    shutil.copytree(CONFIG, root)
    path = root / "stations" / "choco-14.toml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def test_the_bound_of_the_lift_is_time_out_quiet_and_frames() -> None:
    """Serial, 115,200 Bd, 11 bits a byte. The longest request writes the drive's 8 words: 25 bytes, 8 back.

    Then 50 ms of time-out, 50 ms of quiet, 2 ms of gap, and the stop's own 8 bytes. Behind it 50 ms for its answer, and
    at the safety PLC the request under way and a heartbeat, 50 ms each.
    """
    lift = path_of(DRIVE)
    assert lift.leaves_s == pytest.approx(33 * 11 / 115200 + 0.05 + 0.05 + 0.002 + 8 * 11 / 115200, abs=0.0005)
    assert lift.enable_s == pytest.approx(lift.leaves_s + 0.05 + 2 * 0.05, abs=0.002)


def test_every_mover_of_the_station_is_within_half_a_second() -> None:
    paths = stop_paths(station().units, station().devices, station().config.links)
    assert {p.device for p in paths} == {"lift", "locks", "shuttle", "stacker", "platform"}
    assert all(p.leaves_s < p.enable_s <= 0.5 for p in paths)


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ([("quiet_s = 0.05", "quiet_s = 0.4")], DRIVE),
        ([("baudrate = 115200", "baudrate = 1200")], DRIVE),
        (
            [
                ('link = "shuttle"\nunit = 1', 'link = "stacker"\nunit = 2'),
                ("[process.safety]", "[process.safety]\nstop_path_s = 0.35"),
            ],
            "stacker_crane",
        ),
    ],
    ids=["quiet", "slow", "shared"],
)
def test_a_station_whose_stops_may_come_too_late_is_told_so(
    tmp_path: Path, changes: list[tuple[str, str]], unit: str
) -> None:
    file = changed(tmp_path / "config", *changes)
    found = {m.key: m for m in check_file(file)}
    late = found[f"units.{unit}.link"]
    assert "until run-enable is dropped" in late.value
    assert "process.safety.stop_path_s" in late.allowed


def test_a_last_stop_that_is_cut_short_is_told_too(tmp_path: Path) -> None:
    file = changed(tmp_path / "config", ("last_stop_s = 0.2", "last_stop_s = 0.08"))
    (mistake, *_) = check_file(file)
    assert mistake.key == "process.leaving.last_stop_s"


def written(running: VirtualStation, unit: str) -> list[float]:
    """Times at which the unit is written to from now on."""
    at: list[float] = []
    emulator = running.emulators.units[unit]
    write = emulator.write

    def noted(*arguments: Any) -> None:
        at.append(asyncio.get_running_loop().time())
        write(*arguments)

    emulator.write = noted  # type: ignore[method-assign]
    return at


@pytest.mark.parametrize("after_s", [0.0, 0.003, 0.02, 0.049, 0.06, 0.1])
def test_a_stop_on_the_lifts_line_keeps_its_bound_whatever_is_under_way(after_s: float) -> None:
    """The load cell does not answer; the stop is decided so long after it was asked."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with virtual_station(station(), 1, frames=True) as running, asyncio.TaskGroup() as group:
            async with asyncio.timeout(10):
                await running.controller.ready.wait()
            inject(running.rig, "unit-silent", unit="lift_load")
            group.create_task(_ignored(running.modbus["lift_line"].read(LOAD_CELL, Table.INPUT, 0, 3, timeout_s=0.05)))
            await asyncio.sleep(after_s)
            decided_s, stops = loop.time(), written(running, DRIVE)
            running.controller.effector.stop(StopMotion(("lift",), "test", drop_enable=False))
            await running.controller.effector.stops_sent()
            return stops[0] - decided_s

    taken_s = run_virtual(main())
    bound_s = path_of(DRIVE).leaves_s
    assert taken_s <= bound_s
    if after_s == 0.003:
        assert taken_s > 0.9 * bound_s, "the bound is no more than what can happen"


async def _ignored(request: Awaitable[object]) -> None:
    with pytest.raises(Exception, match="no answer"):
        await request


async def _raising(running: VirtualStation) -> None:
    """Serve a car up to the moment when the new pack is being raised."""
    controller = running.controller
    await controller.ready.wait()
    await controller.operate(Operator(Action.RESET, "test"))
    await asyncio.sleep(2.0)
    running.order("order-1")
    await _until(lambda: any(a.row == "13" for a in controller.state.active) and running.world.lift.moving, 200.0)
    await asyncio.sleep(1.0)


async def _until(holds: Callable[[], bool], limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("how", ["silent", "lost"])
def test_a_stop_that_nobody_takes_has_run_enable_behind_it(how: str) -> None:
    """The drive moves a pack and its line is deaf. The stop fails, the core holds, the safety PLC loses run-enable."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with virtual_station(station(), 1, frames=True) as running:
            await _raising(running)
            safety = running.world.safety
            assert safety.run_enable
            if how == "silent":
                inject(running.rig, "unit-silent", unit=DRIVE)
            else:
                running.lines["lift_line"].down = True
            decided_s = loop.time()
            running.controller.effector.stop(StopMotion(("lift",), "test", drop_enable=False))
            await _until(lambda: not safety.run_enable, 2.0)
            dropped_s = loop.time() - decided_s
            await _until(lambda: not running.world.lift.moving, 2.0)
            return dropped_s, loop.time() - decided_s

    dropped_s, still_s = run_virtual(main())
    assert dropped_s <= path_of(DRIVE).enable_s + 0.005 <= 0.5
    assert still_s <= 1.0
