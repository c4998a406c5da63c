"""A story ends where it is known how it goes on; one that is played on must end as it was taken for."""

from typing import Any

import pytest

from sim.campaigns import crash as module
from sim.campaigns.crash import Crashes, crash, uncrashed
from sim.campaigns.crash_known import Known, Place, Story, story_of, told_places
from sim.campaigns.director import Coming
from sim.campaigns.sameness import word
from sim.scenario import load_scenario

AT = 88
"""A boundary where the person says resume."""


def story(ends: dict[str, str], name: str = "happy") -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    crash(load_scenario(name), 1, Crashes(lambda at: at == AT, found.append, here=True, known=Known(ends)))
    return found[0]


@pytest.fixture(scope="module")
def ends() -> dict[str, str]:
    """What is known from the run without a crash."""
    gone = uncrashed(load_scenario("happy"), 1)
    assert gone.boundaries > 150
    return gone.ends


@pytest.mark.timeout(120)
def test_a_crash_goes_on_as_the_run_without_one(monkeypatch: pytest.MonkeyPatch, ends: dict[str, str]) -> None:
    monkeypatch.setattr(module, "PLAYED_ON", 0.0)
    assert set(ends.values()) == {"Idle"}
    cut, whole = story(ends), story({})
    assert (cut["as_known"], whole["as_known"]) == (True, False)
    assert cut["end"] == whole["end"] == "Idle"
    assert [told["outcome"] for told in (cut, whole)] == ["at S1"] * 2
    assert not cut["problems"]


@pytest.mark.timeout(120)
def test_a_story_that_ends_otherwise_than_it_was_taken_for_is_told(
    monkeypatch: pytest.MonkeyPatch, ends: dict[str, str]
) -> None:
    monkeypatch.setattr(module, "PLAYED_ON", 1.0)
    right = story(ends)
    assert right["played_on"]
    assert not right["problems"]
    wrong = story(dict.fromkeys(ends, "Held: LIFT_STALL"))
    assert wrong["problems"] == ["ended as Idle, taken for one that ended as Held: LIFT_STALL"]


def test_before_people_decided_nothing_is_known(ends: dict[str, str]) -> None:
    known = uncrashed(load_scenario("estop-no-pack"), 1).ends
    assert len(known) < len(ends), "only what came after the last hold"


@pytest.mark.timeout(120)
def test_the_story_of_another_run_is_that_of_this_one_up_to_its_own_cue(
    monkeypatch: pytest.MonkeyPatch, ends: dict[str, str]
) -> None:
    monkeypatch.setattr(module, "PLAYED_ON", 0.0)
    other, cut = story({}, "bay-occupied"), story(ends)
    assert cut["as_known"]
    for key in ("what", "at_s", "dead_s", "outcome", "text"):
        assert cut[key] == other[key]
    assert other["said"][: len(cut["said"])] == cut["said"]
    here: list[dict[str, Any]] = []
    known = Known({}, {cut["history"]: story_of(cut)})
    crash(load_scenario("bay-occupied"), 1, Crashes(lambda at: at == AT, here.append, here=True, known=known))
    assert "told_at" not in here[0], "it is cut off before the fault, and nothing is known from there on"


STEP = ("step", "13", "started")
TOLD = Story(
    {"run": "happy", "at": AT, "end": "Idle", "as_known": True},
    (Place("a", "resume", frozenset()), Place("b", "resume", frozenset({("step", "8", "done")}))),
)


def coming(*cues: tuple[str, ...], hours: bool = False) -> Coming:
    return Coming(tuple((number, 1) for number, _ in enumerate(cues)), (), None if hours else frozenset(cues))


def test_a_story_is_told_again_only_up_to_where_it_is_known_and_nothing_is_cued() -> None:
    there = coming(STEP)
    end = {word("b", there): "Held: BOLT"}
    assert Known({}, {"h": TOLD}).told("h", there) is None, "nobody knows how this one goes on"
    assert Known(dict(end), {"h": TOLD}).told("h", there) == (TOLD, "Held: BOLT")
    assert Known(dict(end), {"h": TOLD}).told("other", there) is None
    cued = coming(("step", "8", "done"))
    assert Known({word("b", cued): "Idle"}, {"h": TOLD}).told("h", cued) is None, "what it tells is a cue here"
    assert Known({word("a", cued): "Idle"}, {"h": TOLD}).told("h", cued) is not None, "it ends before that"
    by_hour = coming(STEP, hours=True)
    assert Known({word("b", by_hour): "Idle"}, {"h": TOLD}).told("h", by_hour) is None
    whole = Story({**TOLD.line, "as_known": False}, TOLD.places)
    assert Known({}, {"h": whole}).told("h", there) == (whole, "Idle")


def test_what_was_told_again_is_known_from_then_on() -> None:
    known = Known({word("b", coming(STEP)): "Idle"}, {"h": TOLD})
    known.told("h", coming(STEP))
    assert known.end("a", coming(STEP), "resume") == "Idle"
    assert known.end("a", coming(STEP), "abort") is None


def test_a_story_is_the_same_after_it_was_written_down() -> None:
    line = {**TOLD.line, "places": told_places(TOLD.places)}
    assert story_of(line).places == TOLD.places
