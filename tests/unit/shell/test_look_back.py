"""A start looks back: other files, a restored journal, an open swap, a journal that cannot be used hold the station."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Event, Interrupted, Operator, StartHeld
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.state import Order, State, Swap
from firmware_py.shell.checkpoint import checkpoint_of
from firmware_py.shell.journal import Query, Row, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.look_back import configuration, look_back
from firmware_py.shell.status import status_of
from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from tests.unit.shell.fakes import virtual

ORDER = Row("order", {"swap_id": "s-1", "order_id": "o-1"}, "s-1")
SEEN = Row("swap-cleared", {"swap_id": "s-1"})
RESTORED = Row("restored", {"from": "copy.sqlite", "last_seq": 4})


def held(events: list[Event]) -> list[FaultCode | str]:
    return [e.code if isinstance(e, StartHeld) else type(e).__name__ for e in events]


def starts(rows: list[Row], *hashes: str) -> list[list[FaultCode | str]]:
    """What each start with such files meets, one after another, on a journal with these rows."""

    async def main() -> list[list[FaultCode | str]]:
        journal = InlineJournal(clock=lambda: Stamp(0.0, 0.0))
        if rows:
            await journal.append(rows)
        return [held(list(await look_back(journal, "boot", each, "1.0"))) for each in hashes]

    return virtual(main())


CHANGED, RESTORED_CODE = FaultCode.CONFIGURATION_CHANGED, FaultCode.JOURNAL_RESTORED


def test_a_first_start_and_the_same_files_again_are_fine() -> None:
    assert starts([], "aaa", "aaa", "aaa") == [[], [], []]


def test_other_files_hold_the_station_until_somebody_has_seen_it() -> None:
    assert starts([], "aaa", "bbb", "bbb", "aaa") == [[], [CHANGED], [CHANGED], []]
    seen = [configuration("aaa", "1.0", stands=True), configuration("bbb", "1.0", stands=True)]
    assert starts(seen, "bbb", "aaa") == [[], [CHANGED]]


def test_where_nobody_ever_cleared_a_start_it_stays_held() -> None:
    assert starts([configuration("bbb", "1.0", stands=False)], "bbb") == [[CHANGED]]


def test_a_restored_journal_holds_it_too() -> None:
    seen = [configuration("aaa", "1.0", stands=True), RESTORED]
    assert starts(seen, "aaa", "aaa") == [[RESTORED_CODE], [RESTORED_CODE]]
    assert starts([*seen, configuration("aaa", "1.0", stands=True)], "aaa") == [[]]
    assert starts([RESTORED], "aaa") == [[RESTORED_CODE]]
    assert starts(seen, "bbb") == [[CHANGED, RESTORED_CODE]]


def swap_at(place: StablePlace | None) -> Row:
    """The core's memory of a swap that rests there; `None`: of none, after one."""
    open_swap = State(swap=Swap("s-1", Order("o-1", "V" * 17, "aion-ut"), 1, "P"), place=StablePlace.S0)
    row = (
        checkpoint_of(open_swap, State()) if place is None else checkpoint_of(State(), replace(open_swap, place=place))
    )
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([swap_at(StablePlace.S0)], StablePlace.S0),
        ([swap_at(StablePlace.S0), swap_at(StablePlace.S2)], StablePlace.S2),
        ([swap_at(StablePlace.S2), swap_at(None)], None),
        ([], None),
    ],
)
def test_a_swap_that_never_ended_is_told_with_its_last_place(rows: list[Row], place: StablePlace | None) -> None:
    async def main() -> None:
        journal = InlineJournal(clock=lambda: Stamp(0.0, 0.0))
        await journal.append([Row("note"), *rows])
        events = await look_back(journal, "boot", "aaa", "1.0")
        found = [e.place for e in events if isinstance(e, Interrupted)]
        assert found == ([] if place is None else [place])

    virtual(main())


def test_a_last_word_that_nobody_understands_holds_the_station_till_a_person_has_cleared_it() -> None:
    strange = Row("checkpoint", {"swap": {"id": "s-1", "of": "a later program"}}, "s-1")
    seen = configuration("aaa", "1.0", stands=True)
    assert starts([seen, strange], "aaa", "aaa") == [[CHANGED], [CHANGED]]
    assert starts([seen, strange, seen], "aaa") == [[]]
    assert starts([seen, strange, seen, swap_at(StablePlace.S2)], "aaa") == [["Interrupted"]]


STATION = load_station("choco-14")


@asynccontextmanager
async def ready(journal: InlineJournal, station: Station = STATION) -> AsyncIterator[VirtualStation]:
    async with virtual_station(station, 1, journal=journal) as running:
        async with asyncio.timeout(10):
            await running.controller.ready.wait()
        await asyncio.sleep(0.5)
        yield running


def alarmed(running: VirtualStation, code: FaultCode, device: str) -> bool:
    topic = running.topics.alarm(code.value, device)
    return any(line.split()[1] == topic and "remedy" in line for line in running.trace)


def test_a_station_with_other_files_is_held_says_why_and_is_cleared_by_a_person_for_good() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        journal = InlineJournal(clock=lambda: Stamp(loop.time(), 0.0))
        async with ready(journal) as running:
            assert running.controller.state.packml is PackML.STOPPED
        other = replace(STATION, hash="f" * 64)
        for told in range(2):
            async with ready(journal, other) as running:
                controller = running.controller
                assert controller.state.packml is PackML.HELD
                assert [f.code for f in controller.state.faults] == [CHANGED]
                assert alarmed(running, CHANGED, "station")
                status = status_of(controller, controller._links)
                assert "ffffffffffff" in status["faults"][0]["text"]
                assert status["next"].endswith("then clear")
                assert (await controller.operate(Operator(Action.RESET, "ann"))).answer is Answer.REFUSED
                if told:
                    assert (await controller.operate(Operator(Action.CLEAR, "ann"))).answer is Answer.ACCEPTED
                    assert controller.state.packml is PackML.STOPPED
                    await asyncio.sleep(0.1)
        async with ready(journal, other) as running:
            assert (running.controller.state.packml, running.controller.state.faults) == (PackML.STOPPED, ())
        kinds = [e.row.kind for e in await journal.rows(Query(newest_first=True))]
        assert kinds.count("configuration") == 5, "one at each start, and one where it was cleared"

    virtual(main())


def test_a_journal_that_cannot_be_used_holds_the_station_and_the_cloud_hears_of_it() -> None:
    async def main() -> None:
        journal = InlineJournal(clock=lambda: Stamp(0.0, 0.0))
        journal.fail("the journal has schema 1, this program writes 2: run `swapstation db migrate`")
        async with ready(journal) as running:
            controller = running.controller
            assert controller.state.packml is PackML.HELD
            assert alarmed(running, FaultCode.JOURNAL_FAILED, "journal")
            (fault,) = [f for f in controller.state.faults if f.code is FaultCode.JOURNAL_FAILED]
            assert "db migrate" in fault.text
            assert "start the controller again" in status_of(controller, controller._links)["next"]
            assert (await controller.operate(Operator(Action.HOLD, "ann"))).answer is Answer.REFUSED, "nothing runs"

    virtual(main())
