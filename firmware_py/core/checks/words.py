"""Words of the checks: questions to the Image, each a named pure function.

`None` = seen to be so, else a `Miss` that says what was seen. Unknown is never "so": a field that is `None` gives a
`Miss` that names the device whose reading is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_py.core.image import Image
from firmware_py.core.params import Params
from firmware_py.core.state import Swap


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a check does not hold. `unknown` names the device whose reading is missing or stale, if that is why."""

    text: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """All that a check may look at."""

    swap: Swap
    image: Image
    params: Params


Check = Callable[[View], Miss | None]


def no(device: str, *values: object) -> Miss | None:
    """A `Miss` where any of the values is unknown."""
    return Miss(f"{device}: no fresh reading", device) if any(v is None for v in values) else None


def every(*checks: Check) -> Check:
    """All of them hold; the first that does not speaks."""

    def check(v: View) -> Miss | None:
        for one in checks:
            miss = one(v)
            if miss is not None:
                return miss
        return None

    return check


def known(device: str, *fields: str) -> Check:
    """These fields of a device's reading are fresh."""

    def check(v: View) -> Miss | None:
        reading = getattr(v.image, device)
        for name in fields:
            if getattr(reading, name) is None:
                return Miss(f"{device}.{name}: no fresh reading", device)
        return None

    return check


def flag(device: str, name: str, wanted: bool = True) -> Check:
    """A boolean role has the wanted value."""

    def check(v: View) -> Miss | None:
        value = getattr(getattr(v.image, device), name)
        if value is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        return None if value is wanted else Miss(f"{device}.{name} is {value}")

    return check


def all_of(device: str, name: str) -> Check:
    """Every element of a tuple role is true; the text names the ones that are not (1-based)."""

    def check(v: View) -> Miss | None:
        values = getattr(getattr(v.image, device), name)
        if values is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        if all(values):
            return None
        off = ", ".join(str(i) for i, x in enumerate(values, 1) if not x)
        return Miss(f"{device}.{name}: {off} not made")

    return check


def none_of(device: str, name: str) -> Check:
    """No element of a tuple role is true."""

    def check(v: View) -> Miss | None:
        values = getattr(getattr(v.image, device), name)
        if values is None:
            return Miss(f"{device}.{name}: no fresh reading", device)
        on = ", ".join(str(i) for i, x in enumerate(values, 1) if x)
        return Miss(f"{device}.{name}: {on} made") if on else None

    return check


def is_passed(row: str) -> Check:
    """A row of this swap is done."""

    def check(v: View) -> Miss | None:
        return None if row in v.swap.passed else Miss(f"step {row} is not done yet")

    return check


def always(_: View) -> Miss | None:
    """Holds."""
    return None
