"""Cross checks of process data: orders of heights, minimum below maximum, limits above nominal times."""

from collections.abc import Sequence
from itertools import pairwise

from pydantic import BaseModel

from hal.config.draft import Draft
from hal.config.mistakes import Spot
from hal.config.process import Process
from hal.config.station import STEPS


def check_process(draft: Draft) -> None:
    """Note everything that is wrong with `[process]` and the tables by step."""
    if draft.process is not None:
        _check_numbers(draft.process, draft.spot / "process")
    for table in ("profile", "limits"):
        missing = [str(step) for step in STEPS if step not in draft.by_step.get(table, {})]
        if missing:
            (draft.spot / table).note(f"no {', '.join(missing)}", "every step 0 to 19")
    limits, profile = draft.by_step.get("limits", {}), draft.by_step.get("profile", {})
    for step, limit in limits.items():
        if limit <= profile.get(step, 0):
            (draft.spot / "limits" / step).note(str(limit), f"more than the nominal time {profile[step]}")


def _check_numbers(process: Process, spot: Spot) -> None:
    lift, rail, locks, limits = process.lift, process.rail, process.locks, process.eligibility
    _rising(lift, ("min_mm", "home_mm", "transfer_mm", "dock_mm", "support_mm", "max_mm"), spot / "lift", equal=True)
    _rising(lift, ("home_mm", "transfer_mm", "dock_mm", "support_mm"), spot / "lift")
    _rising(rail, ("buffer_mm", "under_mm", "store_mm"), spot / "rail")
    _rising(process.stacker, ("min_mm", "max_mm"), spot / "stacker")
    _rising(process.load, ("touch_min_kg", "touch_max_kg"), spot / "load")
    _rising(locks, ("torque_min_nm", "torque_target_nm", "torque_max_nm"), spot / "locks")
    _rising(locks, ("angle_min_deg", "angle_target_deg", "angle_max_deg"), spot / "locks")
    _rising(limits, ("temp_min_degc", "temp_max_degc"), spot / "eligibility")
    if 2 * lift.tolerance_mm >= lift.support_mm - lift.dock_mm:
        (spot / "lift" / "tolerance_mm").note(str(lift.tolerance_mm), "less than half the way from dock to support")
    for name in type(lift.speeds_mm_s).model_fields:
        speed = getattr(lift.speeds_mm_s, name)
        if speed > lift.max_speed_mm_s:
            (spot / "lift" / "speeds_mm_s" / name).note(str(speed), f"at most {lift.max_speed_mm_s} (max_speed_mm_s)")
    for name in ("out_speed_mm_s", "in_speed_mm_s"):
        if getattr(rail, name) > rail.max_speed_mm_s:
            (spot / "rail" / name).note(str(getattr(rail, name)), f"at most {rail.max_speed_mm_s} (max_speed_mm_s)")
    if process.safety.heartbeat_s * 3 > process.safety.dead_man_s:
        text = f"at most a third of dead_man_s ({process.safety.dead_man_s})"
        (spot / "safety" / "heartbeat_s").note(str(process.safety.heartbeat_s), text)


def _rising(part: BaseModel, keys: Sequence[str], spot: Spot, *, equal: bool = False) -> None:
    for low, high in pairwise(keys):
        a, b = getattr(part, low), getattr(part, high)
        if a > b or (a == b and not equal):
            (spot / low).note(str(a), f"less than {high} ({b})")
