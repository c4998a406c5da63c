"""A whole station over real Modbus frames in virtual time: the production links, their framing and their cures."""

from functools import cache
from typing import Any

import pytest

from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.scenario_result import Result
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import Named, Scenario, load_scenario

HELD_AND_RESUMED = {
    "faults": ("LINK_LOST/lift",),
    "place": "S0",
    "rows": ("13", "14", "15", "19"),
    "order": ({"outcome": "completed", "lock_proven": True, "serial_on_car": "new"},),
}
UNDISTURBED = {**HELD_AND_RESUMED, "faults": ()}
ABUSES = {
    "garbage": ("unit-garbled", {"how": "noise"}),
    "checksum": ("unit-garbled", {"how": "checksum"}),
    "truncated": ("unit-garbled", {"how": "truncated"}),
    "other-unit": ("unit-garbled", {"how": "other-unit"}),
    "stale": ("unit-garbled", {"how": "stale"}),
    "frozen": ("unit-frozen", {}),
    "late": ("unit-late", {"seconds": 0.12}),
    "exceptions": ("unit-refuses", {"code": 4}),
}


@cache
def station() -> Station:
    return load_station("choco-14")


def run(scenario: Scenario, seed: int = 1, name: str = "frames") -> Result:
    return run_virtual(Named(name, scenario), seed, frames=True, station=station())


def scene(*acts: dict[str, Any], expect: dict[str, Any]) -> Scenario:
    return Scenario.model_validate({"title": "t", "description": "d", "act": acts, "expect": expect})


def abused(unit: str, abuse: str, *, row: str, for_s: float, held: bool) -> Scenario:
    """A unit answers wrongly for a while from a second into a row on; where the station holds, a person resumes."""
    fault, arguments = ABUSES[abuse]
    args = {"unit": unit, **arguments}
    begin: dict[str, Any] = {"when": {"step": row, "after_s": 1.0}, "do": {"inject": fault, "args": args}}
    if not held:
        end = {"when": {"step": row, "after_s": 1.0 + for_s}, "do": {"clear": fault, "args": args}}
        return scene(begin, end, expect=UNDISTURBED)
    end = {"when": {"state": "Held", "after_s": 3.0}, "do": {"clear": fault, "args": args}}
    resume = {"when": {"state": "Held", "after_s": 6.0}, "do": {"operator": "resume"}}
    return scene(begin | {"still_within_s": 0.7}, end, resume, expect=HELD_AND_RESUMED)


@pytest.fixture(name="happy", scope="module")
def _happy() -> Result:
    return run(load_scenario("happy").scenario)


def test_a_swap_over_frames_is_as_good_as_one_over_words_and_as_replayable(happy: Result) -> None:
    assert happy.misses == ()
    assert happy.digest == run(load_scenario("happy").scenario).digest
    over_words = run_virtual(load_scenario("happy"), 1, station=station())
    assert happy.digest != over_words.digest, "time on the wire is not the same"


@pytest.mark.parametrize("abuse", ["garbage", "checksum", "truncated", "other-unit", "late", "exceptions"])
def test_a_drive_that_raises_a_pack_and_answers_wrongly_holds_the_swap(abuse: str) -> None:
    """On the lift's serial line, in step 13: unknown is never so. When it answers well again a person resumes."""
    assert run(abused("lift_drive", abuse, row="13", for_s=0.0, held=True)).misses == ()


@pytest.mark.parametrize("abuse", ["stale", "frozen"])
def test_an_old_answer_in_a_new_frame_is_known_by_its_count(abuse: str) -> None:
    """Unit, function, length and checksum are right, and so is the value, of a while ago: only its count is old."""
    assert run(abused("lift_load", abuse, row="13", for_s=0.0, held=True)).misses == ()


@pytest.mark.parametrize("abuse", ["garbage", "late"])
def test_one_bad_answer_disturbs_nobody(abuse: str, happy: Result) -> None:
    """For less than a poll period (0.05 s): one answer is lost, no value is wrong, nothing stops."""
    disturbed = run(abused("lift_load", abuse, row="13", for_s=0.04, held=False))
    assert disturbed.misses == ()
    assert disturbed.digest != happy.digest, "it was disturbed"


@pytest.mark.parametrize("how", ["split", "twice"])
def test_answers_in_pieces_or_twice_disturb_nobody(how: str) -> None:
    """On the serial line and over TCP."""
    acts = [
        {"when": {"time_s": 0}, "do": {"inject": "unit-garbled", "args": {"unit": unit, "how": how}}}
        for unit in ("lift_drive", "shuttle_rail")
    ]
    assert run(scene(*acts, expect=UNDISTURBED)).misses == ()
