"""Which commands are taken: the station's own, fresh by the challenge, and by the clock only where somebody sets it."""

import os
from pathlib import Path

import pytest

from firmware_py.shell.admission import Moment, why_not
from firmware_py.shell.challenge import Challenge
from firmware_py.shell.clock import ClockSource, clock_source, wall_is_set
from hal.contract import Command

NOON_MS = 1_767_268_800_000
YEAR_MS = 31_536_000_000
Y2038_MS = 2_147_483_648_000
TARGET = "lot/choco-14"


def command(**other: object) -> Command:
    body = {"id": "a", "issued_at": NOON_MS, "expires_at": NOON_MS + 60_000, "target": TARGET, "challenge": "boot:3"}
    return Command.model_validate({**body, **other})


def moment(now_ms: int = NOON_MS + 1000, source: ClockSource = ClockSource.NTP, challenge: str = "boot:3") -> Moment:
    return Moment(challenge, now_ms, source)


def test_a_fresh_command_for_this_station_is_taken() -> None:
    assert why_not(command(), TARGET, moment()) == ""


@pytest.mark.parametrize("target", ["lot/choco-15", "choco-14", "", "LOT/choco-14"])
def test_a_command_for_another_station_is_not(target: str) -> None:
    assert why_not(command(target=target), TARGET, moment()).endswith(f"this is {TARGET}")


@pytest.mark.parametrize("challenge", ["boot:2", "boot:4", "other:3", "3"])
def test_a_challenge_that_is_not_the_one_of_now_is_refused(challenge: str) -> None:
    why = why_not(command(challenge=challenge), TARGET, moment())
    assert f"challenge {challenge} " in why
    assert "state/station" in why


def test_an_expired_command_is_refused_where_somebody_sets_the_clock() -> None:
    for source in (ClockSource.NTP, ClockSource.GPS):
        assert why_not(command(), TARGET, moment(NOON_MS + 59_999, source)) == ""
        assert why_not(command(), TARGET, moment(NOON_MS + 60_000, source)).startswith("expired 0 s ago")
        assert why_not(command(), TARGET, moment(NOON_MS + 3_660_000, source)).startswith("expired 3600 s ago")


@pytest.mark.parametrize("now_ms", [0, -1, NOON_MS - YEAR_MS, NOON_MS + 3_600_000, Y2038_MS, Y2038_MS + YEAR_MS])
def test_without_that_the_challenge_alone_decides(now_ms: int) -> None:
    assert why_not(command(), TARGET, moment(now_ms, ClockSource.NONE)) == ""
    assert why_not(command(challenge="boot:2"), TARGET, moment(now_ms, ClockSource.NONE)) != ""


def test_a_command_that_never_lived_is_refused_whatever_the_clock() -> None:
    for source in ClockSource:
        assert "before it was issued" in why_not(command(expires_at=NOON_MS), TARGET, moment(source=source))


def test_a_challenge_is_used_up_and_never_comes_again() -> None:
    challenge, seen = Challenge("boot"), set()
    for _ in range(100):
        assert challenge.current not in seen
        seen.add(challenge.current)
        challenge.spend()


@pytest.mark.parametrize(
    ("kernel", "age_s", "is_set"),
    [
        # STA_UNSYNC is 0x40 in linux/timex.h; STA_PLL 0x01 and STA_NANO 0x2000 say nothing of it
        (0x2001, None, True),
        (0x0000, None, True),
        (0x0040, 1, False),
        (0x2041, 1, False),
        # where the kernel may not be asked: by the mark that timesyncd touches, at most 2,048 s after the one before
        (None, 2_048, True),
        (None, 31_999, True),
        (None, 32_001, False),
        (None, -1, False),  # a clock that was set back since then
        (None, None, False),
    ],
)
def test_the_kernel_knows_best_whether_the_clock_is_set(
    kernel: int | None, age_s: float | None, is_set: bool, tmp_path: Path
) -> None:
    mark = tmp_path / "synchronized"
    if age_s is not None:
        mark.touch()
        os.utime(mark, (NOON_MS / 1000 - age_s,) * 2)
    assert wall_is_set(lambda: kernel, mark, lambda: NOON_MS / 1000) is is_set


def test_who_sets_the_clock_is_named_only_while_somebody_does() -> None:
    assert clock_source("gps", lambda: True) is ClockSource.GPS
    assert clock_source("gps", lambda: False) is ClockSource.NONE


def test_this_machine_answers_the_question() -> None:
    assert clock_source("ntp") in {ClockSource.NTP, ClockSource.NONE}
