"""What two runs are taken for the same by: it changes with what decides how they go on, and with nothing else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from firmware_py.core.events import Action, Operator
from hal.config.loader import load_station
from hal.readings import LockState
from sim.campaigns.director import Director
from sim.campaigns.sameness import sameness, word
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import inject
from sim.scenario import load_scenario
from sim.vloop import run_virtual

Change = Callable[[VirtualStation], Any]


def words(*changes: Change) -> list[str]:
    """The word of an idle station, then after each change."""

    async def look() -> list[str]:
        async with virtual_station(load_station("choco-14"), 1) as running:
            director = Director(load_scenario("happy").scenario, stage_of(running))
            await running.controller.ready.wait()
            await asyncio.sleep(2.0)
            told = [sameness(running, director)]
            for change in changes:
                made = change(running)
                if made is not None:
                    await made
                running.world.advance(asyncio.get_running_loop().time())
                told.append(sameness(running, director))
            return told

    return run_virtual(look(), 1)


def test_time_alone_changes_nothing() -> None:
    first, later = words(lambda _: asyncio.sleep(100.0))
    assert first == later


@pytest.mark.parametrize(
    "change",
    [
        lambda r: setattr(r.world.packs.at["bay-1"], "fault_bits", 1),
        lambda r: setattr(r.world.packs.at["bay-1"], "temp_degc", 50.0),
        lambda r: r.world.packs.move("bay-1", "isolation"),
        lambda r: r.world.lift.axis.put(40.0),
        lambda r: setattr(r.world.locks.points[3], "tight", True),
        lambda r: setattr(r.world.locks.points[3], "verdict", LockState.FAILED),
        lambda r: inject(r.rig, "estop"),
        lambda r: inject(r.rig, "lift-deaf"),
        lambda r: r.world.queue_car(),
        lambda r: r.operate(Operator(Action.RESET, "person")),
    ],
    ids=["pack-fault", "pack-hot", "pack-moved", "lift", "lock-point", "verdict", "estop", "lift-deaf", "car", "reset"],
)
def test_what_decides_changes_the_word(change: Change) -> None:
    def once(running: VirtualStation) -> Any:
        made = change(running)
        return made if asyncio.iscoroutine(made) else None

    first, other = words(once)
    assert first != other


def test_what_a_person_will_say_and_what_is_still_to_come_are_told_with_it() -> None:
    async def look() -> list[set[str]]:
        async with virtual_station(load_station("choco-14"), 1) as running:
            stage, told = stage_of(running), []
            names = ("happy", "operator-abort", "charger-fault")
            for people in (False, True):
                coming = [Director(load_scenario(n).scenario, stage).coming(people=people) for n in names]
                told.append({word("same", each, person) for each in coming if each for person in ("resume", "abort")})
            return told

    assert [len(told) for told in run_virtual(look(), 1)] == [6, 4], "where people act, the operator's acts do not come"
