"""A BMS that falls silent in the rack of a running station: a fault of its bay alone, told and taken back."""

import asyncio
from collections.abc import Callable

from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from hal.config.loader import load_station
from sim.campaigns.virtual import virtual_station
from sim.faults import clear, inject
from sim.vloop import run_virtual

STATION = load_station("choco-14")
SILENT = (FaultCode.PACK_SILENT, "bay-3")
LIMIT_S = 20.0


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not reached():
            await asyncio.sleep(0.05)


def test_a_silent_bms_is_told_in_time_and_taken_back_when_it_speaks() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with virtual_station(STATION, 1) as running:
            controller = running.controller
            await controller.ready.wait()
            await controller.operate(Operator(Action.RESET, "test"))
            await until(lambda: controller.state.packml is PackML.IDLE)
            assert controller.state.faults == ()

            began = clock()
            inject(running.rig, "pack-silent", place="bay-3")
            await until(lambda: SILENT in {fault.key for fault in controller.state.faults})
            # unknown after 3 s without a word, told after 3 s more; a look a second
            assert 5.0 <= clock() - began <= 8.0
            assert controller.observer.image.bay(3).serial is None
            assert controller.state.packml is PackML.IDLE
            assert any("PACK_SILENT" in line and "bay-3" in line for line in running.trace)

            clear(running.rig, "pack-silent", place="bay-3")
            await until(lambda: controller.state.faults == ())
            assert controller.observer.image.bay(3).serial is not None

    run_virtual(main(), 1)
