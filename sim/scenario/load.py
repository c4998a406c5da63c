"""A scenario file, and where it is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from hal.config.base import Flag, NotNegative, Positive, Strict, Text
from hal.config.mistakes import Book, Spot, nearest
from hal.config.tree import ConfigTree, default_roots
from hal.config.validate import model_of
from sim.faults import CATALOGUE
from sim.scenario.acts import Act
from sim.scenario.expect import Expect
from sim.scenario.words import EACH
from sim.world import PARKS_AGAIN_S

FOLDER: Final = "scenarios"
AT: Final = "@"
"""Between the name of a scenario and the row that a run of it is about."""
Vin = Annotated[str, Field(min_length=17, max_length=17, strict=True)]


class CarSpec(Strict):
    """A car that comes to the lane. `order_*` make the order differ from the car; `order = false`: nobody ordered."""

    vin: Vin = "LNAUTS0A0PX000001"
    model: Text = "aion-ut"
    soc_pct: Annotated[float, Field(ge=0, le=100)] = 18.0
    order: Flag = True
    order_vin: Vin | None = None
    order_model: Text | None = None
    comes_after_s: NotNegative = Field(0.0, description="this long after it could have come")
    parks_again_s: NotNegative = Field(
        PARKS_AGAIN_S, description="how long its driver takes to act on a display that says to park again"
    )
    at_once: Flag = Field(False, description="comes and is ordered for together with the car before it")


class Scenario(Strict):
    """One file."""

    title: Text
    description: Text
    station: Text = "choco-14"
    there: Text | None = Field(None, description="the station that is really there, if it is not the one of the files")
    wire: Flag = Field(False, description="also run over real sockets")
    limit_s: Positive = Field(600.0, description="s of the plant after which it has failed")
    each_of: tuple[Text, ...] = Field((), description='rows of the chart: one run for each, put for `step = "each"`')
    orders_in: Literal["Idle", "Stopped"] = Field("Idle", description="station state in which the orders come")
    car: tuple[CarSpec, ...] = Field((CarSpec(),), min_length=1)
    act: tuple[Act, ...] = ()
    expect: Expect

    @property
    def breaks(self) -> bool:
        """Something is injected in it."""
        return any(act.do.inject for act in self.act)


@dataclass(frozen=True, slots=True)
class Named:
    """A scenario and the name of its file; with `@row` behind it where it is one run of several."""

    name: str
    scenario: Scenario

    @property
    def breaks(self) -> tuple[str, ...]:
        """What is broken in it, or done by people."""
        acts = (act.do for act in self.scenario.act)
        return tuple(dict.fromkeys(do.inject or f"operator {do.operator}" for do in acts if do.inject or do.operator))


def scenario_names(roots: Sequence[Path] = ()) -> tuple[str, ...]:
    """All names that `load_scenario` finds."""
    return ConfigTree(Book(), (*roots, *default_roots())).names(FOLDER)


def runs_of(named: Named) -> tuple[Named, ...]:
    """The runs that a scenario stands for: itself, or one for each row of `each_of`."""
    rows = named.scenario.each_of
    return tuple(Named(f"{named.name}{AT}{row}", _bound(named.scenario, row)) for row in rows) or (named,)


def load_scenario(name_or_path: str, roots: Sequence[Path] = ()) -> Named:
    """Read a scenario by name (`name@row` for one run of several) or path. Raises `ConfigError` with every mistake."""
    book = Book()
    is_path = name_or_path.endswith(".toml")
    name, _, row = (name_or_path, "", "") if is_path else name_or_path.partition(AT)
    tree = ConfigTree(book, (*roots, *default_roots()))
    path = Path(name) if is_path else tree.find(FOLDER, name)
    if path is None:
        tree.missing(FOLDER, name, Spot(book, "(scenario)"))
    raw = None if path is None else tree.table(path)
    scenario = None
    if raw is not None:
        spot = Spot(book, str(path))
        scenario = model_of(Scenario, raw, spot)
        if scenario is not None:
            _check(scenario, spot)
            if row and row not in scenario.each_of:
                (spot / "each_of").unknown(row, scenario.each_of, "a row that this scenario runs at")
    book.raise_if_any()
    assert path is not None
    assert scenario is not None
    return Named(f"{path.stem}{AT}{row}", _bound(scenario, row)) if row else Named(path.stem, scenario)


def _bound(scenario: Scenario, row: str) -> Scenario:
    """One run: the row stands where the file says `each`."""
    acts = tuple(
        act.model_copy(update={"when": act.when.model_copy(update={"step": row})}) if act.when.step == EACH else act
        for act in scenario.act
    )
    return scenario.model_copy(update={"title": f"{scenario.title}, step {row}", "act": acts, "each_of": ()})


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
    if bool(scenario.each_of) != any(act.when.step == EACH for act in scenario.act):
        (spot / "each_of").note(str(list(scenario.each_of)), 'rows, together with an act on step = "each"')
    if scenario.car[0].at_once:
        (spot / "car" / 0 / "at_once").note("true", "false: nobody comes before the first car")
    orders = sum(car.order for car in scenario.car)
    if len(scenario.expect.order) != orders:
        (spot / "expect" / "order").note(str(len(scenario.expect.order)), f"one entry per order: {orders}")
