"""Units that answer wrongly, on every way to reach them: what the caller gets, how long it takes, what comes after."""

import asyncio
from pathlib import Path

import pytest

from hal.errors import DeviceRefused, LinkGarbage, LinkTimeout
from hal.ports import LinkState, Table
from sim.emulators.faults import Spoil
from tests.contract.modbus_rig import (
    LONG_S,
    SHORT_S,
    WAYS,
    Device,
    Rig,
    failing_within,
    frames_rig,
    make_rig,
    played,
    running,
    until,
)

LIMIT_S = 0.1


@pytest.fixture(name="rig", params=WAYS)
def _rig(request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port: int) -> Rig:
    return make_rig(request.param, tmp_path, unused_tcp_port)


serial_only = pytest.mark.parametrize("rig", ["rtu", "frames-rtu"], indirect=True)
words_and_frames = pytest.mark.parametrize("rig", ["tcp", "rtu", "frames-tcp", "frames-rtu"], indirect=True)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 0x0A, 0x0B])
@played
async def test_every_exception_code_reaches_the_caller(rig: Rig, code: int) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.refuses = code
        with pytest.raises(DeviceRefused) as refused:
            await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        assert refused.value.code == code
        with pytest.raises(DeviceRefused):
            await link.write(1, Table.HOLDING, 0, (1,), multiple=False, timeout_s=LONG_S)
        assert rig.devices[1].log == []
        assert link.state is LinkState.READY


@pytest.mark.parametrize(
    "spoil", [Spoil.NOISE, Spoil.CHECKSUM, Spoil.TRUNCATED, Spoil.OTHER_UNIT, Spoil.OTHER_FUNCTION, Spoil.ECHO], ids=str
)
@played
async def test_an_answer_that_is_none_is_garbage_within_the_time_out(rig: Rig, spoil: Spoil) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.spoil = spoil
        await failing_within(LIMIT_S + 0.1, link.read(1, Table.HOLDING, 0, 4, timeout_s=LIMIT_S), LinkGarbage)
        rig.devices[1].fault.spoil = None
        if link.state is not LinkState.READY:
            await until(link, LinkState.READY)  # type: ignore[arg-type] # TCP begins anew
        assert await link.read(1, Table.HOLDING, 7, 4, timeout_s=LONG_S) == (7, 8, 9, 10)


@pytest.mark.parametrize("spoil", [Spoil.CHECKSUM, Spoil.LOST, Spoil.TRUNCATED], ids=str)
@played
async def test_a_write_with_a_bad_answer_happened_once_and_is_not_repeated(rig: Rig, spoil: Spoil) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.spoil = spoil
        with pytest.raises((LinkGarbage, LinkTimeout)):
            await link.write(1, Table.HOLDING, 0, (5,), multiple=False, timeout_s=LIMIT_S)
        rig.devices[1].fault.spoil = None
        if link.state is not LinkState.READY:
            await until(link, LinkState.READY)  # type: ignore[arg-type]
        assert await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S) == (5,)
        assert rig.devices[1].log == [("write", 0), ("read", 0)]


@pytest.mark.parametrize("spoil", [Spoil.SPLIT, Spoil.TWICE], ids=str)
@played
async def test_an_answer_in_pieces_or_twice_does_no_harm(rig: Rig, spoil: Spoil) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.spoil = spoil
        for address in range(4):
            assert await link.read(1, Table.HOLDING, address, 2, timeout_s=LONG_S) == (address, address + 1)
        assert await link.read(2, Table.HOLDING, 9, 1, timeout_s=LONG_S) == (9,)


@played
async def test_a_late_write_is_told_as_unknown_and_its_echo_taken_for_nothing_else(rig: Rig) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.late_s = 2 * SHORT_S
        with pytest.raises(LinkTimeout):
            await link.write(1, Table.HOLDING, 3, (8,), multiple=False, timeout_s=SHORT_S)
        rig.devices[1].fault.late_s = 0.0
        await link.write(1, Table.HOLDING, 4, (9,), multiple=False, timeout_s=LONG_S)
        assert await link.read(1, Table.HOLDING, 3, 2, timeout_s=LONG_S) == (8, 9)
        assert [what for what, _ in rig.devices[1].log] == ["write", "write", "read"]


@words_and_frames
@played
async def test_a_unit_without_an_answer_costs_a_gateway_no_other_unit(rig: Rig) -> None:
    """Behind one connection: exceptions 0x0A and 0x0B are per unit, silence is per request, the connection stays."""
    rig.devices.update({unit: Device() for unit in range(1, 7)})
    rig.devices[2].fault.refuses, rig.devices[3].fault.refuses = 0x0A, 0x0B
    rig.devices[4].fault.silent = True
    seen: list[LinkState] = []
    async with running(rig) as link:
        link.on_state(seen.append)  # type: ignore[attr-defined]
        for turn in range(4):
            for unit in (1, 5, 6):
                assert await link.read(unit, Table.HOLDING, turn, 1, timeout_s=LONG_S) == (turn,)
            for unit, code in ((2, 0x0A), (3, 0x0B)):
                with pytest.raises(DeviceRefused) as refused:
                    await link.read(unit, Table.HOLDING, 0, 1, timeout_s=LONG_S)
                assert refused.value.code == code
            with pytest.raises(LinkTimeout):
                await link.read(4, Table.HOLDING, 0, 1, timeout_s=SHORT_S)
        assert seen == []


@serial_only
@played
async def test_an_answer_later_than_the_quiet_time_is_refused_by_its_form(rig: Rig) -> None:
    async with running(rig, quiet_s=0.0) as link:
        rig.devices[1].fault.late_s = 3 * SHORT_S
        with pytest.raises(LinkTimeout):
            await link.read(1, Table.HOLDING, 100, 1, timeout_s=SHORT_S)
        with pytest.raises(LinkGarbage):
            await link.read(1, Table.HOLDING, 200, 2, timeout_s=LONG_S)


@serial_only
@played
async def test_a_line_is_quiet_after_garbage_too(rig: Rig) -> None:
    """A damaged answer may have a rest behind it."""
    quiet_s = 0.1
    async with running(rig, quiet_s=quiet_s) as link:
        rig.devices[1].fault.spoil = Spoil.CHECKSUM
        with pytest.raises(LinkGarbage):
            await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        failed_s = asyncio.get_running_loop().time()
        await link.read(2, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        assert rig.devices[2].at[0] - failed_s >= quiet_s - 0.001


def test_without_quiet_and_with_one_form_a_late_answer_would_pass_which_is_why_both_are_there() -> None:
    """The trap itself, in virtual time: same unit, function and length, and no quiet line."""

    @played
    async def trap(rig: Rig) -> None:
        async with running(rig, quiet_s=0.0) as link:
            rig.devices[1].fault.late_s = 1.5 * SHORT_S
            with pytest.raises(LinkTimeout):
                await link.read(1, Table.HOLDING, 100, 1, timeout_s=SHORT_S)
            rig.devices[1].fault.late_s = 0.0
            assert await link.read(1, Table.HOLDING, 200, 1, timeout_s=LONG_S) == (100,)

    trap(rig=frames_rig(115200))
