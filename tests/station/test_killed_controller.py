"""A controller that is killed is gone: it decides nothing any more, and nothing of it reaches a wire or the journal."""

import asyncio
import json
from typing import Any

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.vloop import run_virtual

STATION = load_station("choco-14")


class Wires:
    """A wire log that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def put(self, entry: bytes, frames: bytes = b"") -> None:
        self.said.append(json.loads(entry))


async def with_a_car_in_place(running: VirtualStation) -> None:
    """The car stands in the grooves and talks: its bus brings frames all the time."""
    await running.controller.ready.wait()
    await running.operate(Operator(Action.RESET, "test"))
    async with asyncio.timeout(300.0):
        while running.controller.state.packml is not PackML.IDLE:
            await asyncio.sleep(0.1)
        await asyncio.sleep(3.0)
        running.order("o1")
        while running.controller.observer.image.car.vin is None:
            await asyncio.sleep(0.1)


def test_it_neither_decides_nor_says_anything_after_its_death() -> None:
    async def main() -> None:
        wires = Wires()
        async with virtual_station(STATION, 1, wire_log=wires) as running:
            await with_a_car_in_place(running)
            dead, heard = running.controller, len(wires.said)
            inject(running.rig, "controller-dead")
            await asyncio.sleep(0.0)
            rows = len(await running.journal.rows(Query()))
            state, image, told = dead.state, dead.observer.image, len(running.trace)

            inject(running.rig, "estop")
            await asyncio.sleep(10.0)

            assert heard > 1000
            assert wires.said[heard:] == [], "it hears nothing either"
            assert dead.state is state
            assert dead.observer.image is image
            assert len(await running.journal.rows(Query())) == rows
            assert running.trace[told:] == []

            clear(running.rig, "estop")
            clear(running.rig, "controller-dead")
            await running.controller.ready.wait()
            assert running.controller is not dead
            assert running.controller.state.packml is PackML.HELD
            assert dead.state is state

    run_virtual(main(), 1)


def test_started_again_at_once_it_speaks_only_when_nothing_is_left_of_the_one_before() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await with_a_car_in_place(running)
            dead = running.controller
            inject(running.rig, "controller-dead")
            clear(running.rig, "controller-dead")
            clear(running.rig, "controller-dead")
            state = dead.state
            while running.controller.state.packml is not PackML.HELD:
                assert running.world.safety.run_enable is True, "the dead has dropped nothing on its way out"
                await asyncio.sleep(0.0001)
            assert running.controller is not dead
            await asyncio.sleep(5.0)
            assert running.controller.state.packml is PackML.HELD
            assert dead.state is state
            assert running.world.safety.run_enable is False, "started again it holds, and drops run-enable"

    run_virtual(main(), 1)
