"""The disk fails at each call of the journal: no command leaves any more, motion stops, the station is Held."""

import asyncio
from itertools import pairwise

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from hal.config.loader import load_station
from sim.campaigns.disk_faults import KINDS, strike, wrong
from sim.campaigns.virtual import VirtualStation, virtual_station
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


def test_the_scenario_that_is_struck_is_a_whole_swap() -> None:
    assert load_scenario("happy").scenario.expect.order[0].outcome == "completed"
