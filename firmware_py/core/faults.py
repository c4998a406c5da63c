"""Faults as data: every code, how severe it is, what the station does, and what a person should do."""

from dataclasses import dataclass
from enum import StrEnum


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
    FIRE_ALARM = "FIRE_ALARM"
    FIRE_PANEL_FAULT = "FIRE_PANEL_FAULT"
    EXTRACTION_FAILED = "EXTRACTION_FAILED"
    MAINS_LOST = "MAINS_LOST"
    INSULATION_LOW = "INSULATION_LOW"
    PACK_HOT = "PACK_HOT"
    PACK_SILENT = "PACK_SILENT"
    COOLANT_LEAK = "COOLANT_LEAK"
    CHARGER_FAULT = "CHARGER_FAULT"
    ISOLATION_OCCUPIED = "ISOLATION_OCCUPIED"
    CONNECTOR_NOT_REACHED = "CONNECTOR_NOT_REACHED"
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
    CAR_PACK_SILENT = "CAR_PACK_SILENT"
    HVIL_OPEN = "HVIL_OPEN"
    CAR_TROUBLE_CODE = "CAR_TROUBLE_CODE"
    COLUMNS_OUT_OF_STEP = "COLUMNS_OUT_OF_STEP"
    CATCH_NOT_ENGAGED = "CATCH_NOT_ENGAGED"
    HOIST_OVERLOADED = "HOIST_OVERLOADED"
    SEAT_NOT_CLEAR = "SEAT_NOT_CLEAR"
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
