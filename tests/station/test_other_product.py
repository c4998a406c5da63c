"""Another product answers in a unit's place from the start: told, not believed, and forgiven once it is gone."""

import asyncio

from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from hal.config.loader import load_station
from sim.campaigns.virtual import virtual_station
from sim.faults import inject
from sim.faults.inject import clear
from sim.vloop import run_virtual

STATION = load_station("choco-14")
RESET_S, ASKED_AGAIN_S = 6.0, 3.0


def test_its_readings_stay_unknown_until_the_right_one_answers() -> None:
    async def main() -> None:
        async with virtual_station(STATION, seed=1) as on:
            inject(on.rig, "unit-other", unit="platform_io")
            await on.controller.ready.wait()
            await asyncio.sleep(1.0)
            (fault,) = on.controller.state.faults
            assert (fault.code, fault.device) == (FaultCode.DEVICE_IDENTITY_WRONG, "platform")
            assert "platform_io" in fault.text
            assert "series is 751, expected 750" in fault.text
            assert on.controller.observer.image.platform.lane_clear is None

            await on.controller.operate(Operator(Action.RESET, "test"))
            await asyncio.sleep(RESET_S)
            assert on.controller.state.packml.value == "Stopped", "no service with a device that is another"
            assert on.controller.state.fault(FaultCode.DEVICE_IDENTITY_WRONG, "platform"), "a reset is no cure"

            clear(on.rig, "unit-other", unit="platform_io")
            await asyncio.sleep(ASKED_AGAIN_S)
            assert on.controller.state.faults == ()
            assert on.controller.observer.image.platform.lane_clear is True

    run_virtual(main(), 1)
