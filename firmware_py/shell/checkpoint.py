"""The core's memory of an open swap as a row of the journal, written whenever it changes and before anything acts."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from firmware_py.core.events import Interrupted
from firmware_py.core.faults import Fault
from firmware_py.core.packml import StablePlace
from firmware_py.core.state import Active, State, Swap
from firmware_py.shell.journal import Entry, Journal, Query, Row

KIND: Final = "checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """`faults`: each with the row that raised it. No swap: nothing is pending."""

    swap: Swap | None = None
    active: tuple[Active, ...] = ()
    place: StablePlace = StablePlace.UNKNOWN
    faults: tuple[tuple[Fault, str], ...] = ()


_ADAPTER: Final = TypeAdapter(Checkpoint)


def checkpoint_of(before: State, after: State) -> Row | None:
    """The row to write for this step of the core; `None` where nothing of an open swap has changed.

    A swap is open once its order is accepted: before that nothing was asked of any device for it.
    """
    was, swap = _open(before), _open(after)
    if swap is None:
        return None if was is None else Row(KIND, _body(Checkpoint()), was.id)
    if _memory(after) == _memory(before):
        return None
    return Row(KIND, _body(_memory(after)), swap.id)


def _open(state: State) -> Swap | None:
    return state.swap if state.swap is not None and state.swap.accepted else None


def _memory(state: State) -> Checkpoint:
    rows = {(code, device): row for code, device, row in state.fault_rows}
    faults = tuple((fault, rows.get(fault.key, "")) for fault in state.faults)
    place = state.place if state.recovery is None else state.recovery.place
    return Checkpoint(state.swap, state.active, place, faults)


def _body(checkpoint: Checkpoint) -> dict[str, Any]:
    body: dict[str, Any] = _ADAPTER.dump_python(checkpoint, mode="json")
    if body["swap"] is not None:
        body["swap"]["passed"].sort()  # a set has no order of its own: the same memory is the same row
    return body


@dataclass(frozen=True)
class Unreadable:
    """A last word that this program does not understand: another one has written it. `seq`: number of its row."""

    seq: int
    text: str


async def last_word(journal: Journal, text: str) -> Interrupted | Unreadable | None:
    """What the journal knows of a swap that never ended. Raises `JournalError`."""
    found = await journal.rows(Query(kind=KIND, newest_first=True, limit=1))
    checkpoint = _read(found[0]) if found else Checkpoint()
    if isinstance(checkpoint, Unreadable):
        return checkpoint
    if checkpoint.swap is None:
        return None
    return Interrupted(text, checkpoint.swap, checkpoint.active, checkpoint.place, checkpoint.faults)


def _read(entry: Entry) -> Checkpoint | Unreadable:
    try:
        return _ADAPTER.validate_python(entry.row.body)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        return Unreadable(entry.seq, f"row {entry.seq} ({KIND}) cannot be understood: {where}: {wrong['msg']}")
