"""Roles that several units give together: a row in parts, the worst fault word, the state of latches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from hal.codecs.registers import Value
from hal.config.bundle import Unit
from hal.devices.unit import ModbusUnit, Values
from hal.readings import LockState

Part = tuple[int, str]
"""Number of the unit in its device, and the name of a value there."""
Join = Callable[[Sequence[Value | None]], Value | None]
"""From the values of the parts, `None` = unknown, to the value of the role."""


def fault_of(parts: Sequence[Value | None]) -> Value | None:
    """The first fault word that is not zero; 0 only when all drives say so."""
    seen = [word for word in parts if word]
    return seen[0] if seen else None if None in parts else 0


def row_of(parts: Sequence[Value | None]) -> Value | None:
    """One row of all parts, in order; unknown when any part is."""
    rows = [part for part in parts if isinstance(part, tuple)]
    return tuple(chain.from_iterable(rows)) if len(rows) == len(parts) else None


@dataclass(frozen=True, slots=True)
class Latches:
    """Where the two switches of each latch, and the outputs that drive it, are found."""

    switches: tuple[Part, ...]
    drives: tuple[Part, ...]

    def states(self, values: Sequence[Values], units: Sequence[ModbusUnit]) -> tuple[Value | None, bool]:
        """State of every latch, `None` = unknown; and whether a look at the outputs will tell more.

        Switches and outputs are samples of different times: outputs that were seen off before a switch changed say
        nothing about what moves it now.
        """
        seen = [values[i].get(name) for i, name in (*self.switches, *self.drives)]
        moved_s = max(units[i].changed_at_s for i, _ in self.switches)
        current = all(units[i].at_s >= moved_s for i, _ in self.drives)
        states = latch_states(seen, current=current)
        return states, not current and isinstance(states, tuple) and LockState.TURNING in states


def latch_states(parts: Sequence[Value | None], *, current: bool) -> Value | None:
    """State of each latch from its two switches (a row of open, a row of closed) and whether it is driven now.

    Neither switch made: on its way while driven, and as long as `current` does not say that the outputs are known;
    else stopped half way. Both made is a lie: failed.
    """
    opened, closed, *driven = parts
    if not isinstance(opened, tuple) or not isinstance(closed, tuple) or None in driven or len(opened) != len(closed):
        return None
    count = len(opened)
    runs = [any(driven[k::count]) or not current for k in range(count)]
    return tuple(map(_state, opened, closed, runs))  # type: ignore[arg-type]  # switches are flags, by the check of the roles


def _state(opened: bool, closed: bool, driven: bool) -> str:
    if opened is closed:
        return LockState.TURNING if driven and not opened else LockState.FAILED
    return LockState.LOCKED if closed else LockState.FREE


def gathered(wanted: Sequence[str], units: Sequence[Unit]) -> Iterator[tuple[str, tuple[Part, ...], Join]]:
    """The roles of a device that several units give, with where their parts come from."""
    offers = [unit.offers for unit in units]
    for role in wanted:
        parts = tuple((i, offer[role]) for i, offer in enumerate(offers) if role in offer)
        if len(parts) > 1:
            yield role, parts, fault_of if role == FAULT else row_of


def latches_of(units: Sequence[Unit]) -> Latches | None:
    """The latches that a device is made of, `None` where it is not."""
    offers = [unit.offers for unit in units]
    switches = tuple((i, name) for name in LATCH_SWITCHES for i, offer in enumerate(offers) if name in offer)
    return Latches(switches, tuple(_drives(units))) if len(switches) == len(LATCH_SWITCHES) else None


def _drives(units: Sequence[Unit]) -> Iterator[Part]:
    """Outputs of the latches: of all points to one way, then of all points to the other."""
    for way in LATCH_SWITCHES:
        found: Mapping[int, Part] = {
            int(name.removeprefix(f"{way}_")): (i, f"out.{name}")
            for i, unit in enumerate(units)
            for name in unit.outputs
            if name.startswith(f"{way}_")
        }
        yield from (found[point] for point in sorted(found))


FAULT: Final = "fault_word"
LATCH_SWITCHES: Final = ("latch_open", "latch_closed")
