"""What the journal of an earlier run means for this start, as events for the core."""

from collections.abc import AsyncIterator

from firmware_py.core.events import Interrupted, StartHeld
from firmware_py.core.faults import FaultCode
from firmware_py.shell.checkpoint import last_word
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
    interrupted = await last_word(journal, "the controller ended before the swap did")
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
