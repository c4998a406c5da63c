"""What is kept and told of the core's decisions: rows of the journal, the swap's record, faults, news for the cloud."""

from collections.abc import Mapping
from typing import Any, Final

from firmware_py.core.effects import Note
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.state import Swap
from firmware_py.shell.cloud import Cloud
from firmware_py.shell.fault_book import FaultBook
from firmware_py.shell.host import Host
from firmware_py.shell.inventory import Inventory
from firmware_py.shell.journal import Journal, Row
from firmware_py.shell.look_back import configuration
from firmware_py.shell.record import SwapRecord, begun_before
from firmware_py.shell.recorder import Recorder
from firmware_py.shell.reservation_desk import Reservations

_STEP_NOTES: Final = frozenset({Note.STEP_STARTED, Note.STEP_DONE, Note.STEP_FAILED, Note.RETRY})
_SEEN_BY_A_PERSON: Final = frozenset({FaultCode.CONFIGURATION_CHANGED, FaultCode.JOURNAL_RESTORED})


class Books:
    """Never waits: the recorder writes what it is given, in order."""

    def __init__(
        self, recorder: Recorder, cloud: Cloud, reservations: Reservations, host: Host, config_hash: str
    ) -> None:
        self.faults = FaultBook(host.clock, host.now_ms)
        self.inventory = Inventory(recorder)
        self._recorder = recorder
        self._cloud = cloud
        self._reservations = reservations
        self._host = host
        self._hash = config_hash
        self._record: SwapRecord | None = None

    async def recall(self, journal: Journal, swap: Swap) -> None:
        """A swap that an earlier run has begun goes on in its record. Raises `JournalError`."""
        self._record = await begun_before(journal, swap, self._host.clock(), self._host.wall_s())

    def raised(self, fault: Fault) -> None:
        """A fault stands from now on."""
        since = self.faults.raised(fault)
        self._fact("fault-raised", {"code": fault.code.value, "device": fault.device, "text": fault.text})
        self._cloud.alarm(fault, since)
        if self._record is not None:
            self._record.fault(fault)

    def cleared(self, fault: Fault) -> None:
        """A fault is gone."""
        self.faults.cleared(fault)
        self._fact("fault-cleared", {"code": fault.code.value, "device": fault.device})
        self._cloud.alarm_gone(fault)
        if fault.code in _SEEN_BY_A_PERSON:
            self._recorder.note(configuration(self._hash, self._host.software, stands=True))

    def keep(self, note: Note, body: Mapping[str, Any]) -> None:
        """A note of the core: a row, and a line of the record of the swap that is on its way."""
        now, source = self._host.clock(), self._host.clock_source
        if note is Note.ORDER:
            self._record = SwapRecord(str(body["swap_id"]), str(body["order_id"]), now)
            self._cloud.swap_started(self._record, source())
        self._fact(note.value, body)
        record = self._record
        if record is None:
            return
        self._reservations.noted(note, body, record.swap_id)
        record.add(note, body, now)
        if note in _STEP_NOTES:
            self._cloud.step(note, body, record, now)
        elif note is Note.SWAP_ENDED:
            values = record.values(body, self._host.software, self._hash, source())
            self._fact("record", values.model_dump())
            self._cloud.swap_ended(record, values)
            self._record = None

    def close(self) -> None:
        """Nothing is told after it."""
        self.faults.close()

    def _fact(self, kind: str, body: Mapping[str, Any]) -> None:
        self._recorder.note(Row(kind, body, self._record.swap_id if self._record else None))
