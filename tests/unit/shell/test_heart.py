"""The heartbeat and the fastest poll share a line: a beat goes between two polls and makes none of them late."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from hal.config.loader import load_station
from sim.campaigns.virtual import virtual_station
from tests.unit.shell.fakes import virtual

PACE_S = 0.02


@pytest.mark.parametrize("name", ["choco-14", "latch-30"])
def test_a_beat_makes_no_poll_of_the_safety_plc_late(name: str) -> None:
    async def main() -> tuple[list[float], list[float]]:
        loop = asyncio.get_running_loop()
        polls: list[float] = []
        beats: list[float] = []
        async with virtual_station(load_station(name), 1) as running:
            async with asyncio.timeout(20):
                await running.controller.ready.wait()
            plc = running.emulators.units["safety_plc"]
            assert plc.reply_s > 0, "a beat takes time on its line"
            read, write = plc.read, plc.write

            def polled(*request: Any) -> tuple[int, ...]:
                polls.append(loop.time())
                return read(*request)

            def beaten(*request: Any) -> None:
                beats.append(loop.time())
                write(*request)

            plc.read, plc.write = polled, beaten  # type: ignore[method-assign]
            for poller in running.controller._pollers:
                poller.set_periods({"safety_plc": PACE_S})
            await asyncio.sleep(0.5)
            polls.clear()
            running.controller.effector.enable_wanted.set()
            await asyncio.sleep(10.0)
            return polls[:], beats[:]

    polls, beats = virtual(main())
    assert len(beats) == pytest.approx(100, abs=2), "one each 0.1 s"
    assert max(b - a for a, b in pairwise(beats)) < 0.15
    assert max(abs(b - a - PACE_S) for a, b in pairwise(polls)) < 0.0005
