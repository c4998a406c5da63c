"""What the station does about findings beside any swap: faults come and go, chargers stop, a pack is isolated."""

from typing import Final

from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Arm, Disarm, Note
from firmware_py.core.fault_table import FAULTS
from firmware_py.core.faults import Fault, FaultCode, Severity
from firmware_py.core.image import Image
from firmware_py.core.monitors import Finding, Key, findings
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.params import Params
from firmware_py.core.state import Order, Purpose, State, Swap
from hal.commands import EnableCharger, Extract

WATCH: Final = "watch:"
"""Prefix of the timers of findings that must last before they are faults."""
_LASTING: Final = {
    FaultCode.PACK_SILENT: "silent",
    FaultCode.PACK_UNIDENTIFIED: "silent",
    FaultCode.EXTRACTION_FAILED: "extraction",
}
"""Findings that must last before they are faults, and the limit that says how long."""
_ALL_CHARGERS: Final = frozenset({FaultCode.FIRE_ALARM, FaultCode.INSULATION_LOW})
_OWN_CHARGER: Final = frozenset({FaultCode.PACK_HOT, FaultCode.COOLANT_LEAK, FaultCode.CHARGER_FAULT})
_SPARE: Final = frozenset({"meter", "signals"})
"""Devices that the station can serve without."""


def settle(draft: Draft, image: Image, params: Params) -> None:
    """Raise what is found, clear what is seen to be good again."""
    standing = {fault.key for fault in draft.faults}
    for bad, good in findings(image, params):
        for finding in bad:
            if finding.key not in standing:
                _found(draft, finding, image, params)
        for key in good & standing:
            draft.clear_fault(*key)
        for key in good & draft.pending:
            draft.pending -= {key}
            draft.effects.append(Disarm(_timer(key)))


def _found(draft: Draft, finding: Finding, image: Image, params: Params) -> None:
    if finding.code not in _LASTING:
        _raise(draft, finding, image, params)
    elif finding.key not in draft.pending:
        draft.pending |= {finding.key}
        draft.effects.append(Arm(_timer(finding.key), params.limit_s[_LASTING[finding.code]]))


def lasted(draft: Draft, image: Image, params: Params, name: str) -> None:
    """A finding has lasted long enough: if it is still so, it is a fault."""
    for bad, _ in findings(image, params):
        for finding in bad:
            if finding.key in draft.pending and _timer(finding.key) == name:
                draft.pending -= {finding.key}
                _raise(draft, finding, image, params)


def _timer(key: Key) -> str:
    return f"{WATCH}{key[0].value}:{key[1]}"


def _raise(draft: Draft, finding: Finding, image: Image, params: Params) -> None:
    draft.raise_fault(finding.code, finding.device, finding.text)
    running = [bay for bay in params.charger_bays if image.charger(bay).enabled is not False]
    if finding.code in _OWN_CHARGER:
        running = [bay for bay in running if finding.device == f"bay-{bay}"]
    if finding.code in _OWN_CHARGER | _ALL_CHARGERS:
        draft.effects.extend(Act("", EnableCharger(bay, on=False)) for bay in running)
    if finding.code is FaultCode.FIRE_ALARM and image.fire.extraction_on is not True:
        draft.effects.append(Act("", Extract(on=True)))


def is_spare(device: str) -> bool:
    """The station can serve, and go on moving, without this device."""
    return device in _SPARE or device.startswith("charger")


def blocks(fault: Fault) -> bool:
    """No new order is taken while this fault stands."""
    if fault.code in {FaultCode.LINK_LOST, FaultCode.COMMAND_FAILED} and is_spare(fault.device):
        return False
    return FAULTS[fault.code].severity in {Severity.STOP, Severity.EMERGENCY}


def isolation_due(state: State, image: Image) -> int | None:
    """Bay of a hot pack that may be brought away now: the station is idle and sound, the place is seen free."""
    if (
        state.packml is not PackML.IDLE
        or state.mode is not Mode.PRODUCTION
        or image.platform.isolation_present is not False
    ):
        return None
    if any(blocks(fault) for fault in state.faults):
        return None
    hot = [f.device for f in state.faults if f.code is FaultCode.PACK_HOT and f.device.startswith("bay-")]
    return int(hot[0].removeprefix("bay-")) if hot else None


def begin_isolation(draft: Draft, image: Image, bay: int, swap_id: str) -> None:
    """Bring the pack of a bay to the isolation place: a way of its own through the chart, without a car."""
    serial = image.bay(bay).serial or ""
    order = Order(swap_id, "", "")
    draft.swap = Swap(swap_id, order, bay, serial, return_bay=bay, purpose=Purpose.ISOLATE, isolate=True)
    draft.swaps_started += 1
    draft.keep(Note.ORDER, swap_id=swap_id, order_id=swap_id, vehicle="", bay=bay, serial_reserved=serial)
    draft.packml = PackML.STARTING
