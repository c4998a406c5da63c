"""The hard-wired safety chain as the core reads it. Read and respected, never cleared from here."""

from collections.abc import Iterator
from typing import Final

from firmware_py.core.faults import FaultCode
from hal.readings import SafetyReading

_PERMISSIVES: Final = (
    ("estop_ok", FaultCode.ESTOP_PRESSED, "e-stop pressed"),
    ("gate_closed", FaultCode.GUARD_GATE_OPEN, "guard gate open"),
    ("curtain_clear", FaultCode.CURTAIN_BROKEN, "light curtain broken"),
    ("cell_clear", FaultCode.PERSON_IN_CELL, "somebody in the cell"),
    ("smoke_clear", FaultCode.SMOKE_DETECTED, "smoke detected"),
)
CODES: Final = (*(code for _, code, _ in _PERMISSIVES), FaultCode.SAFETY_CHAIN_OPEN)


def missing(safety: SafetyReading) -> Iterator[tuple[FaultCode, str]]:
    """What the chain lacks, as (code, text). Nothing = motion is permitted. An unknown permissive is a lost link."""
    if (
        safety.chain_ok
        and safety.estop_ok
        and safety.gate_closed
        and safety.curtain_clear
        and safety.cell_clear
        and safety.smoke_clear
    ):
        return
    named = False
    for field, code, text in _PERMISSIVES:
        value = getattr(safety, field)
        if value is None:
            yield FaultCode.LINK_LOST, f"safety.{field}: no fresh reading"
            return
        if not value:
            named = True
            yield code, text
    if not named and safety.chain_ok is None:
        yield FaultCode.LINK_LOST, "safety.chain_ok: no fresh reading"
    elif not named:
        yield FaultCode.SAFETY_CHAIN_OPEN, "the safety chain waits for its own reset button"


def is_seen(safety: SafetyReading) -> bool:
    """Every permissive has a fresh reading, whatever it says."""
    return safety.chain_ok is not None and all(getattr(safety, field) is not None for field, _, _ in _PERMISSIVES)


def is_good(safety: SafetyReading, code: FaultCode) -> bool:
    """The condition behind a safety fault is seen to be gone."""
    if code is FaultCode.SAFETY_CHAIN_OPEN:
        return safety.chain_ok is True
    field = next(f for f, c, _ in _PERMISSIVES if c is code)
    return getattr(safety, field) is True and safety.chain_ok is True
