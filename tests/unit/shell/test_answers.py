"""Who asks gets the answer: orders and operators' acts, each by its own number; and the way out of a moving station."""

import asyncio

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from tests.unit.shell.fakes import virtual

STATION = load_station("choco-14")


async def idle(running: VirtualStation) -> None:
    """Reset to Idle, packs heard."""
    async with asyncio.timeout(20):
        await running.controller.ready.wait()
        await running.controller.operate(Operator(Action.RESET, "tester"))
        await until(running, PackML.IDLE)
        await asyncio.sleep(2.0)


async def until(running: VirtualStation, packml: PackML) -> None:
    while running.controller.state.packml is not packml:
        await asyncio.sleep(0.01)


def replies(running: VirtualStation) -> list[str]:
    return [line for line in running.trace if running.topics.order_reply in line]


def test_two_who_ask_the_same_at_once_are_both_answered() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await idle(running)
            asked = [running.controller.operate(Operator(Action.HOLD, who)) for who in ("one", "two")]
            async with asyncio.timeout(1.0):
                told = await asyncio.gather(*asked)
            assert [t.answer for t in told] == [Answer.REFUSED, Answer.REFUSED]
            assert len({t.ask for t in told}) == 2

    virtual(main())


def test_an_order_that_is_called_like_an_act_does_not_take_its_answer() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await idle(running)
            running.order("hold")
            told = await running.controller.operate(Operator(Action.HOLD, "tester"))
            assert (told.action, told.answer) == ("hold", Answer.REFUSED)
            await until(running, PackML.EXECUTE)
            await asyncio.sleep(0.1)
            assert [word for line in replies(running) for word in ("accepted", "started") if word in line] == [
                "accepted",
                "started",
            ]

    virtual(main())


def test_a_reset_that_fails_later_is_kept_and_shown() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            controller = running.controller
            async with asyncio.timeout(20):
                await controller.ready.wait()
            running.emulators.units["stacker_crane"].fault.silent = True
            await asyncio.sleep(10.0)
            told = await controller.operate(Operator(Action.RESET, "tester"))
            assert told.answer is Answer.ACCEPTED
            await until(running, PackML.STOPPED)
            assert controller.operators.last is not None
            assert controller.operators.last.answer is Answer.FAILED
            assert "stacker: no fresh reading of level_mm" in controller.operators.last.reason
            await asyncio.sleep(0.1)
            kept = await running.journal.rows(Query(kind="operator-answer"))
            assert [(e.row.body["action"], e.row.body["answer"]) for e in kept] == [
                ("reset", "accepted"),
                ("reset", "failed"),
            ]

    virtual(main())


def test_an_end_in_motion_goes_by_stopping_to_stopped() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await idle(running)
            running.order("order-1")
            controller = running.controller
            while not controller.observer.image.stacker.moving:
                await asyncio.sleep(0.01)
            await controller.shutdown()
            assert controller.state.packml is PackML.STOPPING
            async with asyncio.timeout(4.0):  # a gate between its ends counts as stopped after 3 s
                await controller.at_rest()
            assert controller.state.packml is PackML.STOPPED
            assert controller.observer.image.stacker.moving is False
            running.world.advance(asyncio.get_running_loop().time())
            assert not running.world.stacker.moving
            await asyncio.sleep(0.1)
            said = [line for line in running.trace if running.topics.station in line]
            assert '"packml":"Stopping"' in said[-2]
            assert '"packml":"Stopped"' in said[-1]

    virtual(main())
