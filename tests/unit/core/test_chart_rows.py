"""Each row by its behaviour: what starts it, what ends it, what it takes for granted and what it does not."""

from typing import Any

import pytest

from firmware_py.core.chart import CHART
from firmware_py.core.checks import View
from firmware_py.core.gate import judge
from firmware_py.core.image import Image
from hal.commands import RequestCar
from tests.unit.core import scenes as s
from tests.unit.core.rows_table import PLAYED

NAMES = tuple(PLAYED)
EACH = pytest.mark.parametrize("name", NAMES)
MAY_FIND_ITS_END = {
    **{
        f"{p}.{k}": "the stacker stands there already"
        for p in ("0", "other", "putback", "store", "isolate")
        for k in (1, 3)
    },
    "16.shutter": "the way out may begin before it was opened", "0.5": "no motion", "12.other": "no motion",
    "2": "the car stands in the lane, the gate alone moves",
    "2.again": "the gate may stand open", "2.in": "no motion",
    "0.coolant": "home already", "0.power": "home already", "mate.power": "there already",
    "mate.coolant": "there already",
    "4.free": "way back", "6.lower": "way back", "8.relock": "way back",
    "8.again": "way back", "10.raise": "way back",
    "12.return": "way back",
    "14": "tried again after a back-off: some points are locked already", "14.old": "as 14",
    "14.back-off": "way back", "14.old-back-off": "way back", "14.unlock": "way back", "14.lower": "way back",
    "3": "no motion", "3.again": "no motion", "17.again": "no motion", "9": "no motion", "17": "no motion",
    "15": "the row before it ended at the other height", "16": "the way out begins at any height",
    "18.lower": "the way out begins before the body was lifted", "18.free": "the way out begins before the pins",
    "19": "the car may leave at once", "19.gate": "it may stand open", "19.refuse": "it may stand open",
    "19.close": "the gate may be seen closed early", "home.in": "after a way back it is home already",
    "home.out": "after a way back it is home already", "11.return": "a slot that never left",
}  # fmt: skip
"""Rows whose start pose does not exclude their end, each with its reason."""


def view(name: str, image: Image) -> View:
    """What a row's functions look at."""
    return View(PLAYED[name].swap, image, s.params())


def is_done(name: str, image: Image) -> bool:
    """The row's end is seen."""
    return CHART[name].done(view(name, image)) is None


def others(value: object, start: object) -> list[Any]:
    """Values that a reading could have instead."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1e5, value - 1e5]
        case tuple() if value and isinstance(value[0], bool):
            return [tuple(not x for x in value), *((*value[:k], not x, *value[k + 1 :]) for k, x in enumerate(value))]
        case tuple() if value and isinstance(value[0], float):
            return [tuple(x + 1e5 for x in value), tuple(x - 1e5 for x in value)]
        case str():
            return [type(value)(x) for x in _WORDS.get(type(value), ())] or [value + "?"]
        case tuple() if value:
            return [tuple(x for _ in value) for x in type(value[0]) if x is not value[0]]
        case _:
            return [start]


_WORDS: dict[type, tuple[str, ...]] = {type(s.CAR.self_check): ("idle", "running", "failed")}


def reads(name: str) -> list[tuple[str, str]]:
    """Roles that the end of a row hangs on, found by turning each one over."""
    played = PLAYED[name]
    return [
        role
        for role in s.roles_of(played.done)
        if any(
            not is_done(name, s.with_value(played.done, role, other))
            for other in others(s.value_of(played.done, role), s.value_of(played.start, role))
        )
    ]


@EACH
def test_the_pictures_are_right(name: str) -> None:
    played, row = PLAYED[name], CHART[name]
    assert row.start(view(name, played.start)) is None
    assert [w.check(view(name, played.start)) for w in row.watches if not w.while_running_only] == [None] * sum(
        not w.while_running_only for w in row.watches
    )
    assert is_done(name, played.done)


@EACH
def test_a_row_is_not_done_where_it_starts(name: str) -> None:
    assert not is_done(name, PLAYED[name].start)


@EACH
def test_start_and_end_exclude_each_other(name: str) -> None:
    at_the_end = CHART[name].start(view(name, PLAYED[name].done)) is None
    assert not at_the_end or name in MAY_FIND_ITS_END


@EACH
def test_one_witness_alone_ends_no_row(name: str) -> None:
    played = PLAYED[name]
    for witness in played.witnesses:
        device, _, role = witness.partition("__")
        seen, before = (s.value_of(p, (device, role)) for p in (played.done, played.start))
        wrong = before if before != seen else others(seen, before)[0]
        assert not is_done(name, s.put(played.done, **{witness: wrong})), f"done without {witness}"


@EACH
def test_the_end_hangs_on_two_readings_at_least(name: str) -> None:
    assert {tuple(w.split("__")) for w in PLAYED[name].witnesses} <= set(reads(name))


@EACH
def test_a_single_change_ends_no_row(name: str) -> None:
    """From the start, one reading alone that jumps to its end value (a stuck switch, a wrong frame) is not the end."""
    played = PLAYED[name]
    for role in s.roles_of(played.done):
        jumped = s.with_value(played.start, role, s.value_of(played.done, role))
        if len(s.roles_of(played.done)) and jumped != played.done:
            assert not is_done(name, jumped), f"done by {role} alone"


@EACH
def test_what_is_unknown_never_ends_a_row(name: str) -> None:
    done = PLAYED[name].done
    for role in reads(name):
        assert not is_done(name, s.with_value(done, role, None)), f"done without knowing {role}"


@EACH
def test_in_the_dark_no_row_is_done_and_none_that_moves_starts(name: str) -> None:
    row, dark = CHART[name], view(name, Image())
    assert row.done(dark) is not None
    if row.moves:
        assert any(w.check(dark) is not None for w in row.watches) or row.start(dark) is not None


@EACH
def test_what_a_row_commands_passes_the_gate(name: str) -> None:
    played = PLAYED[name]
    image = played.start
    for command in CHART[name].command(view(name, image)):
        assert judge(command, image, s.limits()) is None
        if not isinstance(command, RequestCar):
            image = s.after(image, command)


@EACH
def test_what_a_row_commands_brings_its_end(name: str) -> None:
    played = PLAYED[name]
    image = s.after(played.start, *CHART[name].command(view(name, played.start)))
    changed = {r for r in s.roles_of(played.done) if s.value_of(image, r) != s.value_of(played.start, r)}
    if CHART[name].moves and name != "1":
        assert changed & {tuple(w.split("__")) for w in played.witnesses}
