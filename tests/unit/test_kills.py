"""The campaign of kills judges rightly: what it must find, it finds."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from firmware_py.core.recovery_words import Outcome
from firmware_py.shell.journal import Entry, Row, Stamp
from hal.commands import Actuator
from hal.config.loader import load_station
from sim.campaigns.kills_books import judge, lost_or_doubled
from sim.campaigns.kills_effects import How, Marksman, Shot, draw
from sim.campaigns.kills_sight import REST_S, Stillness, against_truth
from sim.emulators.build import build_emulators
from sim.emulators.protocol import ModbusSilence
from sim.vloop import run_virtual
from sim.world import World
from sim.world.packs import CAR

STATION = load_station("choco-14")


def rows(*kept: tuple[str, dict[str, object]], swap_id: str = "boot-1") -> list[Entry]:
    return [Entry(seq, Stamp(0.0, 0.0), Row(kind, body, swap_id)) for seq, (kind, body) in enumerate(kept, 1)]


TAKEN = ("order-taken", {"order_id": "o1"})
BEGUN = ("order", {"order_id": "o1"})
RECORD = ("record", {"order_id": "o1"})
ACCEPTED = ("order-answer", {"order_id": "o1", "answer": "accepted", "reason": ""})
COMPLETED = ("order-answer", {"order_id": "o1", "answer": "completed", "reason": ""})
FAILED = ("order-answer", {"order_id": "o1", "answer": "failed", "reason": "interrupted"})
TOLD = [("accepted", ""), ("completed", ""), ("completed", "")]


@pytest.mark.parametrize(
    ("kept", "told", "wrong"),
    [
        ((TAKEN, BEGUN, ACCEPTED, RECORD, COMPLETED), TOLD, 0),
        ((TAKEN, FAILED), [("failed", "interrupted")], 0),
        ((TAKEN, BEGUN, ACCEPTED), [("accepted", "")], 1),
        ((TAKEN, BEGUN, ACCEPTED, RECORD, COMPLETED), [("accepted", "")], 1),
        ((TAKEN, BEGUN, BEGUN, RECORD, COMPLETED), TOLD, 1),
        ((TAKEN, BEGUN, RECORD, COMPLETED, FAILED), [*TOLD, ("failed", "")], 1),
        ((TAKEN, BEGUN, COMPLETED), TOLD, 1),
    ],
    ids=["once", "never begun", "no end", "end never told", "begun twice", "two ends", "no record"],
)
def test_an_order_has_one_swap_and_one_end(
    kept: Sequence[tuple[str, dict[str, object]]], told: list[tuple[str, str]], wrong: int
) -> None:
    assert len(lost_or_doubled(rows(*kept), ["o1"], {"o1": told})) == wrong


def test_what_was_told_is_kept() -> None:
    acts = rows(ACCEPTED, ("operator", {"action": "resume"}))
    assert judge(acts, {"o1": [("accepted", "")]}, {"resume": 1}) == []
    assert judge(acts, {"o1": [("accepted", ""), ("started", "")]}, {"resume": 1}) == [
        "o1 was told 'started', which is not kept"
    ]
    assert judge(acts, {}, {"resume": 2}) == ["2 resume were accepted, 1 are kept"]


def test_shots_lie_apart_as_is_wished() -> None:
    chance = Random(1)
    shots = [draw(chance, 5.0) for _ in range(4000)]
    assert {shot.how for shot in shots} == {How.LOST, How.TAKEN, How.SOON, How.LATER}
    assert sum(shot.after for shot in shots) / 4000 == pytest.approx(5.0, abs=0.2)
    assert min(shot.after for shot in shots) == 1


class Target:
    """The devices of a station, and a controller that can die once."""

    def __init__(self) -> None:
        self.emulators = build_emulators(World(STATION, 1), STATION)
        self.marksman = Marksman(self.emulators)
        self.lift = self.emulators.units["lift_drive"]
        self.killed_s: list[float] = []

    def kill(self) -> None:
        self.killed_s.append(asyncio.get_running_loop().time())


def test_the_third_effect_kills_and_neither_a_repeated_one_nor_a_heartbeat_counts() -> None:
    async def main() -> None:
        target = Target()
        target.marksman.aim(Shot(3, How.TAKEN, 0.0), target.kill)
        assert target.lift.heard({"target": 1})
        assert target.lift.heard({"target": 1}), "again"
        assert target.emulators.units["safety_plc"].heard({"heartbeat": 7})
        assert target.lift.heard({"start": True})
        assert target.killed_s == []
        assert target.lift.heard({"target": 2}), "the device takes it"
        assert (len(target.killed_s), target.marksman.effects, target.marksman.last) == (1, 3, "lift_drive")
        assert target.lift.heard({"target": 3}), "one shot, one kill"
        assert len(target.killed_s) == 1

    run_virtual(main(), 1)


def test_a_lost_command_never_reaches_its_device() -> None:
    async def main() -> None:
        target = Target()
        unit = target.emulators.units["platform_io"]
        target.marksman.aim(Shot(1, How.LOST, 0.0), target.kill)
        coils = unit.unit.device.channels["do"]
        with pytest.raises(ModbusSilence):
            unit.write(coils.table, coils.address, (1,) * 8, 0.0)
        assert len(target.killed_s) == 1
        unit.write(coils.table, coils.address, (0,) * 8, 0.0)

    run_virtual(main(), 1)


def test_a_late_shot_falls_later_unless_it_is_called_off() -> None:
    async def main() -> None:
        target = Target()
        for off in (False, True):
            target.marksman.aim(Shot(1, How.LATER, 0.4), target.kill)
            target.lift.heard({"target": int(off)})
            await asyncio.sleep(0.3)
            if off:
                target.marksman.rest()
            await asyncio.sleep(0.3)
        assert target.killed_s == [pytest.approx(0.4)]

    run_virtual(main(), 1)


async def _shutter_moves_after(wait_s: float, word_s: float | None = None) -> list[str]:
    """What is found where the shutter begins to move so long after a kill, with or without a word before."""
    loop, world = asyncio.get_running_loop(), World(STATION, 1)
    still = Stillness(world)
    still.begin()
    if word_s is not None:
        loop.call_later(word_s, still.end)
    await asyncio.sleep(wait_s)
    world.advance(loop.time())
    world.safety.beat(1)
    world.safety.set_run_enable(True)
    world.platform.drive(Actuator.SHUTTER, out=True, home=False)
    await asyncio.sleep(2.0)
    world.advance(loop.time())
    return still.wrong


def test_what_moves_by_itself_after_a_kill_is_found() -> None:
    assert run_virtual(_shutter_moves_after(REST_S + 0.5), 1) == ["platform moves 2.20 s after the kill, unasked"]
    assert run_virtual(_shutter_moves_after(REST_S - 0.2), 1) == ["platform moves 1.70 s after the kill, unasked"]


def test_what_was_under_way_may_come_to_rest_and_what_a_person_asked_for_may_move() -> None:
    assert run_virtual(_shutter_moves_after(0.1), 1) == []
    assert run_virtual(_shutter_moves_after(REST_S + 0.5, word_s=REST_S + 0.2), 1) == []


def test_a_conclusion_that_is_not_so_is_found() -> None:
    world = World(STATION, 1)
    assert "0 of 10 lock points" in against_truth(Outcome.AT_S3, world)
    assert against_truth(Outcome.AT_S2, world) == ""
    assert against_truth(Outcome.NOTHING_PENDING, world) == ""
    world.packs.at[CAR] = world.new_pack()
    assert "a pack is on the car" in against_truth(Outcome.AT_S2, world)
