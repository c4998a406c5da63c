"""Cross checks of process data: orders of heights, minimum below maximum, limits above nominal times."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from pydantic import BaseModel

from hal.config.draft import Draft
from hal.config.mistakes import Spot
from hal.config.process import Eligibility, IsolationProcess, LiftProcess, RailProcess, SafetyProcess
from hal.config.station import STEPS

RISING: Final = (
    ("lift", ("home_mm", "transfer_mm", "dock_mm", "support_mm")),
    ("rail", ("buffer_mm", "under_mm", "store_mm")),
    ("stacker", ("min_mm", "max_mm")),
    ("locks", ("torque_min_nm", "torque_target_nm", "torque_max_nm")),
    ("locks", ("angle_min_deg", "angle_target_deg", "angle_max_deg")),
    ("eligibility", ("temp_min_degc", "temp_max_degc")),
)
"""Each value is less than the next one."""


def check_process(draft: Draft) -> None:
    """Note everything that is wrong with `[process]` and the tables by step."""
    _check_orders(draft.process_parts, draft.spot / "process")
    if (lift := draft.process_parts.get("lift")) is not None:
        _check_lift(lift, draft.spot / "process" / "lift")
    if (rail := draft.process_parts.get("rail")) is not None:
        _check_rail(rail, draft.spot / "process" / "rail")
    if (safety := draft.process_parts.get("safety")) is not None:
        _check_heartbeat(safety, draft.spot / "process" / "safety")
    _check_manual(draft, draft.spot / "process" / "manual")
    _check_isolation(draft.process_parts, draft.spot / "process" / "isolation")
    for table in ("profile", "limits"):
        missing = [str(step) for step in STEPS if step not in draft.by_step.get(table, {})]
        if missing:
            (draft.spot / table).note(f"no {', '.join(missing)}", "every step 0 to 19")
    limits, profile = draft.by_step.get("limits", {}), draft.by_step.get("profile", {})
    for step, limit in limits.items():
        if limit <= profile.get(step, 0):
            (draft.spot / "limits" / step).note(str(limit), f"more than the nominal time {profile[step]}")


def _check_orders(parts: Mapping[str, BaseModel], spot: Spot) -> None:
    for name, keys in RISING:
        if name in parts and hasattr(parts[name], keys[0]):
            _rising(parts[name], keys, spot / name)


def _check_lift(lift: LiftProcess, spot: Spot) -> None:
    for low, high in (("min_mm", "home_mm"), ("support_mm", "max_mm")):
        if getattr(lift, low) > getattr(lift, high):
            (spot / low).note(str(getattr(lift, low)), f"at most {high} ({getattr(lift, high)})")
    if 2 * lift.tolerance_mm >= lift.support_mm - lift.dock_mm:
        (spot / "tolerance_mm").note(str(lift.tolerance_mm), "less than half the way from dock to support")
    if lift.overrun_mm >= lift.transfer_mm - lift.home_mm:
        (spot / "overrun_mm").note(str(lift.overrun_mm), "less than the way from home to transfer")
    for name in type(lift.speeds_mm_s).model_fields:
        _at_most(getattr(lift.speeds_mm_s, name), lift.max_speed_mm_s, spot / "speeds_mm_s" / name)


def _check_rail(rail: RailProcess, spot: Spot) -> None:
    for name in ("out_speed_mm_s", "in_speed_mm_s"):
        _at_most(getattr(rail, name), rail.max_speed_mm_s, spot / name)
    shortest = min(rail.under_mm - rail.buffer_mm, rail.store_mm - rail.under_mm)
    if rail.gap_min_mm > shortest:
        text = f"at most the shorter way from the car to the end of a slot ({shortest:g})"
        (spot / "gap_min_mm").note(str(rail.gap_min_mm), text)


def _check_manual(draft: Draft, spot: Spot) -> None:
    manual = draft.process_parts.get("manual")
    if manual is None:
        return
    for name, part in (("lift_mm_s", "lift"), ("slot_mm_s", "rail")):
        speed = getattr(manual, name)
        if part in draft.process_parts:
            _at_most(speed, draft.process_parts[part].max_speed_mm_s, spot / name)
        if manual.max_step_mm >= speed * manual.limit_s:
            text = f"less than {name} goes in limit_s ({speed * manual.limit_s:g} mm)"
            (spot / "max_step_mm").note(str(manual.max_step_mm), text)


def _check_heartbeat(safety: SafetyProcess, spot: Spot) -> None:
    if safety.heartbeat_s * 3 > safety.dead_man_s:
        text = f"at most a third of dead_man_s ({safety.dead_man_s})"
        (spot / "heartbeat_s").note(str(safety.heartbeat_s), text)


def _check_isolation(parts: Mapping[str, BaseModel], spot: Spot) -> None:
    """A pack that may be handed out is never one that is to be isolated."""
    isolation, eligibility = parts.get("isolation"), parts.get("eligibility")
    if isinstance(isolation, IsolationProcess) and isinstance(eligibility, Eligibility):
        warmest = eligibility.temp_max_degc
        if isolation.hot_degc <= warmest:
            (spot / "hot_degc").note(str(isolation.hot_degc), f"more than eligibility.temp_max_degc ({warmest})")


def _at_most(speed: float, limit: float, spot: Spot) -> None:
    if speed > limit:
        spot.note(str(speed), f"at most max_speed_mm_s ({limit})")


def _rising(part: BaseModel, keys: Sequence[str], spot: Spot) -> None:
    for low, high in pairwise(keys):
        a, b = getattr(part, low), getattr(part, high)
        if a >= b:
            (spot / low).note(str(a), f"less than {high} ({b})")
