"""The record of a swap: built from the core's notes alone, gaps left as gaps."""

from firmware_py.core.effects import Note
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.record import SwapRecord

SUMMARY = {"outcome": "completed", "reason": "", "serial_installed": "N", "serial_returned": "O"}


def step(row: str, number: int) -> dict[str, object]:
    """Body of a step's note."""
    return {"row": row, "step": number, "title": f"Step {row}", "attempt": 1}


def failed(row: str) -> dict[str, object]:
    """Body of a failed step's note."""
    return {**step(row, 6), "code": "LIFT_STALLED", "device": "lift", "text": "stood at 400 mm"}


def proof(proven: bool) -> dict[str, object]:
    """Body of a proof's note."""
    point = {"point": 1, "state": "locked", "torque_nm": 65.0, "angle_deg": 1440.0, "proof_locked": proven}
    return {
        "row": "15", "stage": "proof", "points": [point], "proven": proven, "car_latched": True, "lift_load_kg": 20.0,
        "install": "new",
    }  # fmt: skip


def test_times_count_from_the_order_and_the_swap_from_admission_to_release() -> None:
    record = SwapRecord("s", "o", 100.0)
    record.add(Note.STEP_STARTED, step("0.1", 0), 101.0)
    record.add(Note.STEP_DONE, step("0.1", 0), 103.5)
    assert record.values(SUMMARY, "1.0", "hash", ClockSource.GPS).duration_s == 0.0
    record.add(Note.STEP_STARTED, step("1", 1), 130.0)
    record.add(Note.STEP_STARTED, step("1", 1), 140.0)
    record.add(Note.PLACE, {"place": "S3"}, 200.0)
    record.add(Note.PLACE, {"place": "S4"}, 228.1234)
    assert record.duration_s == 98.123
    assert [(s.row, s.start_s, s.end_s, s.result) for s in record.steps[:2]] == [
        ("0.1", 1.0, 3.5, "done"), ("1", 30.0, None, "left"),
    ]  # fmt: skip


def test_a_step_that_is_tried_again_has_an_entry_for_each_try() -> None:
    record = SwapRecord("s", "o", 0.0)
    record.add(Note.STEP_STARTED, step("6", 6), 1.0)
    record.add(Note.STEP_FAILED, failed("6"), 2.0)
    record.add(Note.STEP_STARTED, step("6", 6), 3.0)
    record.add(Note.STEP_DONE, step("6", 6), 4.0)
    first, second = record.steps
    assert (first.result, first.code, first.end_s) == ("failed", "LIFT_STALLED", 2.0)
    assert "400 mm" in first.text
    assert (second.result, second.code, second.end_s) == ("done", "", 4.0)


def test_the_end_of_a_step_that_never_began_is_no_entry() -> None:
    record = SwapRecord("s", "o", 0.0)
    record.add(Note.STEP_FAILED, failed("6"), 2.0)
    record.add(Note.STATE, {"state": "Held"}, 3.0)
    assert record.steps == []


def test_locked_and_proven_is_what_the_last_proof_says_and_nothing_else() -> None:
    record = SwapRecord("s", "o", 0.0)
    assert record.values(SUMMARY, "1.0", "hash", ClockSource.GPS).lock_proven is False
    record.add(Note.LOCK_EVIDENCE, {**proof(proven=True), "stage": "lock"}, 1.0)
    assert record.values(SUMMARY, "1.0", "hash", ClockSource.GPS).lock_proven is False
    record.add(Note.LOCK_EVIDENCE, proof(proven=True), 2.0)
    assert record.values(SUMMARY, "1.0", "hash", ClockSource.GPS).lock_proven is True
    record.add(Note.LOCK_EVIDENCE, proof(proven=False), 3.0)
    assert record.values(SUMMARY, "1.0", "hash", ClockSource.GPS).lock_proven is False


def test_what_a_pack_did_not_say_is_an_explicit_gap() -> None:
    record = SwapRecord("s", "o", 0.0)
    fields = (
        "serial", "soc_pct", "soh_pct", "voltage_v", "current_a", "cell_max_v", "cell_min_v", "temp_max_degc",
        "temp_min_degc", "contactors_open", "hvil_closed", "fault_bits",
    )  # fmt: skip
    body = {"row": "3", "role": "returned", "source": "pack BMS over CAN", **dict.fromkeys(fields), "serial": "O"}
    record.add(Note.PACK_EVIDENCE, body, 1.0)
    (pack,) = record.packs
    assert pack.serial == "O"
    assert pack.soc_pct is None


def test_faults_are_listed_in_the_order_in_which_they_came() -> None:
    record = SwapRecord("s", "o", 0.0)
    record.fault(Fault(FaultCode.DOOR_OPEN, "car", "x"))
    record.fault(Fault(FaultCode.LINK_LOST, "lift", "y"))
    assert record.faults == ["DOOR_OPEN/car", "LINK_LOST/lift"]
    assert record.values({**SUMMARY, "reason": "DOOR_OPEN"}, "1.0", "hash", ClockSource.GPS).duration_s == 0.0
