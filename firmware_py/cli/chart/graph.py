"""The chart as nodes and edges, grouped by phase. Everything comes from the rows; only the phases' titles are ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmware_py.core.chart import CHART, FIRST_ROWS
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart.attach import ATTACH
from firmware_py.core.chart.entry import ENTRY
from firmware_py.core.chart.exchange import EXCHANGE
from firmware_py.core.chart.prestage import PRE_STAGE
from firmware_py.core.chart.rack import RACK
from firmware_py.core.chart.release import RELEASE
from firmware_py.core.chart.rows import Row, yes
from firmware_py.core.chart.separation import SEPARATION
from firmware_py.core.state import Purpose

PHASES: Final[tuple[tuple[str, tuple[Row, ...]], ...]] = (
    ("Pre-stage: the new pack comes to the buffer", PRE_STAGE),
    ("Entry: admit, check and hold the car", ENTRY),
    ("Separation: dock, take the weight, unlock, lower", SEPARATION),
    ("Exchange: old pack out, new pack in", EXCHANGE),
    ("Attach: raise, lock, prove", ATTACH),
    ("Release: retract, self-check, let the car go", RELEASE),
    ("Rack: store the old pack, slots go home", RACK),
)
UNHAPPY: Final = frozenset(
    {when.given_up, when.given_up_no_car, when.given_up_car_waits, when.old_reinstalled, when.not_staged}
)
"""Conditions under which a swap is on a way back."""


class Kind(StrEnum):
    """What leads from one row to another."""

    NEXT = "next"
    """The row is done."""
    RETRY = "retry"
    """A fault is tried again by way of this row."""
    LEAVE = "leave"
    """A fault's way back, or the exit of an aborted swap."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow. `labels`: conditions of a NEXT, causes of the others."""

    source: str
    target: str
    kind: Kind
    labels: tuple[str, ...] = ()


def edges() -> tuple[Edge, ...]:
    """All arrows, those of one kind between the same two rows as one. An exit that is the row itself is none."""
    merged: dict[tuple[str, str, Kind], list[str]] = {}
    for edge in (edge for row in CHART.values() for edge in _of(row)):
        if edge.source != edge.target:
            labels = merged.setdefault((edge.source, edge.target, edge.kind), [])
            labels += [label for label in edge.labels if label not in labels]
    return tuple(Edge(*key, tuple(labels)) for key, labels in merged.items())


def main_rows() -> frozenset[str]:
    """Rows of a swap in which nothing goes wrong: reached from the first by happy links, all joined rows among them."""
    reached, grown = set(FIRST_ROWS[Purpose.SERVE]), True
    while grown:
        found = {
            link.to
            for name in reached
            for link in CHART[name].then
            if link.when not in UNHAPPY and set(CHART[link.to].needs) <= reached
        }
        grown = not found <= reached
        reached |= found
    return frozenset(reached)


def _of(row: Row) -> Iterator[Edge]:
    for link in row.then:
        yield Edge(row.name, link.to, Kind.NEXT, () if link.when is yes else (_words(link.when.__name__),))
    for cause, route in (row.routes or {}).items():
        words = f"{cause[0].value} {cause[1]}" if isinstance(cause, tuple) else cause.value
        if route.via:
            yield Edge(row.name, route.via, Kind.RETRY, (words,))
        for target in route.to:
            yield Edge(row.name, target, Kind.LEAVE, (words,))
    for target in row.exit or ():
        yield Edge(row.name, target, Kind.LEAVE, ("abort",))


def _words(name: str) -> str:
    return name.replace("_", " ")
