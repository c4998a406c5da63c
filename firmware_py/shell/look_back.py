"""What the journal of an earlier run means for this start, as events for the core."""

from firmware_py.core.events import Interrupted, StartHeld
from firmware_py.core.faults import FaultCode
from firmware_py.shell.checkpoint import Unreadable, last_word
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
    last = await last_word(journal, "the controller ended before the swap did")
    strange = last if isinstance(last, Unreadable) else None
    held = await _unseen(journal, config_hash, software, strange)
    return [*held, last] if isinstance(last, Interrupted) else [*held]


async def _unseen(journal: Journal, config_hash: str, software: str, strange: Unreadable | None) -> list[StartHeld]:
    """What no person has cleared yet. Each start says by a row of its own whether there is such a thing."""
    starts = await journal.rows(Query(kind=CONFIGURATION, newest_first=True))
    agreed = next((entry for entry in starts if entry.row.body["stands"]), None)
    seen = 0 if agreed is None else agreed.seq
    restored = await _last(journal, RESTORED)
    held: list[StartHeld] = []
    if starts and (agreed is None or agreed.row.body["hash"] != config_hash):
        before = "one that nobody has cleared" if agreed is None else str(agreed.row.body["hash"])[:12]
        text = f"the files have hash {config_hash[:12]}, the last run had {before}"
        held.append(StartHeld(FaultCode.CONFIGURATION_CHANGED, "station", text))
    if restored is not None and restored.seq > seen:
        text = f"the journal was restored from {restored.row.body['from']}"
        held.append(StartHeld(FaultCode.JOURNAL_RESTORED, "journal", text))
    if strange is not None and strange.seq > seen:
        text = f"a swap may be open, and this program does not know where it rests: {strange.text}"
        held.append(StartHeld(FaultCode.CONFIGURATION_CHANGED, "journal", text))
    await journal.append([configuration(config_hash, software, stands=not held)])
    return held


async def _last(journal: Journal, kind: str) -> Entry | None:
    found = await journal.rows(Query(kind=kind, newest_first=True, limit=1))
    return found[0] if found else None
