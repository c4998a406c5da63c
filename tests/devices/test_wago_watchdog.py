"""The WAGO coupler's watchdog behind the production codec: armed, fed by traffic, run out, cleared."""

import pytest

from hal.config.bundle import Channel
from hal.errors import DeviceRefused
from hal.ports import Table
from sim.emulators.wago import WagoEmulator
from tests.devices.product_bench import Bench, Wiring, play

SHUTTER = Wiring(outputs={"shutter_out": Channel("do", 0), "shutter_home": Channel("do", 1)})
WAGO = ("io/wago-750", "platform")
STATE, MASK, RESTART = 0x1006, 0x1001, 0x1007


async def write(b: Bench, address: int, value: int) -> None:
    await b.link.write(1, Table.HOLDING, address, (value,), multiple=False, timeout_s=0.1)


async def state(b: Bench) -> int:
    (found,) = await b.link.read(1, Table.HOLDING, STATE, 1, timeout_s=0.1)
    return found


async def armed(b: Bench, counts: int) -> None:
    """One count is a tenth of a second here."""
    assert isinstance(b.emulator, WagoEmulator)
    b.emulator.time_unit_s = 0.1
    await b.do("arm", time=counts)


def test_it_is_off_until_it_is_armed() -> None:
    async def story(b: Bench) -> None:
        await b.do("drive", actuator="shutter", out=True)
        await b.pass_time(60.0)
        assert await state(b) == 0
        assert b.world.platform.is_out("shutter")  # type: ignore[arg-type]
        await armed(b, 10)
        assert await state(b) == 1

    play(story, *WAGO, wiring=SHUTTER)


def test_outputs_fall_when_the_host_is_silent_and_every_request_is_refused_until_the_reset() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        await b.do("drive", actuator="shutter", out=True)
        await b.pass_time(2.0)
        share = b.world.platform.share("shutter")  # type: ignore[arg-type]
        assert 0.0 < share < 1.0
        await b.pass_time(5.0)
        assert b.world.platform.share("shutter") == share, "the output is off"  # type: ignore[arg-type]
        with pytest.raises(DeviceRefused) as read:
            await state(b)
        with pytest.raises(DeviceRefused) as written:
            await b.do("drive", actuator="shutter", out=True)
        assert (read.value.code, written.value.code) == (4, 4)
        await b.do("reset")
        assert await state(b) == 0
        assert await b.link.read(1, Table.COIL, 0x0200, 2, timeout_s=0.1) == (0, 0), "nothing comes back by itself"
        await b.do("drive", actuator="shutter", out=True)
        await b.pass_time(60.0)
        assert b.world.platform.is_out("shutter")  # type: ignore[arg-type]

    play(story, *WAGO, wiring=SHUTTER)


def test_polling_feeds_it() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        for _ in range(20):
            await b.pass_time(0.5)
            assert await state(b) == 1

    play(story, *WAGO, wiring=SHUTTER)


def test_a_mask_without_the_polling_function_runs_out_under_traffic() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        await b.do("reset")
        await write(b, MASK, 0xFFFF & ~(1 << 2))  # all but function 3
        await write(b, 0x1003, 7)
        with pytest.raises(DeviceRefused) as refused:
            for _ in range(20):
                await b.pass_time(0.1)
                await state(b)
        assert refused.value.code == 4

    play(story, *WAGO, wiring=SHUTTER)


def test_a_mask_is_not_changed_while_it_runs() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        with pytest.raises(DeviceRefused):
            await write(b, MASK, 0)
        await armed(b, 20)
        await b.pass_time(1.5)
        assert await state(b) == 1

    play(story, *WAGO, wiring=SHUTTER)


def test_a_restart_lets_it_run_again_with_the_same_time() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        await b.pass_time(2.0)
        with pytest.raises(DeviceRefused):
            await write(b, RESTART, 2)
        await write(b, RESTART, 1)
        assert await state(b) == 1
        await b.pass_time(2.0)
        with pytest.raises(DeviceRefused):
            await state(b)

    play(story, *WAGO, wiring=SHUTTER)


def test_the_long_way_to_stop_it_takes_both_words() -> None:
    async def story(b: Bench) -> None:
        await armed(b, 10)
        await write(b, 0x1005, 0x5555)
        assert await state(b) == 1
        await write(b, 0x1005, 0xAAAA)
        await write(b, 0x1005, 0x5555)
        assert await state(b) == 0
        await b.pass_time(5.0)
        assert await state(b) == 0

    play(story, *WAGO, wiring=SHUTTER)
