"""Words of a restart: what the journal gives back, and the closed list of what may be concluded from it."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_py.core.packml import StablePlace


class Outcome(StrEnum):
    """Every conclusion that a restart may come to."""

    NOTHING_PENDING = "nothing pending"
    AT_S0 = "at S0"
    AT_S1 = "at S1"
    AT_S2 = "at S2"
    AT_S3 = "at S3"
    AT_S4 = "at S4"
    BETWEEN = "between two places"
    CONTRADICTION = "contradiction"
    NOT_TOLD = "not told by the journal"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a look at everything says: with its reason, what a person must do, and who of those asked is lost."""

    outcome: Outcome
    place: StablePlace
    text: str
    todo: str
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recovery:
    """A swap that was open when the controller ended. `place` is the journal's last word.

    `strange`: rows that were under way, of which this chart knows nothing. `first` is the first look, `found` what two
    looks say together: until then the place is unknown.
    """

    place: StablePlace
    strange: tuple[str, ...] = ()
    first: Conclusion | None = None
    found: Conclusion | None = None
