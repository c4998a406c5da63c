"""A story ends where it is known how it goes on; one that is played on must end as it was taken for."""

from typing import Any

import pytest

from sim.campaigns import crash as module
from sim.campaigns.crash import Crashes, crash, uncrashed
from sim.scenario import load_scenario

AT = 92


def story(known: dict[str, str]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    crash(load_scenario("happy"), 1, Crashes(lambda at: at == AT, found.append, here=True, known=known))
    return found[0]


@pytest.mark.timeout(120)
def test_a_crash_goes_on_as_the_run_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAYED_ON", 0.0)
    gone = uncrashed(load_scenario("happy"), 1)
    assert gone.boundaries > 150
    assert set(gone.known.values()) == {"Idle"}
    cut, whole = story(gone.known), story({})
    assert (cut["as_known"], whole["as_known"]) == (True, False)
    assert cut["end"] == whole["end"] == "Idle"
    assert [told["outcome"] for told in (cut, whole)] == ["at S1"] * 2
    assert not cut["problems"]


@pytest.mark.timeout(120)
def test_a_story_that_ends_otherwise_than_it_was_taken_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAYED_ON", 1.0)
    known = uncrashed(load_scenario("happy"), 1).known
    assert story(known)["played_on"]
    assert not story(known)["problems"]
    wrong = story(dict.fromkeys(known, "Held: LIFT_STALL"))
    assert wrong["problems"] == ["ended as Idle, taken for one that ended as Held: LIFT_STALL"]


def test_before_people_decided_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = uncrashed(load_scenario("estop-no-pack"), 1).known
    whole = uncrashed(load_scenario("happy"), 1).known
    assert len(known) < len(whole), "only what came after the last hold"
