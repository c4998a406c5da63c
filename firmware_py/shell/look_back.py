"""What the journal of an earlier run means for this start, as events for the core."""

from collections.abc import AsyncIterator

from firmware_py.core.effects import Note
from firmware_py.core.events import Interrupted, StartHeld
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import StablePlace
from firmware_py.shell.journal import Entry, Journal, Query, Row

CONFIGURATION = "configuration"
"""Kind of the rows that say which files are in force. `stands`: as in the run before, or a person has seen it."""
RESTORED = "restored"
"""Kind of the row that a restore leaves: what happened after the backup was taken is not in the file."""


def configuration(config_hash: str, software: str, *, stands: bool) -> Row:
    """Which files, and which program, are in force from now on."""
    return Row(CONFIGURATION, {"hash": config_hash, "software": software, "stands": stands})


async def look_back(journal: Journal, boot_id: str, config_hash: str, software: str) -> list[Interrupted | StartHeld]:
    """What keeps the station from being started as if nothing had been. Raises `JournalError`."""
    await journal.append([Row("boot", {"boot_id": boot_id, "config_hash": config_hash})])
    found = [event async for event in _files(journal, config_hash, software)]
    interrupted = await _interrupted(journal)
    return [*found, *([] if interrupted is None else [interrupted])]


async def _files(journal: Journal, config_hash: str, software: str) -> AsyncIterator[StartHeld]:
    starts = await journal.rows(Query(kind=CONFIGURATION, newest_first=True))
    agreed = next((entry for entry in starts if entry.row.body["stands"]), None)
    last = "one that nobody has cleared" if agreed is None else str(agreed.row.body["hash"])
    changed = bool(starts) and last != config_hash
    restored = await _last(journal, RESTORED)
    unseen = restored is not None and (agreed is None or restored.seq > agreed.seq)
    await journal.append([configuration(config_hash, software, stands=not (changed or unseen))])
    if changed:
        text = f"the files have hash {config_hash[:12]}, the last run had {last[:12] if agreed else last}"
        yield StartHeld(FaultCode.CONFIGURATION_CHANGED, "station", text)
    if unseen and restored is not None:
        text = f"the journal was restored from {restored.row.body['from']}"
        yield StartHeld(FaultCode.JOURNAL_RESTORED, "journal", text)


async def _last(journal: Journal, kind: str) -> Entry | None:
    found = await journal.rows(Query(kind=kind, newest_first=True, limit=1))
    return found[0] if found else None


async def _interrupted(journal: Journal) -> Interrupted | None:
    """A swap that never ended."""
    last = await _last(journal, Note.ORDER.value)
    if last is None:
        return None
    swap_id = str(last.row.body["swap_id"])
    ended = await journal.rows(Query(kind=Note.SWAP_ENDED.value, swap_id=swap_id, limit=1))
    cleared = await journal.rows(Query(kind=Note.SWAP_CLEARED.value, newest_first=True))
    if ended or any(entry.row.body["swap_id"] == swap_id for entry in cleared):
        return None
    places = await journal.rows(Query(kind=Note.PLACE.value, swap_id=swap_id, newest_first=True, limit=1))
    place = StablePlace(str(places[0].row.body["place"])) if places else StablePlace.S0
    return Interrupted(swap_id, "the controller ended before the swap did", place)
