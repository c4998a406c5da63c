"""A stop behind a request that runs into its time-out: on every carrier it leaves within the bound of its line."""

import asyncio
from pathlib import Path

import pytest

from hal.errors import LinkTimeout
from hal.ports import Table
from tests.contract.modbus_rig import LONG_S, WAYS, Rig, make_rig, played, running

TIMEOUT_S, QUIET_S = 0.05, 0.1
WIRE_S = 0.003
"""Request and answer of one register at 115,200 Bd, and the gap between frames: 8 + 7 bytes of 95 us, 1.75 ms."""


@pytest.fixture(name="rig", params=WAYS)
def _rig(request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port: int) -> Rig:
    return make_rig(request.param, tmp_path, unused_tcp_port)


@played
async def test_a_stop_leaves_after_time_out_quiet_and_its_own_frame(rig: Rig) -> None:
    """The read of a mute unit is under way and others wait: the stop goes next, once the line may speak."""
    slack_s = 0.03 if rig.name in ("tcp", "rtu") else 0.0  # a real clock on a busy machine
    options = {"quiet_s": QUIET_S} if rig.name in ("rtu", "frames-rtu") else {}
    loop = asyncio.get_running_loop()
    async with running(rig, **options) as link, asyncio.TaskGroup() as group:
        rig.devices[1].mute = True

        async def silent() -> None:
            with pytest.raises(LinkTimeout):
                await link.read(1, Table.HOLDING, 0, 1, timeout_s=TIMEOUT_S)

        group.create_task(silent())
        for address in range(20):
            group.create_task(link.read(2, Table.HOLDING, address, 1, timeout_s=LONG_S))
        await rig.devices[1].asked.wait()
        decided_s = loop.time()
        await link.write(2, Table.HOLDING, 9, (1,), multiple=False, timeout_s=LONG_S, urgent=True)
        stopped_s = rig.devices[2].at[0] - decided_s
    assert rig.devices[2].log[0] == ("write", 9)
    quiet_s = QUIET_S if rig.serial else 0.0
    assert stopped_s <= TIMEOUT_S + quiet_s + 2 * WIRE_S + slack_s
    assert stopped_s >= TIMEOUT_S + quiet_s - 2 * WIRE_S, "the line was quiet so long"
