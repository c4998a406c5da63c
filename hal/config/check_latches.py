"""Cross checks of lock points that are latches: their switches and outputs instead of a tightening controller."""

from collections.abc import Mapping

from hal.config.bundle import Unit
from hal.config.draft import Draft
from hal.config.mistakes import Spot
from hal.config.process import LatchProcess
from hal.config.role_types import PARTS
from hal.readings import roles

LATCH = tuple(PARTS["lock-set"])


def lock_roles(draft: Draft, offers: Mapping[str, list[Unit]]) -> tuple[str, ...]:
    """Roles that must come from somewhere. Latches show neither torque nor angle, and need no controller."""
    if not _latches(draft):
        return roles("lock-set")
    return (*LATCH, "proof_locked") if any(role in offers for role in LATCH) else ("state", "proof_locked")


def check_latches(draft: Draft, offers: Mapping[str, list[Unit]], units: list[Unit], spot: Spot) -> None:
    """Note switches beside a state, outputs that are not one pair of rows, and either of them on bolts."""
    for role in LATCH:
        if role in offers and ("state" in offers or not _latches(draft)):
            names = " and ".join(unit.name for unit in offers[role])
            spot.note(f"{role} from {names}", "only latches that no controller tells the state of")
    driven = [unit for unit in units if any(name.startswith(LATCH) for name in unit.outputs)]
    for unit in driven:
        rows = [draft.units[unit.name].outputs.get(name, ()) for name in LATCH]
        points = 0 if draft.info is None else draft.info.lock_points
        if any(isinstance(row, str) or len(row) != points for row in rows):
            where = draft.spot / "units" / unit.name / "outputs"
            where.note(", ".join(str(row) for row in rows), f"latch_open and latch_closed of all {points} points")
    if len(driven) > 1:
        spot.note(f"latches driven by {' and '.join(unit.name for unit in driven)}", "one unit")


def _latches(draft: Draft) -> bool:
    return isinstance(draft.process_parts.get("locks"), LatchProcess)
