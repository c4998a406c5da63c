"""A hold that nobody asked for: the safety PLC is not heard for a moment. What the station says, and how it goes on."""

import asyncio
from collections.abc import Callable

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.shell.status import status_of
from hal.config.loader import load_station
from hal.contract import StationState
from hal.ports import Message
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual

STATION = load_station("latch-30")
"""Its safety gateway drops all virtual inputs when nobody writes for 500 ms, and does not restore them by itself."""


async def _until(holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():
            await asyncio.sleep(0.01)


async def _moving(running: VirtualStation) -> None:
    controller = running.controller
    await controller.ready.wait()
    await controller.operate(Operator(Action.RESET, "test"))
    await _until(lambda: controller.state.packml is PackML.IDLE)
    await asyncio.sleep(2.0)
    running.order("order-1")
    await _until(lambda: running.world.stacker.moving)


@pytest.mark.parametrize("silent_s", [0.15, 2.0])
def test_a_safety_plc_not_heard_for_a_moment_holds_the_swap_which_says_why_and_goes_on(silent_s: float) -> None:
    """The shorter silence leaves no fault, the longer one that of the run-enable that could not be taken away."""

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            controller, safety = running.controller, running.world.safety
            last: list[StationState] = []

            def hear(message: Message) -> None:
                last.append(StationState.model_validate_json(message.payload))

            running.broker.subscribe_local(running.topics.station, hear)
            await _moving(running)
            inject(running.rig, "unit-silent", unit="safety_plc")
            await asyncio.sleep(silent_s)
            clear(running.rig, "unit-silent", unit="safety_plc")
            await _until(lambda: controller.state.packml is PackML.HELD)
            await asyncio.sleep(5.0)
            left = [fault.key for fault in controller.state.faults]
            assert left == ([(FaultCode.COMMAND_FAILED, "safety")] if silent_s > 1.0 else [])
            assert not safety.drives_enabled
            why = controller.state.held_for
            assert why.startswith("LINK_LOST safety: ")
            assert last[-1].values.held_for == why
            status = status_of(controller, controller._links)
            assert status["held_for"] == why
            if not left:
                assert status["next"] == f"held for {why}; resume to go on with the swap, or abort to give it up"
            await controller.operate(Operator(Action.RESUME, "test"))
            await _until(lambda: controller.state.packml is PackML.EXECUTE and safety.drives_enabled, 5.0)
            await _until(lambda: running.world.stacker.moving)
            assert last[-1].values.held_for == ""
            await asyncio.sleep(30.0)
            assert controller.state.packml is PackML.EXECUTE
            assert not running.world.referee.breaches

    virtual(main())
