"""A swap that was open when the controller ended: Held, looked at twice, concluded; a person says what comes next."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from firmware_py.core import modes
from firmware_py.core.chart.rows import Row
from firmware_py.core.checks.words import View
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Answer, Note, Reply, StopMotion
from firmware_py.core.engine import summary
from firmware_py.core.events import AtStart, Interrupted, Looked, Started, StartHeld
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import Mode, PackML, StablePlace
from firmware_py.core.params import Params
from firmware_py.core.recovery import BY_HAND, conclude, two_looks
from firmware_py.core.recovery_words import Conclusion, Outcome, Recovery
from firmware_py.core.standstill import seen_moving
from firmware_py.core.state import Purpose, State

_LOST: Final = frozenset({FaultCode.LINK_LOST, FaultCode.DEVICE_IDENTITY_WRONG})
_FOUND_ANEW: Final = _LOST | {FaultCode.SWAP_INTERRUPTED}
"""Faults that a new controller finds by itself, or that it raises about this very restart."""

LOOKED_AT: Final = ("lift", "locks", "shuttle", "stacker", "platform", "safety", "hoist")
"""Devices that are asked where car, packs and movers are. The car speaks by itself."""
OF_START: Final = frozenset({FaultCode.CONFIGURATION_CHANGED, FaultCode.JOURNAL_RESTORED})
"""What a person must have looked at before the station is used again, and a swap cannot go on with."""
_SILENCED: Final = {
    FaultCode.JOURNAL_FAILED: "look at car and packs, mend the disk, then start the controller again",
    FaultCode.JOURNAL_RESTORED: "look at car and packs, bring them into a safe place by hand, then clear",
    FaultCode.CONFIGURATION_CHANGED: "look at car and packs, bring them into a safe place by hand, then clear",
}
"""Faults of the journal under which it does not tell whether a swap is open, and what a person does."""


def at_start(draft: Draft, image: Image, event: AtStart, params: Params, rows: Mapping[str, Row]) -> None:
    """What an earlier run left: a person is needed before the station is used."""
    match event:
        case Started():
            draft.effects.append(StopMotion((), "the controller has started", drop_enable=True))
        case Interrupted():
            begin(draft, event, rows)
        case Looked():
            looked(draft, image, params, rows)
        case _:
            _hold(draft, event)


def _hold(draft: Draft, event: StartHeld) -> None:
    draft.raise_fault(event.code, event.device, event.text)
    draft.packml = PackML.HELD
    draft.held_for = f"{event.code.value} {event.device}: {event.text}"


def begin(draft: Draft, event: Interrupted, rows: Mapping[str, Row]) -> None:
    """Held, nothing assumed: what stood before stands again, and the place is not known yet."""
    draft.swap, draft.packml, draft.place = event.swap, PackML.HELD, StablePlace.UNKNOWN
    known = tuple(a for a in event.active if a.row in rows)
    draft.active = modes.waiting(Mode.MAINTENANCE, known)  # what never began keeps the pose it starts from
    draft.recovery = Recovery(event.place, tuple(a.row for a in event.active if a.row not in rows))
    for fault, row in event.faults:
        if fault.code not in _FOUND_ANEW:
            draft.raise_fault(fault.code, fault.device, fault.text, row if row in rows else "")
    draft.held_for = f"{FaultCode.SWAP_INTERRUPTED.value} {event.swap.id}: {event.text}"
    draft.raise_fault(FaultCode.SWAP_INTERRUPTED, event.swap.id, f"{event.text}; everything is being read twice")


def looked(draft: Draft, image: Image, params: Params, rows: Mapping[str, Row]) -> None:
    """Everything has been read since the last look. The second look concludes."""
    recovery = draft.recovery
    if recovery is None or recovery.found is not None:
        return
    seen = _look(draft, image, params, rows)
    if recovery.first is None:
        draft.recovery = replace(recovery, first=seen)
    else:
        _found(draft, two_looks(recovery.first, seen))


def scan(draft: Draft, image: Image, params: Params, rows: Mapping[str, Row]) -> None:
    """A conclusion holds as long as the readings do."""
    if draft.recovery is None or draft.recovery.found is None or draft.packml is not PackML.HELD:
        return
    seen, found = _look(draft, image, params, rows), draft.recovery.found
    if (seen.outcome, seen.place, seen.unseen) != (found.outcome, found.place, found.unseen):
        _found(draft, seen)


def concluded(state: State) -> Conclusion | None:
    """What the start of this controller came to; None while everything is being read twice."""
    if state.recovery is not None:
        return state.recovery.found
    why = next((state.fault(code, "journal") for code in _SILENCED if state.fault(code, "journal")), None)
    if why is None or state.swap is not None:
        return Conclusion(Outcome.NOTHING_PENDING, state.place, "", "")
    text = f"a swap may be open: {why.code.value}, {why.text}"
    return Conclusion(Outcome.NOT_TOLD, StablePlace.UNKNOWN, text, _SILENCED[why.code])


def why_not_on(draft: Draft) -> str:
    """Why an interrupted swap may not go on, or out, yet. Empty where it may, or where none was interrupted."""
    if draft.recovery is None:
        return ""
    other = next((fault for fault in draft.faults if fault.code in OF_START), None)
    if other is not None:
        return f"{other.code.value}: {other.text}; bring car and pack into a safe place by hand, then clear"
    found = draft.recovery.found
    if found is None:
        return "everything is being read twice: wait a moment"
    return found.text if found.outcome is Outcome.CONTRADICTION else ""


def over(draft: Draft) -> None:
    """A person has taken the conclusion as it is: the swap goes on through its guards."""
    if draft.recovery is not None and draft.swap is not None:
        if draft.recovery.place is not StablePlace.UNKNOWN:
            draft.place = draft.recovery.place  # the row that is on its way to another one tells of it when it is done
        draft.recovery = None
        draft.clear_fault(FaultCode.SWAP_INTERRUPTED, draft.swap.id)


def cleared(draft: Draft) -> None:
    """A person has brought car and pack into a safe place by hand: the swap ends here, and its order is answered."""
    assert draft.swap is not None
    ended = replace(draft.swap, failure=FaultCode.SWAP_INTERRUPTED)
    by_hand = {"serial_installed": None, "serial_returned": None}  # what a person did with the packs, no sensor told
    draft.keep(Note.SWAP_CLEARED, swap_id=ended.id)
    draft.keep(Note.SWAP_ENDED, **(summary(ended) | by_hand))
    if draft.swap.purpose is Purpose.SERVE:
        draft.effects.append(Reply(draft.swap.order.id, Answer.FAILED, FaultCode.SWAP_INTERRUPTED.value))
    for code, device, row in draft.fault_rows:
        if row:
            draft.clear_fault(code, device)
    draft.clear_fault(FaultCode.SWAP_INTERRUPTED, draft.swap.id)
    draft.swap, draft.active, draft.recovery, draft.place = None, (), None, StablePlace.UNKNOWN


def _look(draft: Draft, image: Image, params: Params, rows: Mapping[str, Row]) -> Conclusion:
    assert draft.swap is not None
    assert draft.recovery is not None
    moving = seen_moving(image)
    if moving:
        text = f"still moving: {', '.join(moving)}"
        return Conclusion(Outcome.CONTRADICTION, StablePlace.UNKNOWN, text, "wait until everything stands")
    if draft.recovery.strange:
        text = f"rows {', '.join(draft.recovery.strange)} of the journal are none of this program's"
        return Conclusion(Outcome.CONTRADICTION, StablePlace.UNKNOWN, text, BY_HAND)
    suspects = frozenset(fault.device for fault in draft.faults if fault.code is not FaultCode.SWAP_INTERRUPTED)
    view = View(draft.swap, image, params)
    found = conclude(view, draft.recovery.place, draft.active, rows, suspects)
    lost = {fault.device for fault in draft.faults if fault.code in _LOST}
    if not (unseen := tuple(name for name in LOOKED_AT if name in lost)):
        return found
    text = f"{found.text}; not seen: {', '.join(unseen)}"
    return replace(found, text=text, todo=f"see that {', '.join(unseen)} answers; {found.todo}", unseen=unseen)


def _found(draft: Draft, found: Conclusion) -> None:
    assert draft.swap is not None
    assert draft.recovery is not None
    draft.recovery = replace(draft.recovery, found=found)
    draft.place = found.place
    draft.clear_fault(FaultCode.SWAP_INTERRUPTED, draft.swap.id)
    text = f"{found.outcome.value}: {found.text}; {found.todo}"
    draft.raise_fault(FaultCode.SWAP_INTERRUPTED, draft.swap.id, text)
    draft.keep(
        Note.RECOVERY, swap_id=draft.swap.id, outcome=found.outcome.value, place=found.place.value, text=found.text
    )
