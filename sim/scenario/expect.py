"""What must have become of a scenario. Typed by hand from the table of reactions, never taken from the chart."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from hal.config.base import Count, Flag, Positive, Strict, Text
from sim.scenario.words import FaultName, PlaceName, StateName


class Reaction(StrEnum):
    """Classes of reaction, and how each is seen from outside (`sim/campaigns/reactions.py`)."""

    RETRY = "RETRY"
    HOLD = "HOLD"
    BACK_OUT = "BACK_OUT"
    ABORT = "ABORT"
    ISOLATE = "ISOLATE"
    E_STOP = "E_STOP"
    REFUSE = "REFUSE"
    GO_ON = "GO_ON"


class ExpectOrder(Strict):
    """What becomes of an order: its final answer, and the record where it got one.

    `dropped`: it was accepted to wait for its turn, and failed before a swap began.
    """

    outcome: Literal["completed", "aborted", "refused", "dropped", "open"]
    reason: str = Field("", description="for `refused` and `dropped`: a part of the text")
    lock_proven: Flag | None = None
    serial_on_car: Literal["old", "new"] | None = Field(None, description="on the car that left, by the plant's truth")
    waits_max_s: Positive | None = Field(
        None, description="from the lane being empty of the car before to the lane gate's order to open for this one"
    )
    swap_max_s: Positive | None = Field(None, description="admission to release")


class Expect(Strict):
    """That the referee saw nothing is always expected, and that every fault is cleared again but those that `stand`."""

    reaction: tuple[Reaction, ...] = Field((), description="classes of the reaction table that must be seen")
    faults: tuple[FaultName, ...] = Field(description="exactly the faults that were raised")
    stand: tuple[FaultName, ...] = Field((), description="those of them that still stand at the end")
    texts: dict[FaultName, Text] = Field(default_factory=dict, description="a part of what a person reads of a fault")
    place: PlaceName
    packml: StateName = "Idle"
    states: tuple[StateName, ...] = Field((), description="states passed in this order; others may lie between")
    not_states: tuple[StateName, ...] = ()
    order: tuple[ExpectOrder, ...]
    rows: tuple[Text, ...] = Field((), description="rows of the chart that must have been entered")
    not_rows: tuple[Text, ...] = Field((), description="rows that must not")
    entered: dict[str, Count] = Field(default_factory=dict, description="how often a row was begun, resumed ones too")
    never: tuple[Text, ...] = Field(
        (), description='commands that must never be given: "Unlock", or "EnableCharger bay=3 on=True"'
    )
    given: tuple[Text, ...] = Field((), description="commands that must have been given, in the same words")
    packs: dict[str, str] = Field(
        default_factory=dict, description='where packs are at the end, by the truth: "first-car" = "bay-1"'
    )
