"""The judge of scenarios can fail: each expectation, turned into a lie about a run that was good, is noticed."""

import copy
from typing import Any

import pytest

from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.scenario_result import Result
from sim.campaigns.scenario_run import run_virtual
from sim.campaigns.verdict import misses
from sim.referee import Breach
from sim.scenario import Named, Scenario, load_scenario


@pytest.fixture(scope="module")
def station() -> Station:
    return load_station("choco-14")


@pytest.fixture(scope="module")
def happy(station: Station) -> Result:
    return run_virtual(load_scenario("happy"), station=station)


@pytest.fixture(scope="module")
def estop(station: Station) -> Result:
    return run_virtual(load_scenario("estop-no-pack"), station=station)


def changed(name: str, **expectation: Any) -> Scenario:
    """A scenario with another expectation; keys of the order go to its first entry."""
    scenario = load_scenario(name).scenario
    whole = copy.deepcopy(scenario.model_dump())
    for key, value in expectation.items():
        where = whole["expect"] if key in whole["expect"] else whole["expect"]["order"][0]
        where[key] = value
    return Scenario.model_validate(whole)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("faults", ("ESTOP_PRESSED/safety",), "fault ESTOP_PRESSED/safety was not raised"),
        ("place", "S2", "ends at place S0, expected S2"),
        ("packml", "Held", "station ends Idle, expected Held"),
        ("rows", ("8.relock",), "row 8.relock was not entered"),
        ("not_rows", ("10",), "row 10 was entered"),
        ("entered", {"10": 2}, "row 10 was begun 1 times, expected 2"),
        ("outcome", "aborted", "order-1: completed (), expected aborted"),
        ("reason", "DOOR_OPEN", "order-1: completed because of '', expected 'DOOR_OPEN'"),
        ("lock_proven", False, "order-1: lock_proven is True in the record, expected False"),
        ("serial_on_car", "old", "order-1: the car left with its new pack, expected old"),
        ("swap_max_s", 90.0, "at most 90 s"),
        ("reaction", ("RETRY",), "reaction RETRY: no step was tried again"),
        ("reaction", ("HOLD",), "reaction HOLD: the station never held"),
        ("reaction", ("E_STOP",), "reaction E_STOP: no emergency was told"),
        ("reaction", ("BACK_OUT",), "reaction BACK_OUT: no step failed"),
        ("reaction", ("ABORT",), "reaction ABORT: no order was ended"),
        ("reaction", ("REFUSE",), "reaction REFUSE: no order was refused"),
        ("reaction", ("ISOLATE",), "reaction ISOLATE: no pack stands at the isolation position"),
        ("states", ("Execute", "Held", "Idle"), "state Held was not passed in the order Execute, Held, Idle"),
        ("states", ("Execute", "Starting"), "state Starting was not passed in the order Execute, Starting"),
        ("not_states", ("Execute",), "state Execute was passed"),
        ("stand", ("ESTOP_PRESSED/safety",), "fault ESTOP_PRESSED/safety does not stand at the end"),
        ("texts", {"ESTOP_PRESSED/safety": "e-stop"}, "fault ESTOP_PRESSED/safety: a person reads 'nothing'"),
        ("never", ("Unlock",), "Unlock points=[1,2,3,4,5,6,7,8,9,10] was commanded"),
        (
            "never",
            ("MoveSlot slot=in position_mm=0.0",),
            "MoveSlot position_mm=0.0 slot=in speed_mm_s=463.5 was commanded",
        ),
        ("given", ("Extract on=True",), "Extract on=True was not commanded"),
        ("packs", {"bay-1": "bay-2"}, "the pack of bay-1 ends at on-car-1, expected bay-2"),
        ("packs", {"car-1": "on-car-1"}, "the pack of car-1 ends at "),
    ],
)
def test_a_wrong_expectation_fails(happy: Result, key: str, value: Any, said: str) -> None:
    assert not misses(load_scenario("happy").scenario, happy.outcome)
    found = misses(changed("happy", **{key: value}), happy.outcome)
    assert any(said in miss for miss in found), found


def test_a_fault_that_nobody_expects_fails(estop: Result) -> None:
    found = misses(changed("estop-no-pack", faults=()), estop.outcome)
    assert found == ["fault ESTOP_PRESSED/safety was raised and is not expected"]


def test_an_operator_who_gets_another_answer_fails(estop: Result) -> None:
    outcome = copy.copy(estop.outcome)
    refused = next(p for p in outcome.played if p.act.do.operator == "resume")
    outcome.played = [copy.copy(refused)]
    outcome.played[0].answer = "accepted"
    found = misses(load_scenario("estop-no-pack").scenario, outcome)
    assert any("answered accepted" in miss and "expected refused" in miss for miss in found), found


@pytest.mark.parametrize(
    ("moved", "rest_s", "said"),
    [(True, 1.4, "something still moved after 0.7 s"), (False, 0.0, "nothing moved when it came")],
)
def test_a_plant_that_does_not_come_to_rest_fails(estop: Result, moved: bool, rest_s: float, said: str) -> None:
    outcome = copy.copy(estop.outcome)
    outcome.played = [copy.copy(p) for p in outcome.played]
    outcome.played[0].moved, outcome.played[0].rest_s = moved, rest_s
    assert any(said in miss for miss in misses(load_scenario("estop-no-pack").scenario, outcome))


def test_what_the_referee_saw_fails(happy: Result) -> None:
    outcome = copy.copy(happy.outcome)
    outcome.breaches = [Breach(12.0, "pack-dropped", "a pack lost its support")]
    found = misses(load_scenario("happy").scenario, outcome)
    assert found == ["referee at 12.00 s: pack-dropped: a pack lost its support"]


def test_a_scenario_that_does_not_end_fails(station: Station) -> None:
    named = load_scenario("estop-no-pack")
    nobody_resumes = named.scenario.model_copy(update={"act": named.scenario.act[:1], "limit_s": 120.0})
    found = run_virtual(Named("endless", nobody_resumes), station=station).misses
    assert "not over after 120 s: order-1 has no final answer" in found
    assert "not over after 120 s: station is Held for ESTOP_PRESSED safety: e-stop pressed, not Idle" in found


def test_an_act_whose_cue_never_comes_fails(station: Station) -> None:
    named = load_scenario("unknown-model")
    late = load_scenario("estop-no-pack").scenario.act[:1]
    waiting = named.scenario.model_copy(update={"act": late, "limit_s": 20.0})
    found = run_virtual(Named("late", waiting), station=station).misses
    assert found == ("not over after 20 s: act 1 (inject estop) was not due",)


def test_an_act_that_cannot_be_done_fails(station: Station) -> None:
    whole = load_scenario("unknown-model").scenario.model_dump()
    whole["act"] = ({"when": {"time_s": 0}, "do": {"inject": "pack-hot", "args": {"place": "store"}}},)
    found = run_virtual(Named("nothing-there", Scenario.model_validate(whole)), station=station).misses
    assert found == ("act 1 (inject pack-hot place=store) could not be done: there is no pack at store",)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("reaction", ("GO_ON",), "reaction GO_ON: the station held"),
        ("reaction", ("BACK_OUT",), "reaction BACK_OUT"),
        ("texts", {"ESTOP_PRESSED/safety": "gate"}, "a person reads 'e-stop pressed', expected 'gate' in it"),
        ("not_states", ("Held",), "state Held was passed"),
    ],
)
def test_a_wrong_expectation_of_a_held_swap_fails(estop: Result, key: str, value: Any, said: str) -> None:
    found = misses(changed("estop-no-pack", **{key: value}), estop.outcome)
    assert any(said in miss for miss in found), found


def test_commands_that_are_not_given_are_no_miss(happy: Result) -> None:
    assert not misses(changed("happy", never=("Unlock points=[1]", "EnableCharger")), happy.outcome)


def test_a_station_that_holds_too_late_fails(estop: Result) -> None:
    whole = load_scenario("estop-no-pack").scenario.model_dump()
    whole["act"] = ({**whole["act"][0], "held_within_s": 0.3},)
    outcome = copy.copy(estop.outcome)
    outcome.played = [copy.copy(outcome.played[0])]
    outcome.played[0].act, outcome.played[0].held_s = Scenario.model_validate(whole).act[0], 0.31
    assert "act 1 (inject estop): held after 0.31 s, at most 0.3 s" in misses(Scenario.model_validate(whole), outcome)


def test_a_fault_that_still_stands_fails(estop: Result) -> None:
    outcome = copy.copy(estop.outcome)
    outcome.observed = copy.copy(outcome.observed)
    outcome.observed._standing = {"topic": "ESTOP_PRESSED/safety"}
    found = misses(load_scenario("estop-no-pack").scenario, outcome)
    assert found == ["fault ESTOP_PRESSED/safety still stands at the end"]
