"""Every station file of the tree, found by its presence: it reaches Idle and swaps, or it says why it does not."""

import asyncio
import shutil
from pathlib import Path

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.scenario_report import failure
from sim.campaigns.scenario_result import Result
from sim.campaigns.scenario_run import run_virtual as run_scenario
from sim.campaigns.virtual import virtual_station
from sim.scenario import Named, load_scenario
from sim.vloop import run_virtual
from tests.devices.test_config_files import SERVING, STATIONS

CONFIG = Path(__file__).parents[2] / "config"
READY_S = 30.0
SETTLED_S = 5.0
"""By then every unit and every pack has been heard."""
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("name", STATIONS)
def test_a_station_starts_and_reaches_idle_or_says_why_not(name: str) -> None:
    async def main() -> None:
        async with virtual_station(load_station(name), 1) as running:
            controller = running.controller
            await asyncio.sleep(SETTLED_S)
            reply = await controller.operate(Operator(Action.RESET, "test"))
            async with asyncio.timeout(READY_S):
                while controller.state.packml in {PackML.STOPPED, PackML.RESETTING} and not reply.reason:
                    await asyncio.sleep(0.1)
            assert controller.state.packml is PackML.IDLE or reply.reason

    run_virtual(main())


def swap(name: str, station: Station) -> Result:
    """The scenario without a fault, with a car of the station and its own time."""
    happy = load_scenario("happy")
    car = happy.scenario.car[0].model_copy(update={"model": station.config.station.vehicles[0]})
    serial = sum(s for step, s in station.config.profile.items() if step > 0)
    order = happy.scenario.expect.order[0].model_copy(update={"swap_max_s": serial})
    expect = happy.scenario.expect.model_copy(update={"order": (order,)})
    scenario = happy.scenario.model_copy(update={"station": name, "car": (car,), "expect": expect})
    return run_scenario(Named(f"{name}: a swap", scenario), station=station)


@pytest.mark.parametrize("name", SERVING)
def test_a_station_swaps(name: str) -> None:
    """The chart is the same, the rows are the same: only how long it takes is the station's own."""
    result = swap(name, load_station(name))
    assert not result.misses, failure(result)


def test_a_drive_that_nobody_has_heard_of_lifts_the_pack_with_its_file_alone(tmp_path: Path) -> None:
    """Another address base and word order, other names, no function 6, no brake signal: one file and its wiring."""
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    (root / "devices" / "axis" / "made-up.toml").write_text(MADE_UP, encoding="utf-8")
    path = root / "stations" / "latch-30.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ('device = "axis/iai-robo-cylinder"', 'device = "axis/made-up"'),
        (', brake_released = "brake_released"', ""),
        ('at_seat = "di2"\n', 'at_seat = "di2"\nbrake_released = "di3"\n'),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    result = swap("latch-30", load_station("latch-30", roots=(root,)))
    assert not result.misses, failure(result)


MADE_UP = """
[device]
model = "made-up"
title = "A servo hoist that does not exist"
protocol = "modbus"
source = "nobody"
verified_on_hardware = false
address_base = 1
functions = [3, 16]
timeout_s = 0.1
min_gap_s = 0.002
max_read = 16
max_write = 16
max_gap = 0
reply_s = 0.004

[registers]
position_mm = { table = "holding", address = 101, type = "s32", word_order = "CDAB", scale = 0.1 }
enabled = { table = "holding", address = 103, type = "bool", bit = 0 }
moving = { table = "holding", address = 103, type = "bool", bit = 3 }
fault_word = { table = "holding", address = 104, type = "u16" }
speed_mm_s = { table = "holding", address = 105, type = "s16" }
ctrl = { table = "holding", address = 201, type = "u16", access = "w" }
goal = { table = "holding", address = 202, type = "s32", word_order = "CDAB", scale = 0.1, access = "w" }
go = { table = "holding", address = 204, type = "u16", scale = 0.01, access = "w", hazard = "motion" }

[commands.move]
steps = [
    { unless = { enabled = true }, write = { ctrl = 1 } },
    { wait = { enabled = true }, limit_s = 0.5 },
    { write = { goal = "$position_mm", go = "$speed_mm_s" } },
]

[commands.stop]
steps = [{ write = { ctrl = 2 } }]
"""


def test_the_second_station_shares_no_axis_no_input_unit_and_no_lock_with_the_first() -> None:
    """Two kinds of station: what they have in common is the chart."""
    one, other = (load_station(name).config for name in ("choco-14", "latch-30"))
    files = [
        {
            device: {c.units[unit].device for unit in c.devices[device].units}  # type: ignore[union-attr]
            for device in ("lift", "locks", "shuttle", "platform", "safety")
        }
        for c in (one, other)
    ]
    for device, used in files[0].items():
        assert used.isdisjoint(files[1][device]), device
    assert len({at.link for at in other.packs.at.values()}) > 2
