"""What every Modbus carrier must do: over sockets, pseudo terminals, bytes in memory and words in memory."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hal.errors import ConfigError, DeviceRefused, LinkDown, LinkTimeout, LinkWithdrawn
from hal.ports import LinkState, Table
from tests.contract.modbus_rig import (
    BY_FRAMES,
    LONG_S,
    SHORT_S,
    WAYS,
    Device,
    Rig,
    failing_within,
    make_rig,
    played,
    running,
    until,
)


@pytest.fixture(name="rig", params=WAYS)
def _rig(request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port: int) -> Rig:
    return make_rig(request.param, tmp_path, unused_tcp_port)


by_frames = pytest.mark.parametrize("rig", BY_FRAMES, indirect=True)
"""Only where there is a connection that can break."""


@played
async def test_every_table_is_read(rig: Rig) -> None:
    async with running(rig) as link:
        assert await link.read(1, Table.HOLDING, 0x1000, 3, timeout_s=LONG_S) == (0x1000, 0x1001, 0x1002)
        assert await link.read(2, Table.INPUT, 0xFF, 125, timeout_s=LONG_S) == tuple(range(0xFF, 0xFF + 125))
        assert await link.read(1, Table.COIL, 1, 11, timeout_s=LONG_S) == (1, 0) * 5 + (1,)
        assert await link.read(1, Table.DISCRETE, 0, 8, timeout_s=LONG_S) == (0, 1) * 4


@played
async def test_writes_single_and_multiple(rig: Rig) -> None:
    async with running(rig) as link:
        await link.write(1, Table.HOLDING, 4, (77,), multiple=False, timeout_s=LONG_S)
        await link.write(1, Table.HOLDING, 5, (0xFFFF, 0), multiple=True, timeout_s=LONG_S)
        await link.write(1, Table.COIL, 0, (1,), multiple=False, timeout_s=LONG_S)
        await link.write(1, Table.COIL, 1, (0, 1, 0, 0, 1, 1, 0, 1, 1), multiple=True, timeout_s=LONG_S)
        assert await link.read(1, Table.HOLDING, 4, 3, timeout_s=LONG_S) == (77, 0xFFFF, 0)
        assert await link.read(1, Table.COIL, 0, 10, timeout_s=LONG_S) == (1, 0, 1, 0, 0, 1, 1, 0, 1, 1)


@pytest.mark.parametrize(
    ("table", "address", "values", "multiple"),
    [
        (Table.INPUT, 0, (1,), False),
        (Table.HOLDING, 0, (0x10000,), False),
        (Table.HOLDING, 0, (1, 2), False),
        (Table.HOLDING, 0xFFFF, (1, 2), True),
        (Table.HOLDING, 0, (0,) * 124, True),
        (Table.COIL, 0, (2,), False),
    ],
)
@played
async def test_a_write_that_no_frame_holds_is_ours_to_mend(
    rig: Rig, table: Table, address: int, values: tuple[int, ...], multiple: bool
) -> None:
    async with running(rig) as link:
        with pytest.raises(ConfigError):
            await link.write(1, table, address, values, multiple=multiple, timeout_s=LONG_S)
        assert rig.devices[1].log == []


@played
async def test_a_refusal_keeps_its_code_and_the_link(rig: Rig) -> None:
    async with running(rig) as link:
        with pytest.raises(DeviceRefused) as refused:
            await link.read(1, Table.HOLDING, 0xEE00, 1, timeout_s=LONG_S)
        assert refused.value.code == 2
        assert await link.read(1, Table.HOLDING, 7, 1, timeout_s=LONG_S) == (7,)


@played
async def test_a_silent_unit_times_out_and_the_next_one_answers(rig: Rig) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.silent = True
        with pytest.raises(LinkTimeout):
            await link.read(1, Table.HOLDING, 0, 1, timeout_s=SHORT_S)
        assert await link.read(2, Table.HOLDING, 9, 1, timeout_s=LONG_S) == (9,)
        assert link.state is LinkState.READY


@played
async def test_a_late_answer_never_becomes_another_register(rig: Rig) -> None:
    async with running(rig) as link:
        rig.devices[1].fault.late_s = 2 * SHORT_S
        with pytest.raises(LinkTimeout):
            await link.read(1, Table.HOLDING, 100, 1, timeout_s=SHORT_S)
        rig.devices[1].fault.late_s = 0.0
        assert await link.read(1, Table.HOLDING, 200, 1, timeout_s=LONG_S) == (200,)


@played
async def test_a_write_leaves_once(rig: Rig) -> None:
    async with running(rig) as link:
        rig.devices[1].mute = True
        with pytest.raises(LinkTimeout):
            await link.write(1, Table.HOLDING, 0, (5,), multiple=False, timeout_s=SHORT_S)
        rig.devices[1].mute = False
        await link.read(1, Table.HOLDING, 3, 1, timeout_s=LONG_S)
        assert rig.devices[1].log == [("write", 0), ("read", 3)]


@played
async def test_an_urgent_write_overtakes_what_waits_but_not_what_runs(rig: Rig) -> None:
    rig.devices[1] = Device(reply_s=SHORT_S)
    async with running(rig) as link, asyncio.TaskGroup() as group:
        for address in (1, 2, 3):
            group.create_task(link.read(1, Table.HOLDING, address, 1, timeout_s=LONG_S))
        async with asyncio.timeout(LONG_S):
            await rig.devices[1].asked.wait()
        await link.write(1, Table.HOLDING, 9, (1,), multiple=False, timeout_s=LONG_S, urgent=True)
    assert rig.devices[1].log == [("read", 1), ("write", 9), ("read", 2), ("read", 3)]


@played
async def test_a_start_that_waits_does_not_leave_after_the_stop(rig: Rig) -> None:
    """The line is busy, a start waits, a stop overtakes it: the start is withdrawn, or it would undo the stop."""
    rig.devices[1] = Device(reply_s=SHORT_S)
    wanted = True
    async with running(rig) as link, asyncio.TaskGroup() as group:
        group.create_task(link.read(1, Table.HOLDING, 1, 1, timeout_s=LONG_S))
        async with asyncio.timeout(LONG_S):
            await rig.devices[1].asked.wait()

        async def start() -> None:
            with pytest.raises(LinkWithdrawn):
                await link.write(1, Table.HOLDING, 7, (1,), multiple=False, timeout_s=LONG_S, still=lambda: wanted)

        group.create_task(start())
        await asyncio.sleep(0)
        wanted = False
        await link.write(1, Table.HOLDING, 7, (0,), multiple=False, timeout_s=LONG_S, urgent=True)
    assert rig.devices[1].log == [("read", 1), ("write", 7)]
    assert rig.devices[1].cells[Table.HOLDING, 7] == 0


@played
async def test_a_caller_that_leaves_spoils_nothing(rig: Rig) -> None:
    rig.devices[1] = Device(reply_s=SHORT_S)
    async with running(rig) as link:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT_S / 2), asyncio.TaskGroup() as group:
                group.create_task(link.read(1, Table.HOLDING, 1, 1, timeout_s=LONG_S))
                group.create_task(link.write(1, Table.HOLDING, 2, (0,), multiple=False, timeout_s=LONG_S))
        assert await link.read(1, Table.HOLDING, 3, 1, timeout_s=LONG_S) == (3,)
    assert rig.devices[1].log == [("read", 1), ("read", 3)]  # the waiting write never left


@by_frames
@played
async def test_the_gap_of_a_unit_is_kept(rig: Rig) -> None:
    gap_s = 0.05
    async with running(rig, min_gap_s={1: gap_s}) as link:
        await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        first_s, second_s = rig.devices[1].at
        assert second_s - first_s >= gap_s


@by_frames
@played
async def test_a_link_that_is_down_fails_at_once(rig: Rig) -> None:
    async with rig.connect() as link:
        await failing_within(LONG_S / 2, link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S), LinkDown)


@by_frames
@played
async def test_the_link_comes_back_after_a_restart_of_the_device(rig: Rig) -> None:
    rig.devices[1] = Device()
    seen: list[LinkState] = []
    async with rig.connect() as link:
        link.on_state(seen.append)
        for _ in range(2):
            async with rig.serve():
                await until(link, LinkState.READY)
                assert await link.read(1, Table.HOLDING, 6, 1, timeout_s=LONG_S) == (6,)
            await until(link, LinkState.DISCONNECTED)
            with pytest.raises(LinkDown):
                await link.read(1, Table.HOLDING, 6, 1, timeout_s=LONG_S)
    assert seen.count(LinkState.READY) == 2
    assert link.state is LinkState.DISCONNECTED


@by_frames
@played
async def test_a_connection_lost_under_a_request_ends_it_at_once(rig: Rig) -> None:
    device = rig.devices[1] = Device()
    device.mute = True
    async with AsyncExitStack() as server, rig.connect() as link:
        await server.enter_async_context(rig.serve())
        await until(link, LinkState.READY)
        async with asyncio.TaskGroup() as group:
            write = link.write(1, Table.HOLDING, 0, (1,), multiple=False, timeout_s=LONG_S)
            group.create_task(failing_within(LONG_S / 2, write, LinkTimeout))
            waiting = link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
            group.create_task(failing_within(LONG_S / 2, waiting, LinkDown))
            await device.asked.wait()
            await server.aclose()
    assert device.log == [("write", 0)]


@by_frames
@played
async def test_closing_the_link_ends_its_requests(rig: Rig) -> None:
    device = rig.devices[1] = Device()
    device.mute = True
    async with asyncio.TaskGroup() as group, running(rig) as link:
        request = link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
        group.create_task(failing_within(LONG_S / 2, request, LinkTimeout))
        await device.asked.wait()


@by_frames
@played
async def test_an_error_in_the_body_is_not_wrapped(rig: Rig) -> None:
    with pytest.raises(LinkTimeout):
        async with rig.connect():
            raise LinkTimeout("of the body")


@played
async def test_many_callers_share_a_line(rig: Rig) -> None:
    async with running(rig) as link:
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(link.read(1 + n % 2, Table.HOLDING, n, 1, timeout_s=LONG_S)) for n in range(60)]
        assert [read.result() for read in reads] == [(n,) for n in range(60)]
