"""A scenario as data: which cars come, who does what and when, and what must have become of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hal.config.base import Count, Flag, NotNegative, Positive, Strict, Text
from hal.config.mistakes import Book, Spot, nearest
from hal.config.tree import ConfigTree, default_roots
from hal.config.validate import model_of
from sim.faults import CATALOGUE

FOLDER = "scenarios"
StateName = Literal[
    "Stopped", "Resetting", "Idle", "Starting", "Execute", "Holding", "Held", "Unholding", "Completing", "Complete",
    "Stopping", "Aborting", "Aborted", "Clearing",
]  # fmt: skip
"""State names of ISA-TR88.00.02."""
PlaceName = Literal["S0", "S1", "S2", "S3", "S4"]
FaultName = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+/[a-z][a-z0-9_]*$")]
"""CODE/device, as in the record."""
Vin = Annotated[str, Field(min_length=17, max_length=17, strict=True)]
Argument = str | int | float


class CarSpec(Strict):
    """A car that comes to the lane. `order_*` make the order differ from the car; `order = false`: nobody ordered."""

    vin: Vin = "LNAUTS0A0PX000001"
    model: Text = "aion-ut"
    soc_pct: Annotated[float, Field(ge=0, le=100)] = 18.0
    order: Flag = True
    order_vin: Vin | None = None
    order_model: Text | None = None


class When(Strict):
    """Exactly one of `step`, `state`, `fault`, `time_s`; the act follows `after_s` later. `count`: the n-th time."""

    step: Text | None = None
    phase: Literal["started", "done", "failed", "retry"] = "started"
    state: StateName | None = None
    fault: FaultName | None = None
    time_s: NotNegative | None = Field(None, description="seconds since the first order; 0 = before it")
    after_s: NotNegative = 0.0
    count: Count = 1

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.step, self.state, self.fault, self.time_s)) != 1:
            raise ValueError("exactly one of step, state, fault, time_s")
        return self

    @property
    def before_orders(self) -> bool:
        """To be done before the first order is given."""
        return self.time_s == 0 and not self.after_s

    @property
    def key(self) -> tuple[str, ...]:
        """What is to be seen, as the director counts it."""
        if self.step is not None:
            return ("step", self.step, self.phase)
        return ("state", self.state) if self.state is not None else ("fault", self.fault or "")


class Do(Strict):
    """Exactly one of `inject`, `clear` (a fault of the catalogue), `operator`, `press`."""

    inject: Text | None = None
    clear: Text | None = None
    args: dict[str, Argument] = Field(default_factory=dict)
    operator: Literal["reset", "hold", "resume", "abort", "clear"] | None = None
    answer: Literal["accepted", "refused"] = Field("accepted", description="what the operator must be answered")
    press: Literal["safety-reset"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.inject, self.clear, self.operator, self.press)) != 1:
            raise ValueError("exactly one of inject, clear, operator, press")
        return self

    def __str__(self) -> str:
        words = {"inject": self.inject, "clear": self.clear, "operator": self.operator, "press": self.press}
        what = next(f"{verb} {name}" for verb, name in words.items() if name is not None)
        return " ".join([what, *(f"{k}={v}" for k, v in self.args.items())])


class Act(Strict):
    """Somebody does something. `still_within_s`: after that time no heavy part of the plant may move, by its truth."""

    when: When
    do: Do
    still_within_s: Positive | None = None


class ExpectOrder(Strict):
    """What becomes of an order: its final answer, and the record where it got one."""

    outcome: Literal["completed", "aborted", "refused", "open"]
    reason: str = Field("", description="for `refused`: a part of the text")
    lock_proven: Flag | None = None
    serial_on_car: Literal["old", "new"] | None = Field(None, description="on the car that left, by the plant's truth")
    swap_max_s: Positive | None = Field(None, description="admission to release")


class Expect(Strict):
    """Typed by hand from the table of reactions. That the referee saw nothing is always expected."""

    faults: tuple[FaultName, ...] = Field(description="exactly the faults that were raised")
    place: PlaceName
    packml: StateName = "Idle"
    order: tuple[ExpectOrder, ...]
    rows: tuple[Text, ...] = Field((), description="rows of the chart that must have been entered")
    not_rows: tuple[Text, ...] = Field((), description="rows that must not")
    entered: dict[str, Count] = Field(default_factory=dict, description="how often a row was begun, resumed ones too")


class Scenario(Strict):
    """One file."""

    title: Text
    description: Text
    station: Text = "choco-14"
    wire: Flag = Field(False, description="also run over real sockets")
    limit_s: Positive = 600.0
    car: tuple[CarSpec, ...] = Field((CarSpec(),), min_length=1)
    act: tuple[Act, ...] = ()
    expect: Expect


@dataclass(frozen=True, slots=True)
class Named:
    """A scenario and the name of its file."""

    name: str
    scenario: Scenario


def scenario_names(roots: Sequence[Path] = ()) -> tuple[str, ...]:
    """All names that `load_scenario` finds."""
    return ConfigTree(Book(), (*roots, *default_roots())).names(FOLDER)


def load_scenario(name_or_path: str, roots: Sequence[Path] = ()) -> Named:
    """Read a scenario by name or path. Raises `ConfigError` with every mistake."""
    book = Book()
    tree = ConfigTree(book, (*roots, *default_roots()))
    path = Path(name_or_path) if name_or_path.endswith(".toml") else tree.find(FOLDER, name_or_path)
    if path is None:
        tree.missing(FOLDER, name_or_path, Spot(book, "(scenario)"))
    raw = None if path is None else tree.table(path)
    scenario = None
    if raw is not None:
        spot = Spot(book, str(path))
        scenario = model_of(Scenario, raw, spot)
        if scenario is not None:
            _check(scenario, spot)
    book.raise_if_any()
    assert path is not None
    assert scenario is not None
    return Named(path.stem, scenario)


def _check(scenario: Scenario, spot: Spot) -> None:
    for i, act in enumerate(scenario.act):
        here = spot / "act" / i / "do"
        name = act.do.inject or act.do.clear
        if name is None:
            if act.do.args:
                (here / "args").note(repr(act.do.args), "only with inject or clear")
            continue
        fault = CATALOGUE.get(name)
        if fault is None:
            (here / ("inject" if act.do.inject else "clear")).unknown(name, CATALOGUE, "a fault of the catalogue")
            continue
        known = tuple(p.name for p in fault.parameters)
        for key in act.do.args:
            if key not in known:
                (here / "args" / key).note(repr(key), ", ".join(known) or "no arguments", nearest(key, known))
    orders = sum(car.order for car in scenario.car)
    if len(scenario.expect.order) != orders:
        (spot / "expect" / "order").note(str(len(scenario.expect.order)), f"one entry per order: {orders}")
