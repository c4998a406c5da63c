"""Reservations of a whole station: from the cloud's word to the car's pack, over restarts, by no wall clock."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Query
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.contract import CommandReply, RecordEvent, ReservationEvent
from sim.campaigns.virtual import EPOCH_MS, VirtualStation, Wall, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle, until

STATION = load_station("choco-14")
VIN, WALK_IN = "LNAUTS0A0PX000001", "LNAUTS0A0PX000002"


def taking(most: int = 3, longest_s: float = 1000.0) -> Station:
    config = STATION.config
    limits = config.reservations.model_copy(update={"most": most, "longest_s": longest_s})
    return replace(STATION, config=config.model_copy(update={"reservations": limits}))


def reserve(running: VirtualStation, name: str, vin: str = VIN, hold_s: float = 600.0) -> bytes:
    body = {**running.sender.heads(name), "vin": vin, "vehicle": "aion-ut", "hold_s": hold_s}
    payload = json.dumps(body).encode()
    running.sender.publish("reserve", payload)
    return payload


def cancel(running: VirtualStation, name: str, reservation: str) -> None:
    body = {**running.sender.heads(name), "reservation": reservation}
    running.sender.publish("cancel", json.dumps(body).encode())


def said(running: VirtualStation, topic: str) -> list[str]:
    return [line.split(" ", 2)[2] for line in running.trace if f" {topic} " in line]


def answers(running: VirtualStation, command: str) -> list[tuple[str, str, str]]:
    values = [CommandReply.model_validate_json(text).values for text in said(running, running.topics.reply(command))]
    return [(v.command_id, v.answer, v.reason) for v in values]


def stages(running: VirtualStation, name: str) -> list[str]:
    events = [ReservationEvent.model_validate_json(text).values for text in said(running, running.topics.reservation)]
    return [e.stage for e in events if e.reservation == name]


def installed(running: VirtualStation) -> list[str | None]:
    return [
        RecordEvent.model_validate_json(text).values.serial_installed for text in said(running, running.topics.record)
    ]


async def restarted(running: VirtualStation, dead_s: float = 0.5) -> None:
    inject(running.rig, "controller-dead")
    await asyncio.sleep(dead_s)
    clear(running.rig, "controller-dead")
    async with asyncio.timeout(20):
        await running.controller.ready.wait()


async def served(running: VirtualStation) -> None:
    async with asyncio.timeout(200):
        await until(running, PackML.EXECUTE)
        await until(running, PackML.IDLE)
    await asyncio.sleep(0.5)


def played(
    play: Callable[[VirtualStation], Coroutine[Any, Any, None]], wall: Wall | None = None, **limits: Any
) -> None:
    async def main() -> None:
        async with virtual_station(taking(**limits), 1, speed=8.0, wall=wall) as running:
            await idle(running)
            await play(running)
            assert running.world.referee.breaches == []

    virtual(main())


def test_a_car_gets_the_pack_that_it_has_reserved_and_a_walk_in_another() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1")
        await asyncio.sleep(0.1)
        ((name, answer, reason),) = answers(running, "reserve")
        assert (name, answer) == ("r1", "accepted")
        (held,) = running.controller.desks.reservations.book.open
        assert reason == f"bay {held.bay}, pack {held.serial}"
        running.order("walk-in", running.world.queue_car(WALK_IN).vin)
        await served(running)
        running.order("mine", running.world.queue_car(VIN).vin)
        await served(running)
        first, second = installed(running)
        assert second == held.serial
        assert first not in {None, held.serial}
        assert stages(running, "r1") == ["held", "held", "pre-staged", "in-use", "done"]
        assert running.controller.desks.reservations.book.open == ()

    played(play)


def test_the_reservation_and_its_answer_are_kept_together_and_the_same_wish_again_is_told_the_same() -> None:
    async def play(running: VirtualStation) -> None:
        payload = reserve(running, "r1")
        await asyncio.sleep(0.1)
        running.sender.publish("reserve", payload)
        reserve(running, "r2")
        await asyncio.sleep(0.1)
        assert [a[:2] for a in answers(running, "reserve")] == [
            ("r1", "accepted"),
            ("r1", "accepted"),
            ("r2", "refused"),
        ]
        rows = await running.journal.rows(Query(kind="reservation"))
        kept = await running.journal.rows(Query(kind="command-answer"))
        assert len(rows) == 1
        assert rows[0].stamp == kept[0].stamp, "one transaction"
        assert rows[0].row.body["clock_source"] == "ntp"

    played(play)


def test_no_reservations_where_the_station_file_has_none() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1")
        await asyncio.sleep(0.1)
        assert answers(running, "reserve") == [("r1", "refused", "this station takes no reservations")]

    played(play, most=0)


def test_cancelled_or_expired_the_pack_is_free_again() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1")
        await asyncio.sleep(0.1)
        cancel(running, "c1", "r1")
        await asyncio.sleep(0.1)
        cancel(running, "c2", "r1")
        await asyncio.sleep(0.1)
        reserve(running, "r2", hold_s=5.0)
        await asyncio.sleep(4.0)
        assert stages(running, "r2") == ["held"]
        await asyncio.sleep(3.0)
        assert answers(running, "cancel") == [
            ("c1", "accepted", "cancelled"),
            ("c2", "refused", "no open reservation r1"),
        ]
        assert (stages(running, "r1"), stages(running, "r2")) == (["held", "cancelled"], ["held", "expired"])
        assert running.controller.desks.reservations.book.open == ()

    played(play)


def test_a_pack_that_becomes_unfit_is_replaced_and_the_cloud_is_told_why() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1")
        await asyncio.sleep(0.1)
        (held,) = running.controller.desks.reservations.book.open
        running.world.packs.at[f"bay-{held.bay}"].soc_pct = 20.0
        await asyncio.sleep(4.0)
        (now,) = running.controller.desks.reservations.book.open
        assert now.serial != held.serial
        last = ReservationEvent.model_validate_json(said(running, running.topics.reservation)[-1]).values
        assert (last.stage, last.bay, last.serial) == ("held", now.bay, now.serial)
        assert last.reason == f"pack {held.serial} of bay {held.bay}: SOC 20 %, at least 80 %"

    played(play)


@pytest.mark.parametrize(("source", "left_s"), [(ClockSource.NTP, 570.0), (ClockSource.NONE, 600.0)])
def test_it_survives_a_restart_and_lasts_no_longer_than_it_was_given(source: ClockSource, left_s: float) -> None:
    """30 s without a controller count where the clock is set; where it is not, what was left is given again."""

    async def play(running: VirtualStation) -> None:
        reserve(running, "r1", hold_s=600.0)
        await asyncio.sleep(0.1)
        (held,) = running.controller.desks.reservations.book.open
        await restarted(running, dead_s=30.0)
        desk = running.controller.desks.reservations
        (after,) = desk.book.open
        assert (after.id, after.bay, after.serial, after.stage) == (held.id, held.bay, held.serial, held.stage)
        assert desk.left_s(after) == pytest.approx(left_s, abs=3.0)
        await idle(running)
        running.order("walk-in", running.world.queue_car(WALK_IN).vin)
        await served(running)
        assert installed(running) != [held.serial], "not stolen after the restart either"

    played(play, wall=Wall(source=source))


def test_steps_of_the_wall_clock_neither_end_nor_prolong_it() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1", hold_s=20.0)
        for began_ms in (EPOCH_MS + 3_600_000, 0, 2_147_483_640_000, EPOCH_MS - 3_600_000):
            running.wall.began_ms, running.wall.source = began_ms, ClockSource.NONE
            await asyncio.sleep(4.0)
            assert stages(running, "r1") == ["held"]
        await asyncio.sleep(6.0)
        assert stages(running, "r1") == ["held", "expired"]

    played(play)


def test_a_crash_in_its_swap_keeps_it_and_the_end_of_the_swap_ends_it() -> None:
    async def play(running: VirtualStation) -> None:
        reserve(running, "r1")
        await asyncio.sleep(0.1)
        running.order("mine", running.world.queue_car(VIN).vin)
        async with asyncio.timeout(60):
            while stages(running, "r1")[-1] != "pre-staged":
                await asyncio.sleep(0.05)
        await restarted(running)
        (one,) = running.controller.desks.reservations.book.open
        assert (one.stage.value, one.swap_id) == ("pre-staged", "sim-1-1")
        await running.controller.operate(Operator(Action.CLEAR, "tester"))
        await asyncio.sleep(0.2)
        assert stages(running, "r1")[-1] == "cancelled"
        assert running.controller.desks.reservations.book.open == ()

    played(play)
