"""The wall clock steps, stands in 1970 or 2038: it decides nothing but the expiry of commands, where it is set."""

import asyncio
import json

import pytest

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from hal.contract import RecordEvent
from sim.campaigns.virtual import EPOCH_MS, VirtualStation, Wall, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle, until

STATION = load_station("choco-14")
HOUR_MS = 3_600_000
Y1970_MS = 0
Y2038_MS = 2_147_483_640_000
"""Eight seconds before the seconds since 1970 leave 31 bits."""
Y2106_MS = 4_294_967_288_000
"""Eight seconds before they leave 32."""
Y9999_MS = 253_402_300_700_000
"""Some minutes before years have five digits."""
VIN = "LNAUTS0A0PX000077"


def told(running: VirtualStation, order_id: str) -> list[tuple[str, str]]:
    said = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.order_reply} " in line]
    values = [json.loads(text)["values"] for text in said]
    return [(v["answer"], v["reason"]) for v in values if v["order_id"] == order_id]


def record(running: VirtualStation) -> RecordEvent:
    (found,) = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.record} " in line]
    return RecordEvent.model_validate_json(found)


async def over(running: VirtualStation) -> None:
    async with asyncio.timeout(200):
        await until(running, PackML.EXECUTE)
        await until(running, PackML.IDLE)
    await asyncio.sleep(0.5)


@pytest.mark.parametrize("began_ms", [Y1970_MS, Y2038_MS, Y2106_MS, Y9999_MS, EPOCH_MS + HOUR_MS, EPOCH_MS - HOUR_MS])
@pytest.mark.parametrize("source", [ClockSource.NONE, ClockSource.NTP])
def test_a_whole_swap_by_a_clock_that_is_somewhere(began_ms: int, source: ClockSource) -> None:
    """The order lives by the clock of the station, which the sender shares here; the swap lasts as long as ever."""

    async def main() -> None:
        wall = Wall(began_ms, source)
        async with virtual_station(STATION, 1, speed=8.0, wall=wall) as running:
            await idle(running)
            running.order("order-1", issued_at=wall.now_ms(), expires_at=wall.now_ms() + 60_000)
            await over(running)
            assert [answer for answer, _ in told(running, "order-1")] == ["accepted", "started", "completed"]
            values = record(running).values
            assert values.lock_proven
            assert values.clock_source == source.value
            assert 0 < (values.duration_s or 0) < 60
            assert not running.controller.state.faults
            (taken,) = await running.journal.rows(Query(kind="order-taken"))
            assert taken.row.body["clock_source"] == source.value
            assert running.world.referee.breaches == []

    virtual(main())


def test_steps_in_mid_swap_change_nothing_but_the_stamps() -> None:
    """Back and forth while it runs; the same swap by a good clock has the same answers, rows of the chart and time."""

    async def one(steps_ms: tuple[int, ...]) -> tuple[list[tuple[str, str]], list[str], float, str]:
        wall = Wall()
        async with virtual_station(STATION, 1, speed=8.0, wall=wall) as running:
            await idle(running)
            running.order("order-1")
            await until(running, PackML.EXECUTE)
            for began_ms in steps_ms:
                await asyncio.sleep(1.0)
                wall.began_ms = began_ms
                wall.source = ClockSource.NTP if began_ms == EPOCH_MS else ClockSource.NONE
            async with asyncio.timeout(200):
                await until(running, PackML.IDLE)
            await asyncio.sleep(0.5)
            found = record(running)
            rows = [f"{step.row} {step.start_s}" for step in found.steps]
            entries = await running.journal.rows(Query(limit=100_000))
            monotonic = [entry.stamp.t_mono for entry in entries]
            assert monotonic == sorted(monotonic)
            synced = [entry.stamp.wall_is_set for entry in entries]
            assert synced == sorted(synced, reverse=True), "each row says whether its clock was set"
            assert all(synced) is (set(steps_ms) == {EPOCH_MS})
            assert running.world.referee.breaches == []
            return told(running, "order-1"), rows, found.values.duration_s, found.values.clock_source

    steps = (EPOCH_MS + HOUR_MS, EPOCH_MS - HOUR_MS, Y1970_MS, Y2038_MS, Y2106_MS, Y9999_MS, -HOUR_MS)
    stepped, straight = virtual(one(steps)), virtual(one((EPOCH_MS,) * len(steps)))
    assert stepped[:3] == straight[:3]
    assert (stepped[3], straight[3]) == ("none", "ntp")


def test_only_a_clock_that_somebody_sets_lets_an_order_expire() -> None:
    async def main() -> None:
        wall = Wall(EPOCH_MS + HOUR_MS, ClockSource.NTP)
        async with virtual_station(STATION, 1, wall=wall) as running:
            await idle(running)
            running.order("order-1", VIN)  # it lives 600 s by the sender's clock, which is an hour behind
            await asyncio.sleep(0.1)
            ((answer, reason),) = told(running, "order-1")
            assert (answer, reason[:16]) == ("refused", "expired 3000 s a")
            wall.source = ClockSource.NONE
            running.order("order-2", VIN)
            await asyncio.sleep(0.1)
            assert [a for a, _ in told(running, "order-2")][:1] == ["accepted"]

    virtual(main())


@pytest.mark.parametrize("to_ms", [Y1970_MS, Y2038_MS, Y9999_MS, EPOCH_MS + HOUR_MS, EPOCH_MS - HOUR_MS])
@pytest.mark.parametrize("source", [ClockSource.NTP, ClockSource.NONE])
def test_an_order_that_waits_expires_when_it_was_meant_to_however_the_clock_steps(
    to_ms: int, source: ClockSource
) -> None:
    """It is good for 20 s when it comes; the swap before it lasts longer. The clock steps 5 s later."""

    async def main() -> None:
        wall = Wall()
        async with virtual_station(STATION, 1, wall=wall) as running:
            await idle(running)
            running.order("order-1")
            await until(running, PackML.EXECUTE)
            running.order("order-2", VIN, expires_at=running.now_ms() + 20_000)
            await asyncio.sleep(5.0)
            assert told(running, "order-2") == [("accepted", "next, bay 2")]
            wall.began_ms, wall.source = to_ms, source
            await asyncio.sleep(14.5)
            assert len(told(running, "order-2")) == 1, "not before its time"
            await asyncio.sleep(1.0)
            ((answer, reason),) = told(running, "order-2")[1:]
            assert (answer, "expired" in reason) == ("failed", True)
            kept = await running.journal.rows(Query(kind="order-answer", newest_first=True, limit=1))
            assert kept[0].row.body["order_id"] == "order-2"
            assert kept[0].stamp.clock_source is source

    virtual(main())


@pytest.mark.parametrize("began_ms", [Y1970_MS, Y2038_MS])
def test_a_swap_that_goes_on_after_a_crash_and_a_step_has_times_that_can_be(began_ms: int) -> None:
    """What was before is known by a clock that is gone: it counts as the moment of the start, never as later."""

    async def main() -> None:
        wall = Wall()
        async with virtual_station(STATION, 1, wall=wall) as running:
            await idle(running)
            running.order("order-1")
            async with asyncio.timeout(200):
                while all(active.row != "10" for active in running.controller.state.active):
                    await asyncio.sleep(0.05)
                inject(running.rig, "controller-dead")
                await asyncio.sleep(2.0)
                wall.began_ms, wall.source = began_ms, ClockSource.NONE
                clear(running.rig, "controller-dead")
                await running.controller.ready.wait()
                await asyncio.sleep(3.0)
                told = await running.controller.operate(Operator(Action.RESUME, "tester"))
                assert told.answer is Answer.ACCEPTED, told.reason
                await until(running, PackML.EXECUTE)
                await until(running, PackML.IDLE)
                await asyncio.sleep(0.5)
            found = record(running)
            assert (found.values.outcome, found.values.clock_source) == ("completed", "none")
            assert 0 < found.values.duration_s < 150
            assert all(0 <= step.start_s <= (step.end_s or step.start_s) < 200 for step in found.steps)

    virtual(main())
