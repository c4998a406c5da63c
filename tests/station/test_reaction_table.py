"""Every row of the reaction table and every fault code has its scenario; a new code without one is red."""

from functools import cache

import pytest

from firmware_py.core.chart import CHART
from firmware_py.core.faults import FaultCode
from sim.scenario import Scenario, load_scenario, scenario_names
from tests.station.reaction_table import NO_SCENARIO, STEPS, TABLE, Line


@cache
def scenario(name: str) -> Scenario:
    return load_scenario(name).scenario


def shown() -> dict[str, set[str]]:
    """Fault code -> scenarios that expect it: as a fault, or as the reason of an order."""
    found: dict[str, set[str]] = {}
    for name in scenario_names():
        expect = scenario(name).expect
        for code in (*(fault.split("/")[0] for fault in expect.faults), *(order.reason for order in expect.order)):
            found.setdefault(code, set()).add(name)
    return found


@pytest.mark.parametrize("line", TABLE, ids=lambda line: f"{line.step}: {line.fault}")
def test_a_row_has_its_scenarios_and_they_expect_its_reactions(line: Line) -> None:
    names = line.scenarios.split()
    assert bool(names) is not bool(line.open_), "a row has scenarios, or says why it has none"
    expected = {reaction.value for name in names for reaction in scenario(name).expect.reaction}
    missing = set(line.reactions.split()) - expected if names else set()
    assert not missing, f"no scenario of this row expects {missing}"


def test_every_scenario_stands_in_the_table() -> None:
    told = [name for line in TABLE for name in line.scenarios.split()]
    assert set(told) == set(scenario_names())


@pytest.mark.parametrize("code", list(FaultCode))
def test_every_fault_code_has_a_scenario(code: FaultCode) -> None:
    names = shown().get(code.value, set())
    if code.value in NO_SCENARIO:
        assert not names, f"it has one now: {names}; take it off the list"
    else:
        assert names, "a fault code without a scenario"


def test_the_list_of_codes_without_scenario_names_codes() -> None:
    assert set(NO_SCENARIO) <= set(FaultCode.__members__)


@pytest.mark.parametrize("name", ["person-in-the-cell", "guard-gate-opened"])
def test_people_come_at_every_step(name: str) -> None:
    steps = [CHART[row].step for row in scenario(name).each_of]
    assert sorted(steps) == list(STEPS)


def test_an_estop_is_pressed_in_each_stable_place() -> None:
    assert [CHART[row].step for row in scenario("estop-at-each-stable-place").each_of] == [5, 11, 18]
