"""Faults as data: every code, how severe it is, what the station does, and what a person should do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reaction(StrEnum):
    """Classes of reaction (domain: faults and correct reactions)."""

    RETRY = "RETRY"
    HOLD = "HOLD"
    BACK_OUT = "BACK_OUT"
    ABORT = "ABORT"
    ISOLATE = "ISOLATE"
    E_STOP = "E_STOP"


class Severity(StrEnum):
    """How much of the service is gone."""

    INFO = "info"
    DEGRADED = "degraded"
    STOP = "stop"
    EMERGENCY = "emergency"


class FaultCode(StrEnum):
    """Named by expectation against observation. The device is a field of its own."""

    ESTOP_PRESSED = "ESTOP_PRESSED"
    GUARD_GATE_OPEN = "GUARD_GATE_OPEN"
    CURTAIN_BROKEN = "CURTAIN_BROKEN"
    PERSON_IN_CELL = "PERSON_IN_CELL"
    SMOKE_DETECTED = "SMOKE_DETECTED"
    SAFETY_CHAIN_OPEN = "SAFETY_CHAIN_OPEN"
    MODE_KEY_MISSING = "MODE_KEY_MISSING"
    DRIVES_NOT_ENABLED = "DRIVES_NOT_ENABLED"
    LINK_LOST = "LINK_LOST"
    DEVICE_IDENTITY_WRONG = "DEVICE_IDENTITY_WRONG"
    COMMAND_REFUSED = "COMMAND_REFUSED"
    COMMAND_FAILED = "COMMAND_FAILED"
    MOTION_NOT_STOPPED = "MOTION_NOT_STOPPED"
    JOURNAL_FAILED = "JOURNAL_FAILED"
    SWAP_INTERRUPTED = "SWAP_INTERRUPTED"
    OPERATOR_ABORT = "OPERATOR_ABORT"
    START_POSE_WRONG = "START_POSE_WRONG"
    CAR_NOT_IN_PLACE = "CAR_NOT_IN_PLACE"
    CAR_NOT_READY = "CAR_NOT_READY"
    CAR_NOT_HELD = "CAR_NOT_HELD"
    CAR_NOT_PARKED = "CAR_NOT_PARKED"
    CAR_DID_NOT_LEAVE = "CAR_DID_NOT_LEAVE"
    DOOR_OPEN = "DOOR_OPEN"
    HV_NOT_OFF = "HV_NOT_OFF"
    VIN_MISMATCH = "VIN_MISMATCH"
    SELF_CHECK_FAILED = "SELF_CHECK_FAILED"
    CAR_PACK_MISMATCH = "CAR_PACK_MISMATCH"
    CLAMP_NOT_REACHED = "CLAMP_NOT_REACHED"
    SHUTTER_NOT_REACHED = "SHUTTER_NOT_REACHED"
    LIFT_STALLED = "LIFT_STALLED"
    LIFT_DRIVE_FAULT = "LIFT_DRIVE_FAULT"
    DOCK_NOT_SEATED = "DOCK_NOT_SEATED"
    MASS_TOO_LOW = "MASS_TOO_LOW"
    MASS_TOO_HIGH = "MASS_TOO_HIGH"
    PACK_HANGS = "PACK_HANGS"
    PACK_NOT_SEATED = "PACK_NOT_SEATED"
    LOCK_FAILED_UNLOCK = "LOCK_FAILED_UNLOCK"
    LOCK_FAILED_LOCK = "LOCK_FAILED_LOCK"
    LOCK_PROOF_DISAGREES = "LOCK_PROOF_DISAGREES"
    LOCK_UNEXPECTED_OPEN = "LOCK_UNEXPECTED_OPEN"
    SHUTTLE_JAMMED = "SHUTTLE_JAMMED"
    STACKER_JAMMED = "STACKER_JAMMED"
    PLACE_OCCUPIED = "PLACE_OCCUPIED"
    PACK_SERIAL_MISMATCH = "PACK_SERIAL_MISMATCH"
    PACK_NOT_ELIGIBLE = "PACK_NOT_ELIGIBLE"
    NO_ELIGIBLE_PACK = "NO_ELIGIBLE_PACK"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row of the fault table. `reaction` is the default; a chart row may name another for its own case."""

    severity: Severity
    reaction: Reaction
    remedy: str


_STOP, _EMERGENCY, _DEGRADED = Severity.STOP, Severity.EMERGENCY, Severity.DEGRADED
_CHAIN = "Clear the cell, mend the cause, press the reset button of the safety chain, then resume."

FAULTS: Final[dict[FaultCode, FaultRow]] = {
    FaultCode.ESTOP_PRESSED: FaultRow(_EMERGENCY, Reaction.E_STOP, "Release the e-stop. " + _CHAIN),
    FaultCode.GUARD_GATE_OPEN: FaultRow(_EMERGENCY, Reaction.E_STOP, "Close the guard gate. " + _CHAIN),
    FaultCode.CURTAIN_BROKEN: FaultRow(_EMERGENCY, Reaction.E_STOP, "Free the light curtain. " + _CHAIN),
    FaultCode.PERSON_IN_CELL: FaultRow(_EMERGENCY, Reaction.E_STOP, "See that nobody is in the cell. " + _CHAIN),
    FaultCode.SMOKE_DETECTED: FaultRow(_EMERGENCY, Reaction.E_STOP, "Evacuate; follow the fire plan of the site."),
    FaultCode.SAFETY_CHAIN_OPEN: FaultRow(_EMERGENCY, Reaction.E_STOP, _CHAIN),
    FaultCode.MODE_KEY_MISSING: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Turn the key of the mode selector back in, or go back to Production by `mode production`.",
    ),
    FaultCode.DRIVES_NOT_ENABLED: FaultRow(_STOP, Reaction.HOLD, "See the safety PLC: it does not enable the drives."),
    FaultCode.LINK_LOST: FaultRow(_STOP, Reaction.HOLD, "Check cable, power and address of the named device; resume."),
    FaultCode.DEVICE_IDENTITY_WRONG: FaultRow(
        _STOP, Reaction.HOLD, "Another product answers at this address: put the right one in, or name it in the files."
    ),
    FaultCode.COMMAND_REFUSED: FaultRow(
        _STOP, Reaction.HOLD, "An interlock refused a command: see which; then resume."
    ),
    FaultCode.COMMAND_FAILED: FaultRow(_STOP, Reaction.HOLD, "The device did not take a command: check it; resume."),
    FaultCode.MOTION_NOT_STOPPED: FaultRow(
        _EMERGENCY, Reaction.HOLD, "Something still moves: press the e-stop, keep everybody away, see which mover."
    ),
    FaultCode.JOURNAL_FAILED: FaultRow(_STOP, Reaction.HOLD, "The disk failed: no command leaves. Mend it; restart."),
    FaultCode.SWAP_INTERRUPTED: FaultRow(_STOP, Reaction.HOLD, "Look at car and pack, then clear the swap by hand."),
    FaultCode.OPERATOR_ABORT: FaultRow(_DEGRADED, Reaction.ABORT, "The operator ended the order."),
    FaultCode.START_POSE_WRONG: FaultRow(_STOP, Reaction.HOLD, "A mover is not where the step starts: see which."),
    FaultCode.CAR_NOT_IN_PLACE: FaultRow(_DEGRADED, Reaction.ABORT, "Ask the driver to come again."),
    FaultCode.CAR_NOT_READY: FaultRow(_DEGRADED, Reaction.ABORT, "The car did not accept the swap: see its display."),
    FaultCode.CAR_NOT_HELD: FaultRow(
        _STOP, Reaction.HOLD, "Look at pins and rods before anybody goes near: the car is not held. Then resume."
    ),
    FaultCode.CAR_NOT_PARKED: FaultRow(
        _STOP, Reaction.HOLD, "Ask the driver to put the car in P and hold the brake; then resume."
    ),
    FaultCode.CAR_DID_NOT_LEAVE: FaultRow(_DEGRADED, Reaction.HOLD, "See why the car stays in the lane; then resume."),
    FaultCode.DOOR_OPEN: FaultRow(_STOP, Reaction.HOLD, "Ask the driver to close the doors, then resume."),
    FaultCode.HV_NOT_OFF: FaultRow(_STOP, Reaction.HOLD, "High voltage is on or unknown: do not touch the pack."),
    FaultCode.VIN_MISMATCH: FaultRow(_DEGRADED, Reaction.ABORT, "The car is not the one of the order."),
    FaultCode.SELF_CHECK_FAILED: FaultRow(_STOP, Reaction.HOLD, "The car rejects its pack: recovery service."),
    FaultCode.CAR_PACK_MISMATCH: FaultRow(
        _STOP, Reaction.HOLD, "The car sees another pack than was put in: check both."
    ),
    FaultCode.CLAMP_NOT_REACHED: FaultRow(_STOP, Reaction.HOLD, "Rods or pins did not reach their end: check them."),
    FaultCode.SHUTTER_NOT_REACHED: FaultRow(_STOP, Reaction.HOLD, "The shutter or lane gate did not reach its end."),
    FaultCode.LIFT_STALLED: FaultRow(
        _STOP, Reaction.HOLD, "The lift did not arrive: look under the car before resuming."
    ),
    FaultCode.LIFT_DRIVE_FAULT: FaultRow(_STOP, Reaction.HOLD, "The lift drive reports a fault: see its manual."),
    FaultCode.DOCK_NOT_SEATED: FaultRow(
        _STOP, Reaction.BACK_OUT, "A dock pin did not seat: check the pack's underside."
    ),
    FaultCode.MASS_TOO_LOW: FaultRow(
        _STOP, Reaction.BACK_OUT, "The lift does not carry the pack: check head and cell."
    ),
    FaultCode.MASS_TOO_HIGH: FaultRow(_STOP, Reaction.BACK_OUT, "The lift carries too much: something is caught."),
    FaultCode.PACK_HANGS: FaultRow(_STOP, Reaction.BACK_OUT, "The pack did not come down: look for a held fastener."),
    FaultCode.PACK_NOT_SEATED: FaultRow(_STOP, Reaction.BACK_OUT, "The pack did not seat: inspect the mating faces."),
    FaultCode.LOCK_FAILED_UNLOCK: FaultRow(_STOP, Reaction.BACK_OUT, "A lock point will not open: workshop."),
    FaultCode.LOCK_FAILED_LOCK: FaultRow(
        _STOP, Reaction.BACK_OUT, "A lock point does not reach its window: inspect it."
    ),
    FaultCode.LOCK_PROOF_DISAGREES: FaultRow(_STOP, Reaction.HOLD, "Second channel against tool: treat as not locked."),
    FaultCode.LOCK_UNEXPECTED_OPEN: FaultRow(
        _EMERGENCY, Reaction.HOLD, "A lock point opened by itself: secure the pack."
    ),
    FaultCode.SHUTTLE_JAMMED: FaultRow(_STOP, Reaction.HOLD, "A slot did not arrive: free it in manual mode."),
    FaultCode.STACKER_JAMMED: FaultRow(_STOP, Reaction.HOLD, "The stacker did not arrive: free it in manual mode."),
    FaultCode.PLACE_OCCUPIED: FaultRow(_STOP, Reaction.HOLD, "A pack stands where one is to go: take it away by hand."),
    FaultCode.PACK_SERIAL_MISMATCH: FaultRow(
        _DEGRADED, Reaction.BACK_OUT, "The pack is not the reserved one: check it."
    ),
    FaultCode.PACK_NOT_ELIGIBLE: FaultRow(
        _DEGRADED, Reaction.BACK_OUT, "The reserved pack may not be handed out any more: see its readings."
    ),
    FaultCode.NO_ELIGIBLE_PACK: FaultRow(_DEGRADED, Reaction.ABORT, "No pack may be handed out now."),
}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One standing fault: raised and cleared by (code, device). `text` has the numbers and units of its raising."""

    code: FaultCode
    device: str
    text: str

    @property
    def key(self) -> tuple[FaultCode, str]:
        """Identity of the fault: the same code on the same device is the same fault."""
        return (self.code, self.device)
