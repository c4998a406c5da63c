"""The chart as a graph: complete, closed, and with a way out of every row."""

from collections.abc import Iterator

import pytest

from firmware_py.core.chart import CHART, FIRST_ROWS, Row, chart_rows
from firmware_py.core.fault_table import FAULTS
from firmware_py.core.faults import FaultCode, Reaction
from tests.unit.core.rows_table import DECISIONS, PLAYED, WAITS
from tests.unit.core.scenes import params

ROWS = pytest.mark.parametrize("row", chart_rows(), ids=lambda row: row.name)
ONLY_ON = {
    "3.again": "the car has a pack it rejects",
    "0.5": "decides at once", "0.choose": "decides at once", "12.other": "decides at once",
    "8.relock": "the pack must be locked again first",
    "10.raise": "the pack must reach its seat first", "11.return": "the car has no pack",
    "13.old": "the car has no pack", "14.old": "the car has no locked pack",
    "14.unlock": "a pack is locked in part", "15": "locked, not proven", "16": "on the way out",
    "16.shutter": "on the way out", "17": "on the way out", "17.wake": "on the way out",
    "17.choose": "the car has a pack it rejects", "17.again": "the car has a pack it rejects",
    "18.lower": "on the way out",
    "18.free": "on the way out", "19": "on the way out", "19.gate": "on the way out",
    "19.refuse": "on the way out", "19.close": "the car has gone", "home.in": "the car is served",
    "home.out": "the car is served",
}  # fmt: skip
"""Rows that cannot be aborted, each with its reason."""


def ways(row: Row) -> Iterator[str]:
    """Every row that may follow."""
    yield from (link.to for link in row.then)
    yield from row.exit or ()
    for route in (row.routes or {}).values():
        yield from route.to
        if route.via:
            yield route.via


def test_every_step_of_the_reference_sequence_is_in_the_chart() -> None:
    assert {row.step for row in chart_rows()} == set(range(20))


def test_names_are_unique_and_every_row_is_played_in_the_tests() -> None:
    assert len(chart_rows()) == len(CHART)
    assert set(CHART) == set(PLAYED) | set(WAITS) | DECISIONS


@ROWS
def test_every_way_leads_to_a_row(row: Row) -> None:
    assert {*ways(row), *row.needs} <= set(CHART)


def test_every_row_can_be_reached() -> None:
    seen: set[str] = set()
    ahead = {name for names in FIRST_ROWS.values() for name in names}
    while ahead:
        seen |= ahead
        ahead = {to for name in ahead for to in ways(CHART[name])} - seen
    assert seen == set(CHART)


@ROWS
def test_every_row_has_a_limit_of_the_station_and_a_fault_that_names_it(row: Row) -> None:
    longest = sum(params().limit_s[str(step)] for step in range(11)) if row.limit == "wait" else 180
    assert 0 < params().limit_s[row.limit] <= longest
    assert row.limit_fault in FAULTS
    assert row.limit_device


@ROWS
def test_every_row_has_an_exit_or_a_reason(row: Row) -> None:
    assert (row.exit is None) == (row.name in ONLY_ON)


@ROWS
def test_a_join_waits_only_for_rows_that_lead_to_it(row: Row) -> None:
    leading = {name for name, other in CHART.items() if row.name in ways(other)}
    for need in row.needs:
        assert need in leading or any(need in ways(CHART[name]) or name in ways(CHART[need]) for name in leading)


@ROWS
def test_a_retry_has_a_count_in_the_station_and_comes_back(row: Row) -> None:
    for code, route in (row.routes or {}).items():
        assert bool(route.retries) == bool(route.via), code
        if route.retries:
            assert route.retries in params().retries
            near = {*ways(CHART[route.via]), *(to for way in ways(CHART[route.via]) for to in ways(CHART[way]))}
            assert route.via == row.name or row.name in near


@ROWS
def test_a_motion_that_bears_a_pack_or_a_car_is_never_retried_by_itself(row: Row) -> None:
    if row.step in {5, 7, 10, 13}:
        assert all(params().retries.get(r.retries, 0) == 0 for r in (row.routes or {}).values())


@ROWS
def test_a_row_that_commands_a_drive_says_what_it_moves(row: Row) -> None:
    still = {*DECISIONS, *WAITS, "0.5", "2.in", "3", "3.again", "9", "12.other", "17", "17.again"}
    assert bool(row.moves) == (row.name not in still)


@ROWS
def test_back_out_and_abort_lead_somewhere(row: Row) -> None:
    for code, route in (row.routes or {}).items():
        if route.reaction in {Reaction.BACK_OUT, Reaction.ABORT}:
            assert route.to, code


def test_every_fault_has_a_row_in_the_table_with_words_for_a_person() -> None:
    assert set(FAULTS) == set(FaultCode)
    assert all(len(row.remedy) > 20 for row in FAULTS.values())


def test_sealing_comes_before_the_lane_gate_opens_for_a_car_to_leave() -> None:
    assert {row.name for row in chart_rows() if row.seals} == {"19.gate", "19.refuse"}
