"""One measured figure and the bound that it must keep."""

from dataclasses import dataclass
from enum import StrEnum


class Comparison(StrEnum):
    """How the value must stand to the bound."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "="
    NONE = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its unit, its bound, the command that measures it and the files that it speaks of.

    `bound` is a number as text, thousands separated by commas if need be, and empty with `Comparison.NONE`. `subject`
    are globs relative to the root of the repository, `**` crosses directories. Raises ValueError for a bound that is no
    number.
    """

    name: str
    bound: str
    comparison: Comparison
    value: float
    unit: str
    command: str
    subject: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not self.subject:
            raise ValueError(f"{self.name}: a figure without subject files would never be stale")
        if (self.comparison is Comparison.NONE) != (not self.bound):
            raise ValueError(f"{self.name}: a bound and a comparison belong together")
        if self.bound:
            self._limit()

    def _limit(self) -> float:
        return float(self.bound.replace(",", ""))

    @property
    def kept(self) -> bool:
        """Whether the value keeps the bound; without a bound it does. A value that is no number keeps none."""
        match self.comparison:
            case Comparison.AT_MOST:
                return self.value <= self._limit()
            case Comparison.BELOW:
                return self.value < self._limit()
            case Comparison.AT_LEAST:
                return self.value >= self._limit()
            case Comparison.ABOVE:
                return self.value > self._limit()
            case Comparison.EQUAL:
                return self.value == self._limit()
            case Comparison.NONE:
                return True

    @property
    def bound_text(self) -> str:
        """The bound as people write it."""
        return f"{self.comparison} {self.bound}".strip() or "none"

    @property
    def value_text(self) -> str:
        """The value to three or four figures, with its unit."""
        digits = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.4g}"
        return f"{digits} {self.unit}".strip()
