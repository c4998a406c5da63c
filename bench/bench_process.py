"""The controller as a process on real wires with every pack sending: start, memory, processor."""

import asyncio
import os
from typing import Final

from bench.figure import Comparison, Figure
from bench.wire import STATION, wire

LARGE: Final = "latch-30"
IDLE_S: Final = float(os.environ.get("BENCH_IDLE_S", "30"))
SETTLE_S: Final = 5.0
SUBJECT: Final = ("firmware_py/**/*.py", "hal/**/*.py", "config/**/*.toml", "pyproject.toml")
COMMAND: Final = "make bench NAMES=process"


async def _measure(station: str) -> tuple[float, float, float, float]:
    loop = asyncio.get_running_loop()
    async with wire(station=station) as w:
        await w.ask("reset")
        await w.until(lambda s: s["packml"] == "Idle", 30.0)
        await asyncio.sleep(SETTLE_S)
        cpu, at = w.cpu_s(), loop.time()
        await asyncio.sleep(IDLE_S)
        idle = (w.cpu_s() - cpu) / (loop.time() - at)
        w.served.send_car()
        await w.until(lambda s: any(r["row"] == "1" for r in s["rows"]), 60.0)
        cpu, at = w.cpu_s(), loop.time()
        await w.until(lambda s: s["place"] == "S4", 400.0, 0.5)
        swapping = (w.cpu_s() - cpu) / (loop.time() - at)
        rss = w.rss_mib()
        await w.until(lambda s: s["packml"] == "Idle", 60.0, 0.5)
        return w.ready_s, rss, idle, swapping


def run() -> list[Figure]:
    """One start, an idle stretch, one swap at plant speed 1; on the larger station too."""
    ready_s, rss_mib, idle, swapping = asyncio.run(_measure(STATION))
    large = asyncio.run(_measure(LARGE))
    note = "all packs send 20 frames/s"
    return [
        Figure("controller, start to READY", "3", Comparison.AT_MOST, ready_s, "s", COMMAND, SUBJECT, note),
        Figure("controller, memory (RSS)", "120", Comparison.AT_MOST, rss_mib, "MiB", COMMAND, SUBJECT, "after a swap"),
        Figure(
            "controller, processor, idle", "10", Comparison.AT_MOST, 100 * idle, "% of a core", COMMAND, SUBJECT, note
        ),
        Figure(
            "controller, processor, swapping",
            "25",
            Comparison.AT_MOST,
            100 * swapping,
            "% of a core",
            COMMAND,
            SUBJECT,
            note,
        ),
        *(_share(when, share) for when, share in zip(("idle", "swapping"), large[2:], strict=True)),
    ]


def _share(when: str, share: float) -> Figure:
    name = f"controller on {LARGE}, processor, {when}"
    return Figure(
        name, "25", Comparison.AT_MOST, 100 * share, "% of a core", COMMAND, SUBJECT, "30 bays, all packs send"
    )
