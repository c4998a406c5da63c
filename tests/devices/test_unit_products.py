"""Moxa, Pilz, K-Ducer and Laumas behind the production codec: commands act, are read back, their own clocks count."""

import asyncio

import pytest

from hal.codecs.registers import Value, Write
from hal.config.bundle import Channel
from hal.errors import DeviceSilent
from hal.ports import Table
from hal.readings import PlatformReading
from sim.emulators.laumas import LaumasEmulator
from sim.emulators.moxa import MoxaEmulator
from tests.devices.product_bench import Bench, Wiring, play

SHUTTER = Wiring(outputs={"shutter_out": Channel("do", 0), "shutter_home": Channel("do", 1)})
SWITCHES = Wiring(
    inputs={
        "shutter_open": Channel("di", 0),
        "shutter_closed": Channel("di", 1, inverted=True),
        "grooves": tuple(Channel("di", k) for k in (4, 5, 6, 7)),
    }
)


# ------------------------------------------------------------------ Moxa ioLogik E1210, E1211


def test_moxa_outputs_drive_the_plant_by_bits_and_by_one_word() -> None:
    async def story(b: Bench) -> None:
        await b.do("drive", actuator="shutter", out=True)
        await b.pass_time(5.0)
        assert b.world.platform.is_out("shutter")  # type: ignore[arg-type]
        assert await b.link.read(1, Table.HOLDING, 0x20, 1, timeout_s=0.1) == (0b01,)
        await b.link.write(1, Table.HOLDING, 0x20, (0b10,), multiple=False, timeout_s=0.1)
        assert await b.link.read(1, Table.COIL, 0, 2, timeout_s=0.1) == (0, 1)
        await b.pass_time(5.0)
        assert b.world.platform.is_home("shutter")  # type: ignore[arg-type]

    play(story, "io/moxa-e1211", "platform", wiring=SHUTTER)


def test_moxa_inputs_show_the_plant_as_bits_and_as_one_word() -> None:
    async def story(b: Bench) -> None:
        await b.look()
        seen = b.device.reading(lambda _: True)
        assert isinstance(seen, PlatformReading)
        assert (seen.shutter_open, seen.shutter_closed, seen.grooves) == (False, True, (False,) * 4)
        assert await b.link.read(1, Table.DISCRETE, 0, 2, timeout_s=0.1) == (0, 0)
        b.world.platform.drive("shutter", out=True, home=False)  # type: ignore[arg-type]
        await b.pass_time(5.0)
        await b.until(shutter_open=True)
        assert await b.link.read(1, Table.INPUT, 0x30, 1, timeout_s=0.1) == (0b11,)

    play(story, "io/moxa-e1210", "platform", wiring=SWITCHES)


def test_moxa_outputs_fall_when_the_host_is_silent_and_do_not_come_back_with_the_flag() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, MoxaEmulator)
        b.emulator.host_s = 1.0
        await b.do("drive", actuator="shutter", out=True)
        await b.pass_time(2.0)
        share = b.world.platform.share("shutter")  # type: ignore[arg-type]
        assert 0.0 < share < 1.0
        await b.pass_time(5.0)
        assert b.world.platform.share("shutter") == share  # type: ignore[arg-type]
        assert (await b.look())["watchdog_alarm"] is True
        await b.do("reset")
        assert (await b.look())["watchdog_alarm"] is False
        assert await b.link.read(1, Table.COIL, 0, 2, timeout_s=0.1) == (0, 0)

    play(story, "io/moxa-e1211", "platform", wiring=SHUTTER)


# ------------------------------------------------------------------ Pilz PNOZmulti


def test_pilz_run_enable_arms_the_watchdog_and_releases_the_drives() -> None:
    async def story(b: Bench) -> None:
        b.release(False)
        b.beating = False
        await b.do("heartbeat", count=1)
        await b.do("run_enable", on=True)
        seen = await b.look()
        assert (seen["drives_enabled"], seen["chain_ok"], seen["estop_ok"]) == (True, True, True)
        assert await b.link.read(1, Table.INPUT, 512, 1, timeout_s=0.1) == (0b0111_1111,)
        assert await b.link.read(1, Table.HOLDING, 255, 1, timeout_s=0.1) == (0x0300,)

    play(story, "safety/pilz-pnozmulti", "safety-plc")


def test_pilz_virtual_inputs_all_fall_when_nobody_writes_and_are_not_restored_by_a_heartbeat() -> None:
    async def story(b: Bench) -> None:
        b.release(False)
        b.beating = False
        await b.do("run_enable", on=True)
        for count in range(1, 20):
            await b.do("heartbeat", count=count)
            await b.pass_time(0.1)
        assert (await b.look())["drives_enabled"] is True
        await b.pass_time(0.6)
        assert b.world.safety.run_enable is False
        await b.do("heartbeat", count=30)
        assert (await b.look())["drives_enabled"] is False
        await b.do("run_enable", on=True)
        assert (await b.look())["drives_enabled"] is True

    play(story, "safety/pilz-pnozmulti", "safety-plc")


def test_pilz_shows_a_broken_chain_and_no_write_brings_it_back() -> None:
    async def story(b: Bench) -> None:
        b.world.safety.estop_pressed = True
        b.world.safety.look()
        assert (await b.look())["chain_ok"] is False
        b.world.safety.estop_pressed = False
        b.world.safety.look()
        await b.do("run_enable", on=False)
        await b.do("run_enable", on=True)
        seen = await b.look()
        assert (seen["estop_ok"], seen["chain_ok"], seen["drives_enabled"]) == (True, False, False)

    play(story, "safety/pilz-pnozmulti", "safety-plc")


def test_one_word_of_virtual_inputs_sets_the_enable_and_sixteen_others() -> None:
    async def story(b: Bench) -> None:
        b.release(False)
        assert (await b.look())["drives_enabled"] is False
        await b.link.write(1, Table.HOLDING, 0, (0x0001,), multiple=False, timeout_s=0.1)
        assert (await b.look())["drives_enabled"] is True
        await b.link.write(1, Table.HOLDING, 0, (0xFFFE,), multiple=False, timeout_s=0.1)
        assert (await b.look())["drives_enabled"] is False

    play(story, "safety/pilz-pnozmulti", "safety-plc")


def test_a_watchdog_of_another_time_is_set_anew() -> None:
    async def story(b: Bench) -> None:
        await b.link.write(1, Table.HOLDING, 255, (0x8100,), multiple=False, timeout_s=0.1)
        assert await b.link.read(1, Table.HOLDING, 255, 1, timeout_s=0.1) == (0x0100,)
        await b.do("run_enable", on=True)
        assert await b.link.read(1, Table.HOLDING, 255, 1, timeout_s=0.1) == (0x0300,)
        await b.link.write(1, Table.HOLDING, 255, (0x8000,), multiple=False, timeout_s=0.1)
        await b.pass_time(5.0)
        assert b.world.safety.run_enable is True, "time 0 is no watchdog"

    play(story, "safety/pilz-pnozmulti", "safety-plc")


# ------------------------------------------------------------------ Kolver K-Ducer

LEVER = Write(Table.COIL, 32, (1,), multiple=False)
KOLVER = ("tightening/kolver-kducer", "nutrunner")


async def screw(b: Bench, *, seconds: float = 20.0, program: int = 3) -> None:
    """Head at the seat, bolt out; then program, unlock, and the lever every 50 ms."""
    await b.do("tighten", program=program)
    for _ in range(round(seconds / 0.05)):
        await b.link.write(1, LEVER.table, LEVER.address, LEVER.values, multiple=False, timeout_s=0.3)
        await asyncio.sleep(0.04)


def seat(b: Bench) -> None:
    """The head stands at a pack that hangs on its other bolts; bolt 1 is out."""
    b.world.lift.axis.put(b.world.plant.support_mm)
    b.world.locks.dress(tight=True)
    b.world.locks.points[0].turn_deg, b.world.locks.points[0].tight = 0.0, False
    b.world.packs.put("car", b.world.new_pack())


def test_kducer_tightens_while_the_lever_is_repeated_and_keeps_the_result() -> None:
    async def story(b: Bench) -> None:
        seat(b)
        await screw(b)
        seen = await b.look()
        wanted: dict[str, Value] = {
            "tightening_ok": True, "result_code": 13, "result_program": 3, "ok_count": 1, "torque_nm": 65.0,
        }  # fmt: skip
        assert {name: seen[name] for name in wanted} == wanted
        assert seen["angle_deg"] == 1500

    play(story, *KOLVER)


def test_kducer_stops_when_the_lever_ends() -> None:
    async def story(b: Bench) -> None:
        seat(b)
        await screw(b, seconds=2.0)
        await b.pass_time(1.0)
        turned = b.world.locks.points[0].turn_deg
        assert 0.0 < turned < 1500.0
        await b.pass_time(5.0)
        assert b.world.locks.points[0].turn_deg == turned
        seen = await b.look()
        assert (seen["tightening_ok"], seen["result_code"], seen["ok_count"]) == (False, 25, 0)

    play(story, *KOLVER)


def test_kducer_stop_lets_the_lever_go_and_locks_the_tool() -> None:
    async def story(b: Bench) -> None:
        seat(b)
        await screw(b, seconds=2.0)
        await b.do("stop")
        assert not b.world.locks.moving
        await b.link.write(1, LEVER.table, LEVER.address, LEVER.values, multiple=False, timeout_s=0.3)
        assert not b.world.locks.moving, "the tool is locked"

    play(story, *KOLVER)


@pytest.mark.parametrize(("flaw", "code"), [("stripped", 34), ("crossed", 35)])
def test_kducer_names_a_bad_thread(flaw: str, code: int) -> None:
    async def story(b: Bench) -> None:
        seat(b)
        b.world.locks.flaw = lambda point: flaw if point == 1 else ""
        await screw(b)
        seen = await b.look()
        assert (seen["tightening_ok"], seen["result_code"]) == (False, code)

    play(story, *KOLVER)


def test_kducer_s_flag_is_gone_after_one_read_but_the_result_is_not() -> None:
    async def story(b: Bench) -> None:
        seat(b)
        await screw(b)
        read = [await b.link.read(1, Table.INPUT, 294, 1, timeout_s=0.3) for _ in range(2)]
        assert read == [(1,), (0,)]
        assert (await b.look())["ok_count"] == 1

    play(story, *KOLVER)


def test_polling_a_kducer_never_takes_the_flag() -> None:
    async def story(b: Bench) -> None:
        seat(b)
        await screw(b)
        for _ in range(5):
            await b.look()
        assert await b.link.read(1, Table.INPUT, 294, 1, timeout_s=0.3) == (1,)

    play(story, *KOLVER)


def test_kducer_without_remote_programs_is_found_out_by_the_read_back() -> None:
    async def story(b: Bench) -> None:
        b.emulator.lies["program", 0] = 1
        with pytest.raises(DeviceSilent, match="program"):
            await b.do("tighten", program=3)
        assert not b.world.locks.moving

    play(story, *KOLVER)


# ------------------------------------------------------------------ Laumas TLB4

CELL = Wiring(gain={"load_kg": 0.1}, roles={"load_kg": "load_kg"})


def test_laumas_weighs_the_pack_on_the_head() -> None:
    async def story(b: Bench) -> None:
        assert (await b.look())["load_kg"] == 0.0
        b.world.packs.put("head", b.world.new_pack())
        assert (await b.look())["load_kg"] == pytest.approx(300.0)
        assert await b.link.read(1, Table.HOLDING, 7, 4, timeout_s=0.1) == (0, 3000, 0, 3000)
        b.world.packs.take("head")
        assert (await b.look())["load_kg"] == 0.0
        assert await b.link.read(1, Table.HOLDING, 11, 2, timeout_s=0.1) == (0, 3000), "the peak stays"

    play(story, "sensor/laumas-tlb4", "lift", wiring=CELL)


def test_laumas_zero_takes_what_is_on_it_as_nothing() -> None:
    async def story(b: Bench) -> None:
        b.world.packs.put("head", b.world.new_pack())
        await b.do("zero")
        assert (await b.look())["load_kg"] == 0.0
        b.world.packs.take("head")
        assert (await b.look())["load_kg"] == pytest.approx(-300.0)
        assert isinstance(b.emulator, LaumasEmulator)
        assert b.emulator.stored == 0, "no verb wears the memory out"

    play(story, "sensor/laumas-tlb4", "lift", wiring=CELL)


def test_laumas_counts_what_wears_its_memory() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, LaumasEmulator)
        await b.link.write(1, Table.HOLDING, 5, (99,), multiple=True, timeout_s=0.1)
        assert b.emulator.stored == 1

    play(story, "sensor/laumas-tlb4", "lift", wiring=CELL)
