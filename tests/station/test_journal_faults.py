"""The disk fails at each call of the journal: no command leaves any more, motion stops, the station is Held."""

import asyncio
from itertools import pairwise

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import JournalError
from firmware_py.shell.status import status_of
from hal.commands import Command, Heartbeat, RunEnable, Signal, Stop
from hal.config.loader import load_station
from sim.campaigns.disk_faults import KINDS, strike, wrong
from sim.campaigns.ear import listen
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.scenario import load_scenario
from sim.vloop import run_virtual

AT_THE_START = range(1, 10)
"""Calls of the look back, reads among them, and the first rows."""
AS_AN_ORDER_COMES = (16, 17, 18)
IN_A_SWAP = range(14, 150, 9)


@pytest.mark.parametrize("call", [*AT_THE_START, *AS_AN_ORDER_COMES, *IN_A_SWAP])
def test_a_failure_at_this_call_stops_everything(call: int) -> None:
    seen = strike(call, list(KINDS)[call % len(KINDS)])
    assert seen.found_at_s is not None, "the run ended before that call"
    assert wrong(seen) == []


def test_without_a_failure_there_is_nothing_to_find() -> None:
    seen = strike(None)
    assert seen.calls > max(IN_A_SWAP)
    assert (seen.found_at_s, seen.faults, seen.packml) == (None, [], PackML.IDLE)
    assert {"nobody was told", "the station is Idle"} <= set(wrong(seen))


def hanging(play: str) -> tuple[list[float], VirtualStation]:
    """Intervals between decisions while every commit hangs for 2 s in mid-motion."""

    async def main() -> tuple[list[float], VirtualStation]:
        loop, at = asyncio.get_running_loop(), list[float]()
        async with virtual_station(load_station("choco-14"), 1) as running:
            controller = running.controller
            decided = controller.progress.decided

            def noted() -> None:
                at.append(loop.time())
                decided()

            controller.progress.decided = noted  # type: ignore[method-assign]
            async with asyncio.timeout(10):
                await controller.ready.wait()
            for poller in controller._pollers:
                poller.set_periods({"safety_plc": 0.02})  # as while drives are enabled
            await asyncio.sleep(1.5)
            running.journal.hang(True)
            began = loop.time()
            if play == "hold":
                async with asyncio.timeout(0.1):
                    told = await controller.operate(Operator(Action.HOLD, "ann"))
                assert "nothing runs" in told.reason
            await asyncio.sleep(2.0)
            running.journal.hang(False)
            await asyncio.sleep(0.1)
            return [b - a for a, b in pairwise(at) if a >= began], running

    return run_virtual(main())


def test_the_core_goes_on_deciding_while_a_commit_hangs() -> None:
    between, running = hanging("nothing")
    assert len(between) > 80
    assert max(between) <= running.station.config.process.progress.decide_s


def test_a_hold_waits_for_no_disk() -> None:
    hanging("hold")


def test_a_start_on_a_disk_that_hangs_is_held_with_every_drive_stopped() -> None:
    async def main() -> None:
        async with virtual_station(load_station("choco-14"), 1) as running:
            await running.controller.ready.wait()
            inject(running.rig, "disk-hangs")
            inject(running.rig, "controller-dead")
            clear(running.rig, "controller-dead")
            heard = list[Command]()
            listen(running.controller, heard.append)
            async with asyncio.timeout(running.station.config.process.journal.start_s + 2.0):
                await running.controller.ready.wait()
            fault = running.controller.state.fault(FaultCode.JOURNAL_FAILED, "journal")
            assert fault is not None
            assert "did not tell what was before within 10 s" in fault.text
            assert running.controller.state.packml is PackML.HELD
            assert (
                status_of(running.controller, running.computer.process.wires.links)["recovery"]["outcome"]
                == "not told by the journal"
            )
            assert {Stop("lift"), Stop("shuttle"), Stop("stacker")} <= set(heard)
            assert all(type(command) in {Stop, RunEnable, Heartbeat, Signal} for command in heard)
            clear(running.rig, "disk-hangs")
            with pytest.raises(JournalError, match="did not tell what was before"):
                await running.operate(Operator(Action.RESET, "ann"))

    run_virtual(main())


def test_the_scenario_that_is_struck_is_a_whole_swap() -> None:
    assert load_scenario("happy").scenario.expect.order[0].outcome == "completed"
