"""One swap in virtual time, seen through its messages alone: the source of the screen's picture and of its tests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmware_py.core.events import Action, Operator
from firmware_py.screen.model import ScreenModel
from firmware_py.screen.render import Screen
from firmware_py.screen.svg import picture
from hal.config.bundle import Station
from hal.contract import SimulatorNotice, StepEvent
from hal.contract.messages import SimulatorValues
from sim.campaigns.observed import FINAL
from sim.campaigns.virtual import EPOCH_MS, virtual_station
from sim.faults import inject
from sim.vloop import run_virtual

PACKS_READ_S: Final = 2.0
LONGEST_S: Final = 300.0
SHOWN_ROW: Final = "18.lower"
SHOWN_AFTER_MS: Final = 2000


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and when it passed the broker, ms since 1970 UTC of the virtual clock."""

    at_ms: int
    topic: str
    payload: bytes


def rehearse(station: Station, seed: int, *, speed: float = 1.0, faults: Sequence[str] = ()) -> list[Heard]:
    """All messages of a station that serves one car, up to the final answer to its order or `LONGEST_S`."""
    return run_virtual(_swap(station, seed, speed, faults), seed)


async def _swap(station: Station, seed: int, speed: float, faults: Sequence[str]) -> list[Heard]:
    async with virtual_station(station, seed, speed=speed) as running:
        values = SimulatorValues(station=station.name, speed=speed)
        notice = SimulatorNotice(ts=running.now_ms(), id="rehearsal-notice", seq=0, values=values)
        running.publish(running.topics.simulator, notice.model_dump_json().encode())
        await running.controller.ready.wait()
        await running.controller.operate(Operator(Action.RESET, "rehearsal"))
        await asyncio.sleep(PACKS_READ_S)
        for fault in faults:
            name, *arguments = fault.split()
            inject(running.rig, name, **dict(argument.split("=", 1) for argument in arguments))
        running.order("order-1")
        for _ in range(round(LONGEST_S)):
            await asyncio.sleep(1.0)
            replies = [line for line in running.trace[-40:] if running.topics.order_reply in line]
            if any(f'"{answer}"' in line for line in replies for answer in FINAL):
                break
        return [_heard(line) for line in running.trace]


def _heard(line: str) -> Heard:
    at_s, topic, payload = line.split(" ", 2)
    return Heard(EPOCH_MS + round(float(at_s) * 1000), topic, payload.encode())


def picture_of_swap(station: Station, seed: int, width: int, height: int) -> str:
    """The screen at a moment worth showing, as SVG: locks proven, the head down, three rows of the chart at once."""
    model = ScreenModel(station.config.station.site, station.name)
    moment_ms: float = float("inf")
    for heard in rehearse(station, seed):
        if heard.at_ms > moment_ms:
            break
        taken = model.feed(heard.topic, heard.payload)
        if isinstance(taken, StepEvent) and taken.values.row == SHOWN_ROW and taken.values.phase == "started":
            moment_ms = heard.at_ms + SHOWN_AFTER_MS
    return picture(Screen(model.view(round(moment_ms))), width, height, "swapstation demo")
