"""What a restart may conclude: the journal's last words about an open swap against what is read now.

A conclusion moves nothing. It says where the swap rests, or which reading contradicts which entry of the journal, and
what a person must do. Going on is left to the rows: each looks through its own guards again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from firmware_py.core.chart.rows import Row
from firmware_py.core.checks import all_of, every, flag, locks_are, none_of, vin_not_other
from firmware_py.core.checks.words import Check, Miss, View
from firmware_py.core.packml import PLACE_TEXT, StablePlace
from firmware_py.core.recovery_words import Conclusion, Outcome
from firmware_py.core.state import Active
from hal.readings import LockState

_P = StablePlace
_LOCKED: Final = every(locks_are(LockState.LOCKED), all_of("locks", "proof_locked"))
_FREE: Final = every(locks_are(LockState.FREE), none_of("locks", "proof_locked"))
_HELD: Final = every(flag("platform", "pins_raised"), flag("platform", "rods_centred"))
_LANE_CLEAR: Final = flag("platform", "lane_clear")
_LEFT_ITS_PLACE: Final = none_of("platform", "grooves")
_LET_GO: Final = "19"
"""The row that has the car leave: from then on its driver is free, whatever becomes of us."""
_CLAMPS: Final = frozenset({"pin_lift", "pins", "rods"})
_LOCK_ROWS: Final = ("14", "14.old")
_OUTCOME: Final = {
    _P.S0: Outcome.AT_S0,
    _P.S1: Outcome.AT_S1,
    _P.S2: Outcome.AT_S2,
    _P.S3: Outcome.AT_S3,
    _P.S4: Outcome.AT_S4,
}
_GO: Final = "look at car and pack, then resume to go on, or abort to take the proven way out"
_ON: Final = "look at car and pack, then resume: from here the only way out is on"
BY_HAND: Final = "look at car and pack, bring both into a safe place by hand, then clear"


@dataclass(frozen=True)
class _Left:
    """A pack that a done row left somewhere, until one of the later rows takes it away."""

    done: str
    taken: frozenset[str]
    seen: Check
    entry: str


_PACKS: Final = (
    _Left(
        "10", frozenset({"11", "10.raise", "14.old"}), flag("shuttle", "out_present"), "old pack lowered into its slot"
    ),
    _Left("11", frozenset({"11.return", "store.1"}), flag("platform", "store_present"), "old pack moved out"),
    _Left(
        "0.5", frozenset({"12", "putback.1", "other.1"}), flag("platform", "buffer_present"), "new pack at the buffer"
    ),
    _Left("12", frozenset({"13", "12.return"}), flag("shuttle", "in_present"), "new pack moved in"),
)


@dataclass(frozen=True)
class _Past:
    """The journal's side: last place, rows that were begun, rows that were done."""

    place: StablePlace
    rows: tuple[Row, ...]
    passed: frozenset[str]

    @property
    def locking(self) -> str:
        """The row that may have turned bolts last, while their end was not yet proven; empty = none."""
        under_way = next((row.name for row in self.rows if "locks" in row.moves), "")
        return under_way or next((name for name in _LOCK_ROWS if name in self.passed), "")

    @property
    def let_go(self) -> bool:
        """The car may have been told to leave."""
        return any(row.name == _LET_GO for row in self.rows)

    @property
    def clamped(self) -> bool:
        """The car is held, and nothing was under way that lets it go."""
        letting_go = any(_CLAMPS & set(row.moves) for row in self.rows)
        return "5.lift" in self.passed and "18.lower" not in self.passed and not letting_go


def conclude(
    view: View, place: StablePlace, active: tuple[Active, ...], rows: Mapping[str, Row], suspects: frozenset[str]
) -> Conclusion:
    """One look. `place` and `active` are the journal's; `suspects`: devices whose faults stood and still stand."""
    past = _Past(place, tuple(rows[a.row] for a in active), view.swap.passed)
    if past.let_go and _LEFT_ITS_PLACE(view) is None:
        found = _at(_P.S4, "; it has left its place")
    else:
        found = _JUDGES[place](view, past)
    if past.clamped and found.outcome is not Outcome.CONTRADICTION:
        found = _missed(view, _HELD, "the car was held by pins and rods") or found
    for left in _PACKS:
        on_its_way = left.taken & (past.passed | {row.name for row in past.rows})
        if found.outcome is not Outcome.CONTRADICTION and left.done in past.passed and not on_its_way:
            found = _missed(view, left.seen, f"row {left.done} done, {left.entry}") or found
    gone = found.place is _P.S4
    if "2" in past.passed and not gone and found.outcome is not Outcome.CONTRADICTION:
        found = _missed(view, vin_not_other, "the car of the order stands in its place") or found
    if "locks" in suspects and found.outcome in {Outcome.AT_S1, Outcome.AT_S2, Outcome.AT_S3}:
        text = f"{found.text}; but the lock points were suspect before the end: this is no proof"
        return Conclusion(Outcome.BETWEEN, found.place, text, f"inspect each lock point, {_GO}")
    return found


def two_looks(first: Conclusion, second: Conclusion) -> Conclusion:
    """What two looks at everything say together: nothing, unless they agree."""
    if (first.outcome, first.place) == (second.outcome, second.place):
        return second
    text = f"two looks differ: first {first.outcome.value} ({first.text}), then {second.outcome.value} ({second.text})"
    return Conclusion(Outcome.CONTRADICTION, _P.UNKNOWN, text, BY_HAND)


def _at(place: StablePlace, more: str = "") -> Conclusion:
    todo = _ON if place in {_P.S3, _P.S4} else _GO
    return Conclusion(_OUTCOME[place], place, PLACE_TEXT[place] + more, todo)


def _at_s0(text: str) -> Conclusion:
    """As with an empty lane nothing has begun that must be ended."""
    return Conclusion(Outcome.AT_S0, _P.S0, text, _GO)


def _against(miss: Miss, entry: str) -> Conclusion:
    todo = f"see that {miss.unknown} answers" if miss.unknown else BY_HAND
    return Conclusion(Outcome.CONTRADICTION, _P.UNKNOWN, f"{miss.text}, against the entry: {entry}", todo)


def _missed(view: View, check: Check, entry: str) -> Conclusion | None:
    miss = check(view)
    return None if miss is None else _against(miss, entry)


def _before_any_bolt(view: View, past: _Past) -> Conclusion:
    """No car, or one whose pack nothing has touched."""
    lane = _LANE_CLEAR(view)
    if lane is None:
        return _at(_P.S0)
    if lane.unknown:
        return _against(lane, f"place {past.place.value}")
    if "2" not in past.passed:  # the tools see the bolts of a car that stands in its place, of no other
        return _at_s0("a car is in the lane, nothing has touched it")
    untouched = _at_s0("a car stands in its place, no bolt of it was turned")
    return _missed(view, _LOCKED, "no bolt was turned since the car came in") or untouched


def _with_the_old_pack(view: View, past: _Past) -> Conclusion:
    """From the handshake until the old pack is lowered."""
    tight, free = _LOCKED(view), _FREE(view)
    if tight is None:
        return _at(_P.S1)
    if tight.unknown:
        return _against(tight, "place S1, old pack locked")
    if past.locking or "8" in past.passed:
        seen = tight.text if free is not None else "every lock point is free, the old pack rests on the lift"
        return Conclusion(Outcome.BETWEEN, _P.S1, f"row {past.locking or '8'} was begun: {seen}", _GO)
    return _against(tight, "place S1, no bolt was turned since")


def _without_a_pack(view: View, past: _Past) -> Conclusion:
    """From the old pack lowered until the new one is proven."""
    tight, free = _LOCKED(view), _FREE(view)
    if free is None and not past.passed & set(_LOCK_ROWS):
        return _at(_P.S2)
    if free is not None and free.unknown:
        return _against(free, "place S2, no pack attached")
    if past.locking:
        seen = "every lock point is locked by both channels, the proof is to come" if tight is None else tight.text
        return Conclusion(Outcome.BETWEEN, _P.S2, f"row {past.locking} was begun: {seen}", _GO)
    assert free is not None
    return _against(free, "place S2, no bolt was turned since")


def _with_the_new_pack(view: View, past: _Past) -> Conclusion:
    """From the proof until the car has left."""
    return _missed(view, _LOCKED, "place S3, pack locked and proven") or _at(_P.S3)


def _released(view: View, past: _Past) -> Conclusion:
    return _at(_P.S4)


_JUDGES: Final[Mapping[StablePlace, Callable[[View, _Past], Conclusion]]] = {
    _P.UNKNOWN: _before_any_bolt,
    _P.S0: _before_any_bolt,
    _P.S1: _with_the_old_pack,
    _P.S2: _without_a_pack,
    _P.S3: _with_the_new_pack,
    _P.S4: _released,
}
