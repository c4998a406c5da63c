"""Bender isoCHA425 and Eastron SDM630 behind the production codec: what they measure, and what makes it not count."""

import pytest

from hal.errors import MemorySpared
from hal.ports import Table
from hal.readings import InsulationBound, InsulationReading, InsulationState
from sim.emulators.bender import BenderEmulator
from sim.world import Plant
from tests.devices.product_bench import Bench, play

IMD = ("sensor/bender-isocha425", "insulation")
METER = ("meter/eastron-sdm630", "meter")


async def insulation(b: Bench) -> InsulationReading:
    await b.look()
    seen = b.device.reading(lambda _: True)
    assert isinstance(seen, InsulationReading)
    return seen


@pytest.mark.parametrize(("ohm", "state"), [
    (1e6, InsulationState.NONE), (300e3, InsulationState.WARNING), (50e3, InsulationState.ALARM),
])  # fmt: skip
def test_insulation_is_measured_with_its_two_thresholds(ohm: float, state: InsulationState) -> None:
    async def story(b: Bench) -> None:
        b.world.insulation.ohm = ohm
        b.world.touch()
        seen = await insulation(b)
        assert (seen.insulation_ohm, seen.insulation_state) == (pytest.approx(ohm), state)
        assert seen.insulation_bound is InsulationBound.EXACT

    play(story, *IMD)


def test_insulation_beyond_the_range_is_healthy_and_says_so() -> None:
    async def story(b: Bench) -> None:
        b.world.insulation.ohm = 1e9
        b.world.touch()
        seen = await insulation(b)
        assert seen.insulation_bound is InsulationBound.HIGHER
        assert seen.insulation_ohm == pytest.approx(10e6)

    play(story, *IMD)


def test_a_monitor_that_measures_no_more_or_is_broken_gives_no_number() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, BenderEmulator)
        await b.do("measure", on=False)
        assert (await insulation(b)).insulation_ohm is None
        await b.pass_time(10.0)
        await b.do("measure", on=True)
        assert (await insulation(b)).insulation_ohm is not None
        b.emulator.broken = True
        b.world.touch()
        seen = await insulation(b)
        assert (seen.insulation_ohm, seen.insulation_state) == (None, InsulationState.DEVICE_ERROR)

    play(story, *IMD)


def test_a_setting_that_is_so_already_wears_no_memory() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, BenderEmulator)
        for _ in range(10):
            await b.do("measure", on=True)
        assert b.emulator.worn == 0
        await b.do("measure", on=False)
        await b.do("measure", on=False)
        assert b.emulator.worn == 1

    play(story, *IMD)


def test_a_memory_is_not_written_faster_than_its_file_allows_and_each_write_counts() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, BenderEmulator)
        await b.do("measure", on=False)
        await b.do("measure", on=False)  # compared: nothing to write
        assert (b.unit.memory_writes, b.emulator.worn) == (1, 1)
        with pytest.raises(MemorySpared, match=r"unit: its memory is written every 10 s at the most, next in 9\.\d+ s"):
            await b.do("measure", on=True)
        assert (b.unit.memory_writes, b.emulator.worn) == (1, 1)
        assert b.world.insulation.measuring is False
        await b.pass_time(10.0)
        await b.do("measure", on=True)
        assert b.world.insulation.measuring is True
        assert (b.unit.memory_writes, b.emulator.worn) == (2, 2)

    play(story, *IMD)


def test_a_self_test_shows_while_it_runs() -> None:
    async def story(b: Bench) -> None:
        await b.do("self_test")
        assert (await b.look())["insulation_test"] == "internal"
        await b.pass_time(30.0)
        assert (await b.look())["insulation_test"] == "none"

    play(story, *IMD)


def test_the_meter_shows_what_the_station_draws_and_counts_it() -> None:
    async def story(b: Bench) -> None:
        seen = await b.look()
        before = seen["import_kwh"]
        assert (seen["power_w"], seen["phase_v"]) == (9000.0, (230.0,) * 3)
        assert seen["phase_w"] == (3000.0,) * 3
        # 3,000 W of 230 V; a float of the meter
        assert seen["phase_a"] == pytest.approx((13.0435,) * 3, abs=1e-3)
        await b.pass_time(3600.0)
        after = (await b.look())["import_kwh"]
        assert isinstance(before, float)
        assert after == pytest.approx(before + 9.0, abs=0.01)
        # 9,000.0 as a float, high word first: 0x460CA000
        assert await b.link.read(1, Table.INPUT, 0x0034, 2, timeout_s=0.3) == (0x460C, 0xA000)

    play(story, *METER, plant=Plant(base_load_w=9000.0))
