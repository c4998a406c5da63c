"""Who does what in a scenario, and on which cue."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hal.config.base import Count, Flag, NotNegative, Positive, Strict, Text
from sim.scenario.words import Argument, FaultName, StateName


class When(Strict):
    """Exactly one of `step`, `state`, `fault`, `time_s`, `start`; the act follows `after_s` later.

    `count`: the n-th time. `step = "each"` is the row that this run is about. `start`: before the controller is
    switched on.
    """

    step: Text | None = None
    phase: Literal["started", "done", "failed", "retry"] = "started"
    state: StateName | None = None
    fault: FaultName | None = None
    time_s: NotNegative | None = Field(None, description="seconds since the first order; 0 = before it")
    start: Flag = False
    after_s: NotNegative = 0.0
    count: Count = 1

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = sum(x is not None for x in (self.step, self.state, self.fault, self.time_s))
        if given + self.start != 1:
            raise ValueError("exactly one of step, state, fault, time_s, start")
        if self.start and self.after_s:
            raise ValueError("start goes without after_s")
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
    operator: Literal["reset", "hold", "resume", "abort", "clear", "mode", "step"] | None = None
    mode: Literal["Production", "Maintenance", "Manual"] | None = Field(None, description="with operator = mode")
    row: Text | None = Field(None, description="with operator = step: the row of the held swap that goes on")
    answer: Literal["accepted", "refused"] = Field("accepted", description="what the operator must be answered")
    reason: str = Field("", description="a part of the text that the operator must be answered with")
    press: Literal["safety-reset"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.inject, self.clear, self.operator, self.press)) != 1:
            raise ValueError("exactly one of inject, clear, operator, press")
        if (self.mode is None) is (self.operator == "mode") or (self.row is None) is (self.operator == "step"):
            raise ValueError("mode goes with operator = mode, row with operator = step")
        if self.reason and self.operator is None:
            raise ValueError("reason goes with operator")
        return self

    @property
    def request(self) -> dict[str, str]:
        """An operator's act, in the words of the local control."""
        words = {"action": self.operator, "mode": self.mode, "row": self.row}
        return {key: word for key, word in words.items() if word is not None}

    def __str__(self) -> str:
        words = {"inject": self.inject, "clear": self.clear, "operator": self.operator, "press": self.press}
        what = next(f"{verb} {name}" for verb, name in words.items() if name is not None)
        of_act = [word for word in (self.mode, self.row) if word]
        return " ".join([what, *of_act, *(f"{k}={v}" for k, v in self.args.items())])


class Act(Strict):
    """Somebody does something, and what must follow in time.

    `still_within_s`: after that time no heavy part of the plant may move, by its truth; something must have moved when
    the act came, unless `from_rest`. `held_within_s`: by then the station must have begun to hold.
    """

    when: When
    do: Do
    still_within_s: Positive | None = None
    from_rest: Flag = False
    held_within_s: Positive | None = None
