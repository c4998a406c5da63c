"""Faults in the log: raised and cleared once each, repeats counted over a minute; since when, by both clocks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from firmware_py.core.fault_table import FAULTS
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.shell.fault_book import FaultBook
from hal.config.loader import load_station
from hal.contract import Alarm
from sim.campaigns.virtual import virtual_station
from tests.unit.shell.fakes import virtual

LOST = Fault(FaultCode.LINK_LOST, "lift", "lift_drive: no answer within 0.3 s")
OTHER = Fault(FaultCode.LINK_LOST, "locks", "gone")
EPOCH_MS = 1_000_000
NEXT_STEPS = ("resume", "reset", "restart", "clear", "order", "service", "by hand", "mode production", "workshop")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """(event, device, text) of the lines so far."""
    found = []
    for record in caplog.records:
        assert isinstance(record.args, dict)
        found.append((record.msg, str(record.args["device"]), str(record.args.get("text", ""))))
    return found


def play(caplog: pytest.LogCaptureFixture, act: Callable[[FaultBook], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        book = FaultBook(clock, lambda: EPOCH_MS + round(clock() * 1000))
        await act(book)
        book.close()

    with caplog.at_level(logging.INFO, "firmware_py"):
        virtual(main())


def test_raised_and_cleared_are_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    async def act(book: FaultBook) -> None:
        book.raised(LOST)
        await asyncio.sleep(3.0)
        assert book.age_s(LOST) == 3.0
        book.cleared(LOST)
        await asyncio.sleep(200.0)

    play(caplog, act)
    assert lines(caplog) == [("fault-raised", "lift", LOST.text), ("fault-cleared", "lift", "")]
    raised, cleared = (record.args for record in caplog.records)
    assert isinstance(raised, dict)
    assert raised["remedy"].startswith("Check cable, power and address")
    assert isinstance(cleared, dict)
    assert cleared["stood_s"] == 3.0


def test_what_comes_and_goes_is_counted_and_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async def act(book: FaultBook) -> None:
        for _ in range(10):  # every 20 s, three minutes long
            book.raised(LOST)
            await asyncio.sleep(1.0)
            book.cleared(LOST)
            await asyncio.sleep(19.0)
        await asyncio.sleep(200.0)

    play(caplog, act)
    assert lines(caplog) == [
        ("fault-raised", "lift", LOST.text),
        ("fault-cleared", "lift", ""),
        ("fault-repeated", "lift", "2 times in the last minute"),
        ("fault-repeated", "lift", "3 times in the last minute"),
        ("fault-repeated", "lift", "3 times in the last minute"),
        ("fault-repeated", "lift", "1 time in the last minute"),
    ]


def test_after_a_quiet_minute_it_is_news_again_and_others_are_counted_apart(caplog: pytest.LogCaptureFixture) -> None:
    async def act(book: FaultBook) -> None:
        book.raised(LOST)
        book.raised(OTHER)
        book.cleared(LOST)
        await asyncio.sleep(61.0)
        book.raised(LOST)

    play(caplog, act)
    events = [(event, device) for event, device, _ in lines(caplog)]
    assert events == [
        ("fault-raised", "lift"),
        ("fault-raised", "locks"),
        ("fault-cleared", "lift"),
        ("fault-raised", "lift"),
    ]


def test_the_end_tells_what_was_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def act(book: FaultBook) -> None:
        for _ in range(3):
            book.raised(LOST)
            book.cleared(LOST)

    play(caplog, act)
    assert lines(caplog)[-1] == ("fault-repeated", "lift", "2 times in the last minute")


def test_since_is_the_time_of_the_last_raise_by_both_clocks_and_how_often(caplog: pytest.LogCaptureFixture) -> None:
    async def act(book: FaultBook) -> None:
        book.raised(LOST)
        book.cleared(LOST)
        await asyncio.sleep(7.5)
        since = book.raised(LOST)
        assert (since.wall_ms, since.mono_s, since.times) == (EPOCH_MS + 7500, 7.5, 2)
        assert book.since(LOST) == since

    play(caplog, act)


def test_the_alarm_tells_since_when_and_a_change_of_state_does_not_move_it() -> None:
    async def main() -> None:
        async with virtual_station(load_station("choco-14"), 1) as running:
            async with asyncio.timeout(10):
                await running.controller.ready.wait()
            await asyncio.sleep(5.0)
            running.emulators.units["stacker_crane"].fault.silent = True
            await asyncio.sleep(20.0)
            topic = running.topics.alarm("LINK_LOST", "stacker")
            (said,) = [line for line in running.trace if f" {topic} " in line]
            at_s, _, payload = said.split(" ", 2)
            values = Alarm.model_validate_json(payload).values
            assert values.since_ts == pytest.approx(1_767_225_600_000 + float(at_s) * 1000, abs=20)
            assert values.since_mono_s == pytest.approx(float(at_s), abs=0.02)
            (fault,) = running.controller.state.faults
            assert running.controller.books.faults.age_s(fault) > 15.0
            assert "stacker_crane" in values.text

    virtual(main())


@pytest.mark.parametrize("code", FaultCode)
def test_what_to_do_is_whole_sentences_with_a_next_step(code: FaultCode) -> None:
    remedy = FAULTS[code].remedy
    assert remedy[0].isupper()
    assert remedy.endswith(".")
    assert len(remedy.split()) >= 8, remedy
    assert any(word in remedy.lower() for word in NEXT_STEPS), remedy
