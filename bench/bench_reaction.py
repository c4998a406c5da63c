"""From an edge at the safety PLC to the stop command at the lift's drive, on real wires, many times."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles
from typing import Any, Final

from bench.figure import Comparison, Figure
from bench.wire import Wire, wire
from sim.emulators.unit import UnitEmulator
from sim.faults import clear, inject

EDGES: Final = 2000
STOP_WORD: Final = "quick_stop"
DOCK_ROW: Final = "6"
LIMIT_S: Final = 60.0
SUBJECT: Final = (
    "firmware_py/**/*.py",
    "hal/links/*.py",
    "hal/devices/*.py",
    "hal/codecs/*.py",
    "config/stations/choco-14.toml",
    "config/devices/**/*.toml",
)
COMMAND: Final = "make bench NAMES=reaction"


class Ear:
    """Hears the drive's quick stop: the time at which the emulator took the write. One for a drive."""

    def __init__(self, drive: UnitEmulator) -> None:
        self._act = drive.act
        self.heard: asyncio.Future[float] | None = None
        drive.act = self._listen  # type: ignore[method-assign]

    def _listen(self, written: Any) -> None:
        if STOP_WORD in written and self.heard is not None and not self.heard.done():
            self.heard.set_result(asyncio.get_running_loop().time())
        self._act(written)


async def edges(w: Wire, ear: Ear, count: int, rng: random.Random) -> list[float]:
    """Each edge: the lift moves upward with everything polled; an e-stop; the chain's reset; resume; again.

    Seconds from the edge to the stop at the drive.
    """
    loop, rig = asyncio.get_running_loop(), w.served.rig
    lift = w.served.world.lift
    times = []
    for _ in range(count):
        await _moving(w)
        await asyncio.sleep(rng.random() * 0.05)
        ear.heard = loop.create_future()
        w.served.world.advance(loop.time())
        edge_s = loop.time()
        inject(rig, "estop")
        async with asyncio.timeout(5.0):
            times.append(await ear.heard - edge_s)
        await w.until(lambda s: s["packml"] == "Held", 10.0, 0.02)
        clear(rig, "estop")
        lift.axis.put(w.served.world.plant.home_mm)
        lift.changed()
        inject(rig, "safety-reset")
        async with asyncio.timeout(5.0):
            while not (await w.ask("resume"))["ok"]:
                await asyncio.sleep(0.02)
    return times


async def _moving(w: Wire) -> None:
    """The lift goes up. Raises TimeoutError, which says how the station was, where it does not."""
    world, loop = w.served.world, asyncio.get_running_loop()
    end_s = loop.time() + 10.0
    while True:
        world.advance(loop.time())
        if world.lift.moving and world.safety.drives_enabled:
            return
        if loop.time() > end_s:
            status = await w.ask("status")
            raise TimeoutError(f"the lift does not move: {status.get('status', status)}")
        await asyncio.sleep(0.005)


@asynccontextmanager
async def docking() -> AsyncIterator[tuple[Wire, Ear]]:
    """A station on wires whose lift goes up to the car. Raises RuntimeError where the referee saw a breach."""
    async with wire() as w:
        await w.ask("reset")
        await w.until(lambda s: s["packml"] == "Idle", 10.0)
        await asyncio.sleep(3.0)
        w.served.send_car()
        await w.until(lambda s: any(r["row"] == DOCK_ROW and r["phase"] == "running" for r in s["rows"]), 120.0)
        yield w, Ear(w.served.emulators.units["lift_drive"])
        if w.served.world.referee.breaches:
            raise RuntimeError(f"the referee saw: {w.served.world.referee.breaches[0]}")


async def _measure() -> tuple[list[float], dict[str, float]]:
    async with docking() as (w, ear):
        times = await edges(w, ear, EDGES, random.Random(1))
        return times, {name: unit.reply_s for name, unit in w.served.emulators.units.items()}


def run() -> list[Figure]:
    """Percentiles of `EDGES` edges in ms; the declared latencies of the devices stand beside."""
    times, replies = asyncio.run(_measure())
    cuts = quantiles([1000 * t for t in times], n=1000, method="inclusive")
    note = (
        f"{len(times)} edges, lift moving, all units polled; device latencies: "
        f"safety PLC {1000 * replies['safety_plc']:g} ms, lift drive {1000 * replies['lift_drive']:g} ms at 115,200 Bd"
    )
    name = "reaction, safety edge to stop at the lift"
    return [
        Figure(f"{name}, p50", "", Comparison.NONE, cuts[499], "ms", COMMAND, SUBJECT, note),
        Figure(f"{name}, p99", "", Comparison.NONE, cuts[989], "ms", COMMAND, SUBJECT, note),
        Figure(f"{name}, p99.9", "50", Comparison.AT_MOST, cuts[998], "ms", COMMAND, SUBJECT, note),
    ]
