"""What the journal promises to hold is there after a swap with a restart in it, read from the file itself."""

import asyncio
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell import journal_tools
from firmware_py.shell.journal_inline import InlineJournal
from hal.config.loader import load_station
from sim.campaigns.director import Director
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import Wall, virtual_station
from sim.scenario import load_scenario
from sim.vloop import run_virtual

Exported = list[dict[str, Any]]


async def _played(path: Path) -> None:
    named, wall = load_scenario("controller-killed").scenario, Wall()
    journal = InlineJournal(path, clock=wall.stamp)
    async with virtual_station(load_station(named.station), 1, journal=journal, wall=wall) as running:
        director = Director(named, stage_of(running))
        director.prepare()
        await director.run()
        await asyncio.sleep(1.0)
    journal.close()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    run_virtual(partial(_played, path)())
    return list(journal_tools.export(path))


def of(rows: Exported, kind: str, **wanted: object) -> list[Mapping[str, Any]]:
    bodies = [row["body"] for row in rows if row["kind"] == kind]
    return [body for body in bodies if all(body.get(key) == value for key, value in wanted.items())]


def test_rows_follow_each_other_and_say_when_and_by_which_clock(rows: Exported) -> None:
    assert all(after["seq"] == before["seq"] + 1 for before, after in pairwise(rows))
    assert all(after["t_mono"] >= before["t_mono"] for before, after in pairwise(rows))
    assert {row["clock_source"] for row in rows} == {"ntp"}


def test_intents_stand_before_outcomes(rows: Exported) -> None:
    (unlock,) = [row for row in rows if row["kind"] == "intent" and row["body"]["command"] == "Unlock"]
    sent = [row for row in rows if row["kind"] == "outcome" and row["body"]["command"] == "Unlock"]
    assert [row["body"]["result"] for row in sent] == ["sent"]
    assert unlock["seq"] < sent[0]["seq"]
    assert unlock["swap_id"] == sent[0]["swap_id"] == "sim-1-1"


@pytest.mark.parametrize(
    ("kind", "wanted", "times"),
    [
        ("boot", {"boot_id": "sim-1"}, 1),
        ("boot", {"boot_id": "sim-1-2"}, 1),
        ("configuration", {"stands": True, "software": "sim"}, 2),
        ("order-taken", {"order_id": "order-1", "clock_source": "ntp"}, 1),
        ("order", {"order_id": "order-1", "swap_id": "sim-1-1"}, 1),
        ("operator", {"action": "resume", "who": "director"}, 1),
        ("operator-answer", {"action": "resume", "answer": "accepted"}, 1),
        ("operator-answer", {"action": "reset", "answer": "refused"}, 1),
        ("fault-cleared", {"code": "SWAP_INTERRUPTED", "device": "sim-1-1"}, 2),
        ("inventory", {"place": "buffer", "serial": None}, 2),
        ("swap-ended", {"swap_id": "sim-1-1"}, 1),
    ],
)
def test_what_happened_is_there(rows: Exported, kind: str, wanted: dict[str, object], times: int) -> None:
    assert len(of(rows, kind, **wanted)) == times, of(rows, kind)


def test_the_configuration_is_known_by_its_hash(rows: Exported) -> None:
    station = load_station("choco-14")
    assert {body["hash"] for body in of(rows, "configuration")} == {station.hash}
    assert {body["config_hash"] for body in of(rows, "boot")} == {station.hash}
