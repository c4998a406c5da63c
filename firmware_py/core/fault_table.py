"""The table of faults: how severe each is, what the station does, and what a person should do."""

from dataclasses import dataclass
from typing import Final

from firmware_py.core.faults import FaultCode, Reaction, Severity


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
    FaultCode.SMOKE_DETECTED: FaultRow(
        _EMERGENCY,
        Reaction.E_STOP,
        "Evacuate the site and follow its fire plan. After the all-clear reset the safety chain, then resume.",
    ),
    FaultCode.SAFETY_CHAIN_OPEN: FaultRow(_EMERGENCY, Reaction.E_STOP, _CHAIN),
    FaultCode.MODE_KEY_MISSING: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Turn the key of the mode selector back in and go on, or go back to Production by `mode production`.",
    ),
    FaultCode.DRIVES_NOT_ENABLED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look at the safety PLC for what keeps the drives off, mend it, then resume.",
    ),
    FaultCode.LINK_LOST: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Check cable, power and address of the named device; when it answers again, resume.",
    ),
    FaultCode.DEVICE_IDENTITY_WRONG: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Put the right product in at this address, or name the one that is there in the files and restart.",
    ),
    FaultCode.COMMAND_REFUSED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "See which interlock refused the command, mend what it names, then resume.",
    ),
    FaultCode.COMMAND_FAILED: FaultRow(_STOP, Reaction.HOLD, "Check the named device and its link, then resume."),
    FaultCode.MOTION_NOT_STOPPED: FaultRow(
        _EMERGENCY,
        Reaction.HOLD,
        "Press the e-stop and keep everybody away. See which mover moves, secure it, then reset the chain and resume.",
    ),
    FaultCode.JOURNAL_FAILED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Mend the disk or free space on it, then restart the controller: until then no command leaves.",
    ),
    FaultCode.JOURNAL_SLOW: FaultRow(
        _STOP,
        Reaction.HOLD,
        "See what keeps the disk busy, or replace it. When rows are kept quickly again, resume.",
    ),
    FaultCode.JOURNAL_RESTORED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Compare orders, car and packs with what happened after the backup was taken, then clear.",
    ),
    FaultCode.DISK_FULL: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Free space on the disk of the journal: its reserve is used up. A held swap you resume, a new one waits.",
    ),
    FaultCode.DISK_LOW: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Free space on the disk of the journal: until then no new swap begins. When there is enough, order again.",
    ),
    FaultCode.CONFIGURATION_CHANGED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "See that the files in force are those that were meant, and where car and packs are, then clear.",
    ),
    FaultCode.SWAP_INTERRUPTED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look at car and pack, then do as the status says; clear only what a person has brought into a safe place.",
    ),
    FaultCode.OPERATOR_ABORT: FaultRow(
        _DEGRADED,
        Reaction.ABORT,
        "Let the car leave; when the station is Aborted, clear it and reset.",
    ),
    FaultCode.START_POSE_WRONG: FaultRow(
        _STOP,
        Reaction.HOLD,
        "See which mover is not where the step starts, bring it there in mode Manual, then resume.",
    ),
    FaultCode.CAR_NOT_IN_PLACE: FaultRow(
        _DEGRADED,
        Reaction.ABORT,
        "Ask the driver to come in again; a new order serves the car.",
    ),
    FaultCode.CAR_NOT_READY: FaultRow(
        _DEGRADED,
        Reaction.ABORT,
        "See the display of the car for why it did not accept the swap, then order it again.",
    ),
    FaultCode.FIRE_ALARM: FaultRow(
        _EMERGENCY,
        Reaction.E_STOP,
        "Evacuate and follow the fire plan of the site. When the zone is safe, reset the fire panel, then resume.",
    ),
    FaultCode.FIRE_PANEL_FAULT: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Mend the fire panel: without it no new swap begins. Service goes on when it is well; a held swap you resume.",
    ),
    FaultCode.EXTRACTION_FAILED: FaultRow(
        _EMERGENCY,
        Reaction.E_STOP,
        "Let nobody in: smoke and gas are not drawn off. Start the extraction by its own switch or call the service.",
    ),
    FaultCode.MAINS_LOST: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Restore the mains supply: until then no new swap begins. When it is back, reset or order again.",
    ),
    FaultCode.INSULATION_LOW: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Find the insulation fault with the chargers off; when the monitor reads well again, service goes on.",
    ),
    FaultCode.PACK_HOT: FaultRow(
        _DEGRADED,
        Reaction.ISOLATE,
        "Keep away from the pack and call the service: it is isolated by itself when that is safe.",
    ),
    FaultCode.PACK_SILENT: FaultRow(
        _DEGRADED,
        Reaction.ISOLATE,
        "Check the communication connector of the bay and call the service if its pack stays silent.",
    ),
    FaultCode.PACK_UNIDENTIFIED: FaultRow(
        Severity.INFO,
        Reaction.ISOLATE,
        "Call the service to change the pack for one that tells its code: this one is neither handed out nor charged.",
    ),
    FaultCode.COOLANT_LEAK: FaultRow(
        _DEGRADED,
        Reaction.ISOLATE,
        "Close the coolant of the bay, mend the coupling and dry it, then reset; its charger stays off until then.",
    ),
    FaultCode.CHARGER_FAULT: FaultRow(
        _DEGRADED,
        Reaction.ISOLATE,
        "Read the fault word in the manual of the charger, mend it and reset the charger.",
    ),
    FaultCode.ISOLATION_OCCUPIED: FaultRow(
        _DEGRADED,
        Reaction.ISOLATE,
        "Call the service to take the isolated pack away: the place must be free for the next one.",
    ),
    FaultCode.CONNECTOR_NOT_REACHED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Free the connector of the named bay, which is neither mated nor home, then resume.",
    ),
    FaultCode.CAR_NOT_HELD: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look at pins and rods before anybody goes near: the car is not held. Then resume.",
    ),
    FaultCode.CAR_NOT_PARKED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Ask the driver to put the car in P and hold the brake; then resume.",
    ),
    FaultCode.CAR_DID_NOT_LEAVE: FaultRow(
        _DEGRADED,
        Reaction.HOLD,
        "See why the car stays in the lane and ask the driver to leave, then resume.",
    ),
    FaultCode.DOOR_OPEN: FaultRow(_STOP, Reaction.HOLD, "Ask the driver to close the doors, then resume."),
    FaultCode.HV_NOT_OFF: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Do not touch the pack: high voltage is on or unknown. See the car's display; when it is off, resume.",
    ),
    FaultCode.VIN_MISMATCH: FaultRow(
        _DEGRADED,
        Reaction.ABORT,
        "Let this car leave; order again with the VIN of the car that is to be served.",
    ),
    FaultCode.SELF_CHECK_FAILED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Call the recovery service: the car rejects its pack. Resume once the car accepts it.",
    ),
    FaultCode.CAR_PACK_MISMATCH: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Read the code of the pack on the car and compare it with the record; when the car sees the right one, resume.",
    ),
    FaultCode.CLAMP_NOT_REACHED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look at rods and pins for what keeps them from their end, free it, then resume.",
    ),
    FaultCode.SHUTTER_NOT_REACHED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look at shutter and lane gate for what keeps them from their end, free it, then resume.",
    ),
    FaultCode.CAR_PACK_SILENT: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Check the connector of the new pack if the second one is silent too; then call the recovery service.",
    ),
    FaultCode.HVIL_OPEN: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Check plug and interlock loop of car and pack; a car that keeps it open goes to the recovery service.",
    ),
    FaultCode.CAR_TROUBLE_CODE: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Read the trouble codes at the car; one that keeps them with another pack goes to the recovery service.",
    ),
    FaultCode.COLUMNS_OUT_OF_STEP: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Level the columns of the hoist in mode Manual before the car is lowered, then resume.",
    ),
    FaultCode.CATCH_NOT_ENGAGED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Keep everybody from under the car and free the catch of the hoist, then resume.",
    ),
    FaultCode.HOIST_OVERLOADED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Keep everybody from under the car and see what the hoist carries beside it, take it away, then resume.",
    ),
    FaultCode.SEAT_NOT_CLEAR: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Take away what is in the seat of the pack under the car, then resume.",
    ),
    FaultCode.LIFT_STALLED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Look under the car and along the lift for what holds it, free it, then resume.",
    ),
    FaultCode.LIFT_DRIVE_FAULT: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Read the fault word in the manual of the lift drive, mend the cause, then resume.",
    ),
    FaultCode.DOCK_NOT_SEATED: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Check the underside of the pack and the dock pins; then order again.",
    ),
    FaultCode.MASS_TOO_LOW: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Check the head and the load cell: the lift does not carry the whole pack. Then order again.",
    ),
    FaultCode.MASS_TOO_HIGH: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Look for what is caught between car and pack: the lift carries too much. Then order again.",
    ),
    FaultCode.PACK_HANGS: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Look for a fastener or connector that still holds the pack; call the service before the next order.",
    ),
    FaultCode.PACK_NOT_SEATED: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Inspect the mating faces of car and pack; then order again or call the service.",
    ),
    FaultCode.LOCK_FAILED_UNLOCK: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Send the car to the workshop: a lock point will not open. Its own pack stays on.",
    ),
    FaultCode.LOCK_FAILED_LOCK: FaultRow(
        _STOP,
        Reaction.BACK_OUT,
        "Inspect thread and bolt of the named lock point, then resume or call the service.",
    ),
    FaultCode.LOCK_PROOF_DISAGREES: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Treat the pack as not locked: look at the bolt and at its switch, mend what is wrong, then resume.",
    ),
    FaultCode.LOCK_UNEXPECTED_OPEN: FaultRow(
        _EMERGENCY,
        Reaction.HOLD,
        "Secure the pack from below at once: a lock point opened by itself. Then call the service.",
    ),
    FaultCode.SHUTTLE_JAMMED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Free the slot in mode Manual, see that it stands at one of its ends, then resume.",
    ),
    FaultCode.STACKER_JAMMED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Free the stacker in mode Manual, see that its fork is home, then resume.",
    ),
    FaultCode.PLACE_OCCUPIED: FaultRow(
        _STOP,
        Reaction.HOLD,
        "Take the pack that stands in the way to a free place by hand, then resume.",
    ),
    FaultCode.PACK_SERIAL_MISMATCH: FaultRow(
        _DEGRADED,
        Reaction.BACK_OUT,
        "Read the code of the pack that came and correct the stock; then reset or order again.",
    ),
    FaultCode.PACK_NOT_ELIGIBLE: FaultRow(
        _DEGRADED,
        Reaction.BACK_OUT,
        "See the readings of the reserved pack and take it out of service if they stay bad; then order again.",
    ),
    FaultCode.NO_ELIGIBLE_PACK: FaultRow(
        _DEGRADED,
        Reaction.ABORT,
        "Charge or bring a pack that may be handed out, then order again.",
    ),
}
