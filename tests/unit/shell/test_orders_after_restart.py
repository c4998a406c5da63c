"""Orders after a restart: told what was answered, never acted on twice, the open one kept open."""

import asyncio

from firmware_py.core.effects import Answer
from firmware_py.shell.answers import ORDER
from tests.unit.shell.order_scene import KEPT, Scene, order, played, restarted


def test_after_a_restart_an_order_of_before_is_told_its_answer_and_never_acted_on() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"))
        scene.orders.answer("a", Answer.COMPLETED, "")
        await asyncio.sleep(0.1)
        after = await restarted(scene)
        assert after.happened == [], "it was told"
        await after.take(order("a"), order("a", "again:0"))
        assert after.happened == ["a completed", "ack", "a completed", "ack"]

    played(play)


def test_an_answer_that_the_broker_never_had_is_told_after_the_restart() -> None:
    async def play(scene: Scene) -> None:
        scene.broker_there = False
        await scene.take(order("a"))
        scene.orders.answer("a", Answer.COMPLETED, "")
        await asyncio.sleep(0.1)
        after = await restarted(scene)
        assert after.happened == ["a completed"]
        assert (await restarted(after)).happened == [], "once the broker has it, it is enough"

    played(play)


def test_an_order_that_nothing_works_on_any_more_is_answered_after_the_restart() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"))
        after = await restarted(scene, open_swap=None)
        assert after.happened == ["a failed"]
        said = after.answers.known(ORDER, "a")
        assert said is not None
        assert "interrupted" in said.reason

    played(play)


def test_an_order_whose_swap_is_open_stays_open_until_the_core_knows_more() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"))
        after = await restarted(scene, open_swap="boot-1")
        assert after.happened == []
        async with asyncio.TaskGroup() as group:
            task = group.create_task(after.recorder.run())
            await after.take(order("a"))
            assert after.happened == ["a accepted", "ack"]
            after.orders.answer("a", Answer.FAILED, "a person has cleared it")
            await asyncio.sleep(0.1)
            assert after.happened[2:] == ["a failed"]
            task.cancel()

    played(play)


def test_only_so_many_answers_are_remembered_and_the_challenge_tells_the_older_orders() -> None:
    async def play(scene: Scene) -> None:
        for n in range(KEPT + 1):
            scene.decides = Answer.REFUSED
            await scene.take(order(f"n{n}", f"boot:{n}"))
        assert scene.answers.known(ORDER, "n0") is None
        assert scene.answers.known(ORDER, "n1") is not None
        scene.happened.clear()
        await scene.take(order("n0"))
        assert scene.happened == ["n0 refused", "ack"]

    played(play)


def test_of_many_orders_that_were_answered_several_times_none_is_taken_for_open_after_a_restart() -> None:
    """All the answers are more than are remembered; those to the older orders are looked for further back."""

    async def play(scene: Scene) -> None:
        for n in range(KEPT - 2):
            await scene.take(order(f"n{n}", f"boot:{n}"))
            for more in (Answer.STARTED, Answer.COMPLETED):
                scene.orders.answer(f"n{n}", more, "")
        await asyncio.sleep(0.1)
        after = await restarted(scene)
        assert after.happened == []
        assert after.answers.open == {}
        await after.take(order("n0"))
        assert after.happened == ["n0 completed", "ack"]

    played(play)


def test_an_order_that_is_served_is_remembered_however_many_are_refused_meanwhile() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("served"))
        scene.decides = Answer.REFUSED
        for n in range(1, KEPT + 10):
            await scene.take(order(f"n{n}", "stale:0"))
        for there in (scene, await restarted(scene, open_swap="boot-1")):
            there.happened.clear()
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(there.recorder.run())
                await there.take(order("served"))
                assert there.happened == ["served accepted", "ack"]
                writing.cancel()

    played(play)
