"""Every scenario file in virtual time, and that the judge of scenarios can fail."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from firmware_py.core.chart import CHART
from firmware_py.core.faults import FaultCode
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.errors import ConfigError
from sim.campaigns.scenario_result import Result
from sim.campaigns.scenario_run import run_virtual
from sim.campaigns.verdict import misses
from sim.referee import Breach
from sim.scenario import Named, Scenario, load_scenario, scenario_names

NAMES = scenario_names()
PROMISED = {
    "happy", "bolt-will-not-open", "bolt-never-reaches-torque", "lift-stall-with-pack", "wrong-pack-at-buffer",
    "door-opened-before-unlock", "door-opened-after-unlock", "estop-no-pack", "modbus-device-gone", "broker-killed",
    "wrong-vin",
}  # fmt: skip
PROMISED_ON_WIRE = {"happy", "bolt-will-not-open", "estop-no-pack", "modbus-device-gone", "broker-killed"}


@cache
def station_of(name: str) -> Station:
    return load_station(name)


@pytest.fixture(scope="module")
def station() -> Station:
    return station_of("choco-14")


@pytest.fixture(scope="module")
def happy(station: Station) -> Result:
    return run_virtual(load_scenario("happy"), station=station)


@pytest.fixture(scope="module")
def estop(station: Station) -> Result:
    return run_virtual(load_scenario("estop-no-pack"), station=station)


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str) -> None:
    named = load_scenario(name)
    result = run_virtual(named, station=station_of(named.scenario.station))
    assert not result.misses, "\n".join(result.misses)


def test_no_scenario_is_missing() -> None:
    assert set(NAMES) >= PROMISED
    assert {n for n in NAMES if load_scenario(n).scenario.wire} >= PROMISED_ON_WIRE


@pytest.mark.parametrize("name", NAMES)
def test_words_of_a_scenario_are_words_of_the_station(name: str, station: Station) -> None:
    expect = load_scenario(name).scenario.expect
    assert {*expect.rows, *expect.not_rows, *expect.entered} <= set(CHART)
    devices = {*station.config.devices, "lane", "buffer", "rack", "rods", "pins", "pin_lift", "shutter", "lane_gate"}
    for fault in expect.faults:
        code, device = fault.split("/")
        assert code in FaultCode.__members__
        assert device in devices
    for order in expect.order:
        assert order.outcome == "refused" or not order.reason or order.reason in FaultCode.__members__


@pytest.mark.parametrize("jitter", [0.05, 0.1])
def test_a_swap_with_jitter_still_ends_well(station: Station, jitter: float) -> None:
    named = load_scenario("happy")
    loose = named.scenario.expect.order[0].model_copy(update={"swap_max_s": None})
    expect = named.scenario.expect.model_copy(update={"order": (loose,)})
    scenario = named.scenario.model_copy(update={"expect": expect})
    for seed in range(3):
        result = run_virtual(Named("happy", scenario), seed, jitter=jitter, station=station)
        assert not result.misses, (seed, result.misses)


# -------------------------------------------------------------------------------------------------- the judge can fail


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
    assert "not over after 120 s: station is Held, not Idle" in found


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


# --------------------------------------------------------------------------------------------------------- the loader

GOOD = """
title = "t"
description = "d"
[[act]]
when = { time_s = 0 }
do = { inject = "bolt-stuck", args = { point = 4 } }
[expect]
faults = []
place = "S0"
[[expect.order]]
outcome = "completed"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"bolt-stuck"', '"bolt-stuk"', "did you mean 'bolt-stuck'"),
        ("point = 4", "pont = 4", "did you mean 'point'"),
        ("time_s = 0", 'time_s = 0, step = "8"', "exactly one of step, state, fault, time_s"),
        ("time_s = 0", 'state = "Heled"', "did you mean 'Held'"),
        ("faults = []", 'faults = ["estop"]', "expect.faults.0"),
        ('place = "S0"', 'place = "S0"\nrow = []', "did you mean 'rows'"),
        ('[[expect.order]]\noutcome = "completed"', "order = []", "one entry per order: 1"),
        ('inject = "bolt-stuck"', 'operator = "reset"', "only with inject or clear"),
        ('title = "t"', "", "title: (absent)"),
    ],
)
def test_the_loader_names_the_mistake(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "one.toml"
    file.write_text(GOOD)
    assert load_scenario(str(file)).name == "one"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(file))
    assert said in str(caught.value)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'wrong-vin'"):
        load_scenario("wrong-win")
