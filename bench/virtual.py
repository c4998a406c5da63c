"""One swap of the whole station in virtual time, for the benches."""

import asyncio
import json
import time
from dataclasses import dataclass

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from hal.config.bundle import Station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.vloop import run_virtual

STATION = "choco-14"
PACKS_HEARD_S = 3.0
"""By then every pack in the rack has said who it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one swap took: plant seconds from admission to release, simulated and processor seconds of the whole."""

    swap_s: float
    busy_sim_s: float
    busy_cpu_s: float
    idle_sim_s: float
    idle_cpu_s: float
    breaches: int


async def _run(station: Station, seed: int, jitter: float, idle_s: float) -> Run:
    loop = asyncio.get_running_loop()
    async with virtual_station(station, seed, jitter=jitter) as v:
        await v.controller.ready.wait()
        await v.controller.operate(Operator(Action.RESET, "bench"))
        await _until(v, PackML.IDLE)
        await asyncio.sleep(PACKS_HEARD_S)
        cpu, sim = time.process_time(), loop.time()
        await asyncio.sleep(idle_s)
        idle_cpu_s, idle_sim_s = max(time.process_time() - cpu, 1e-9), loop.time() - sim
        car = v.world.queue_car()
        cpu, sim = time.process_time(), loop.time()
        v.order("o1", car.vin)
        await _until(v, PackML.EXECUTE)
        await _until(v, PackML.IDLE)
        busy_cpu_s, busy_sim_s = time.process_time() - cpu, loop.time() - sim
        await asyncio.sleep(1.0)
        record = next(json.loads(line.split(" ", 2)[2]) for line in v.trace if f" {v.topics.record} " in line)
        if record["values"]["outcome"] != "completed" or not record["values"]["lock_proven"]:
            raise RuntimeError(f"seed {seed}: the swap did not complete: {record['values']}")
        return Run(
            record["values"]["duration_s"],
            busy_sim_s,
            busy_cpu_s,
            idle_sim_s,
            idle_cpu_s,
            len(v.world.referee.breaches),
        )


async def _until(v: VirtualStation, packml: PackML) -> None:
    async with asyncio.timeout(600):
        while v.controller.state.packml is not packml:
            await asyncio.sleep(0.05)


def run_swap(station: Station, seed: int, *, jitter: float = 0.0, idle_s: float = 0.0) -> Run:
    """Reset, idle for a while, one order, one car. Raises RuntimeError when the swap does not complete."""
    return run_virtual(_run(station, seed, jitter, idle_s), seed)
