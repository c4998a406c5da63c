"""The record of one swap attempt, gathered from the notes of the core while it runs."""

from collections.abc import Mapping
from typing import Any

from firmware_py.core.effects import Note
from firmware_py.core.faults import Fault
from firmware_py.core.packml import StablePlace
from firmware_py.core.state import Swap
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Journal, Query
from hal.contract.messages import LockStage, RecordPack, RecordStep, RecordValues

ADMIT_ROW = "1"
_NOTES = {note.value: note for note in Note}


class SwapRecord:
    """Times are seconds since the order was taken; the swap itself counts from admission to release of the car."""

    def __init__(self, swap_id: str, order_id: str, now: float) -> None:
        self.swap_id = swap_id
        self.order_id = order_id
        self.began_s = now
        self.admitted_s: float | None = None
        self.released_s: float | None = None
        self.steps: list[RecordStep] = []
        self.locks: list[LockStage] = []
        self.packs: list[RecordPack] = []
        self.faults: list[str] = []

    def at_s(self, now: float) -> float:
        """Seconds since the order was taken."""
        return round(now - self.began_s, 3)

    def add(self, note: Note, body: Mapping[str, Any], now: float) -> None:
        """Take one note of the core."""
        match note:
            case Note.STEP_STARTED:
                if body["row"] == ADMIT_ROW and self.admitted_s is None:
                    self.admitted_s = now
                self.steps.append(
                    RecordStep(
                        row=body["row"], step=body["step"], title=body["title"], start_s=self.at_s(now), result="left"
                    )
                )
            case Note.STEP_DONE | Note.STEP_FAILED:
                self._close(note, body, now)
            case Note.LOCK_EVIDENCE:
                self.locks.append(LockStage.model_validate(dict(body)))
            case Note.PACK_EVIDENCE:
                self.packs.append(RecordPack.model_validate({k: v for k, v in body.items() if k != "row"}))
            case Note.PLACE if body["place"] == StablePlace.S4.value:
                self.released_s = now
            case _:
                pass

    def _close(self, note: Note, body: Mapping[str, Any], now: float) -> None:
        done = note is Note.STEP_DONE
        for i in range(len(self.steps) - 1, -1, -1):
            step = self.steps[i]
            if step.row == body["row"] and step.end_s is None:
                self.steps[i] = step.model_copy(
                    update={
                        "end_s": self.at_s(now),
                        "result": "done" if done else "failed",
                        "code": "" if done else body["code"],
                        "text": "" if done else body["text"],
                    }
                )
                return

    def fault(self, fault: Fault) -> None:
        """A fault was raised while the swap ran."""
        self.faults.append(f"{fault.code.value}/{fault.device}")

    @property
    def duration_s(self) -> float | None:
        """Admission to release of the car; `None` while open, or when no car came in."""
        if self.admitted_s is None or self.released_s is None:
            return None
        return round(self.released_s - self.admitted_s, 3)

    def values(
        self, summary: Mapping[str, Any], software: str, config_hash: str, clock_source: ClockSource
    ) -> RecordValues:
        """The record in short. `lock_proven` is the last proof stage of what is on the car now."""
        proofs = [stage for stage in self.locks if stage.stage == "proof"]
        return RecordValues(
            swap_id=self.swap_id,
            order_id=self.order_id,
            outcome=summary["outcome"],
            reason=summary["reason"],
            lock_proven=bool(proofs) and proofs[-1].proven,
            serial_installed=summary["serial_installed"],
            serial_returned=summary["serial_returned"],
            duration_s=self.duration_s or 0.0,
            software=software,
            config_hash=config_hash,
            clock_source=clock_source.value,
        )


async def begun_before(journal: Journal, swap: Swap, now: float, wall_s: float | None) -> SwapRecord:
    """The record of a swap that an earlier controller began, from what that one kept. Raises `JournalError`.

    `now` is monotonic, `wall_s` the wall clock in s, or `None` where nobody sets it: times of before are known by the
    wall clock alone. What has no good time counts as now: it may be shorter than it was, never before it began.
    """
    record, after = None, 0
    while page := await journal.rows(Query(swap_id=swap.id, after_seq=after)):
        for entry in page:
            at = now
            if wall_s is not None and entry.stamp.wall_is_set:
                at -= max(0.0, wall_s - entry.stamp.t_wall)
            record = record or SwapRecord(swap.id, swap.order.id, at)
            if entry.row.kind in _NOTES:
                record.add(_NOTES[entry.row.kind], entry.row.body, at)
            elif entry.row.kind == "fault-raised":
                record.faults.append(f"{entry.row.body['code']}/{entry.row.body['device']}")
        after = page[-1].seq
    return record or SwapRecord(swap.id, swap.order.id, now)
