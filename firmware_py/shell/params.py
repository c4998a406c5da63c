"""Core parameters and gate limits out of the station file: the only place that knows both vocabularies."""

from typing import Final

from firmware_py.core.gate_words import GateLimits
from firmware_py.core.params import BoltWindows, Eligibility, Manual, Params, StackerPlace
from hal.commands import Slot
from hal.config.bundle import Station
from hal.config.process import Eligibility as EligibilityProcess
from hal.config.process import LatchProcess, LiftSpeeds, LockProcess
from hal.config.station import StationConfig

_SLOT_OF_PLACE: Final = (("buffer", Slot.IN), ("store", Slot.OUT))


def params_of(station: Station) -> Params:
    """What the chart measures against."""
    c, p = station.config, station.config.process
    masses = [pack.pack.mass_kg for pack in station.packs.values()]
    retries = {str(step): count for step, count in c.retries.items()}
    return Params(
        bays=c.station.bays,
        lock_points=c.station.lock_points,
        charger_bays=tuple(k for k, bay in enumerate(station.bays, start=1) if bay in c.chargers),
        absent=station.absent,
        lift_home_mm=p.lift.home_mm,
        lift_transfer_mm=p.lift.transfer_mm,
        lift_slot_mm=c.plant.seat_mm,
        lift_dock_mm=p.lift.dock_mm,
        lift_support_mm=p.lift.support_mm,
        lift_tol_mm=p.lift.tolerance_mm,
        lift_hang_margin_mm=p.lift.hang_margin_mm,
        lift_speed_mm_s=_lift_speeds(p.lift.speeds_mm_s),
        slot_buffer_mm=p.rail.buffer_mm,
        slot_under_mm=p.rail.under_mm,
        slot_store_mm=p.rail.store_mm,
        slot_tol_mm=p.rail.tolerance_mm,
        slot_speed_mm_s={Slot.OUT: p.rail.out_speed_mm_s, Slot.IN: p.rail.in_speed_mm_s},
        slot_gap_min_mm=p.rail.gap_min_mm,
        level_tol_mm=p.stacker.tolerance_mm,
        places={name: StackerPlace(place.level_mm, place.side) for name, place in c.places.items()},
        mass_kg={name: pack.pack.mass_kg for name, pack in station.packs.items()},
        mass_tol_kg=p.load.tolerance_kg,
        mass_min_kg=min(masses) - p.load.tolerance_kg,
        mass_max_kg=max(masses) + p.load.tolerance_kg,
        touch_max_kg=p.load.touch_max_kg,
        empty_max_kg=p.load.empty_max_kg,
        bolts=_bolts(p.locks),
        dc_link_max_v=p.car.dc_link_max_v,
        eligibility=_eligibility(p.eligibility),
        limit_s=_limits(c),
        nominal_s={str(step): seconds for step, seconds in c.profile.items()},
        dwell_s={"2": p.car.settle_s, "9": p.car.verify_s},
        capture_x_mm=p.vision.capture_x_mm,
        capture_y_mm=p.vision.capture_y_mm,
        capture_yaw_deg=p.vision.capture_yaw_deg,
        columns_step_max_mm=p.hoist.columns_step_max_mm,
        code_reader="scanner" in c.devices,
        isolate_degc=p.isolation.hot_degc,
        insulation_min_ohm=p.insulation.min_ohm,
        guard_wait_s=p.machine.guard_wait_s,
        manual=Manual(p.manual.lift_mm_s, p.manual.slot_mm_s, p.manual.max_step_mm, p.manual.limit_s),
        retries=retries | {"other_pack": c.retries.get(0, 0)},
        vehicles=frozenset(c.station.vehicles),
        pack_classes=_pack_classes(station),
        code_patterns={name: p.pack.code_pattern for name, p in station.packs.items() if p.pack.code_pattern},
    )


def _lift_speeds(speeds: LiftSpeeds) -> dict[str, float]:
    """mm/s by the family of rows that moves so."""
    return {
        "dock": speeds.dock,
        "support": speeds.support,
        "lower": speeds.lower_old,
        "raise": speeds.raise_new,
        "relax": speeds.relax,
        "retract": speeds.home,
        "back_out": speeds.back_out,
    }


def _eligibility(e: EligibilityProcess) -> Eligibility:
    return Eligibility(e.soc_min_pct, e.soh_min_pct, e.temp_min_degc, e.temp_max_degc, e.cell_spread_max_v)


def _limits(c: StationConfig) -> dict[str, float]:
    """Time limits in s: by step, and by the name of what is waited for."""
    by_step = {str(step): limit for step, limit in c.limits.items()}
    return by_step | {
        "stacker": c.limits[0],
        "connector": c.process.rack.move_limit_s,
        "silent": c.freshness.pack_s,
        "extraction": c.process.fire.extraction_s,
        "wait": sum(c.limits[step] for step in range(11)),
        "decide": c.process.machine.guard_wait_s,
        "enable": c.process.machine.enable_s,
        "reset": c.process.machine.reset_s,
        "standstill": c.process.machine.standstill_s,
    }


def _pack_classes(station: Station) -> dict[str, frozenset[str]]:
    """Vehicle -> the classes of packs that fit it and are here."""
    return {
        name: frozenset(k for k in vehicle.vehicle.packs if k in station.packs)
        for name, vehicle in station.vehicles.items()
    }


def _bolts(locks: LockProcess) -> BoltWindows | None:
    if isinstance(locks, LatchProcess):
        return None
    return BoltWindows(locks.torque_min_nm, locks.torque_max_nm, locks.angle_min_deg, locks.angle_max_deg)


def limits_of(station: Station) -> GateLimits:
    """What the gate measures against."""
    c, p = station.config, station.config.process
    masses = [pack.pack.mass_kg for pack in station.packs.values()]
    levels = [place.level_mm for place in c.places.values()] or [0.0]
    bays = [c.places[f"bay-{k}"] for k in range(1, c.station.bays + 1) if c.places]
    return GateLimits(
        lift_min_mm=p.lift.min_mm,
        lift_max_mm=p.lift.max_mm,
        lift_overrun_mm=p.lift.overrun_mm,
        lift_transfer_mm=p.lift.transfer_mm,
        lift_support_mm=p.lift.support_mm,
        lift_tol_mm=p.lift.tolerance_mm,
        shutter_clear_mm=p.lift.shutter_clear_mm,
        mass_min_kg=min(masses) - p.load.tolerance_kg,
        mass_max_kg=max(masses) + p.load.tolerance_kg,
        touch_max_kg=p.load.touch_max_kg,
        slot_min_mm=p.rail.buffer_mm - p.rail.tolerance_mm,
        slot_max_mm=p.rail.store_mm + p.rail.tolerance_mm,
        slot_gap_min_mm=p.rail.gap_min_mm,
        level_min_mm=min(levels),
        level_max_mm=max(levels),
        handovers=tuple(
            (c.places[name].level_mm, c.places[name].side, slot) for name, slot in _SLOT_OF_PLACE if c.places
        ),
        bays=tuple((bay.level_mm, bay.side) for bay in bays),
        level_tol_mm=p.stacker.tolerance_mm,
        dc_link_max_v=p.car.dc_link_max_v,
        retract_max_v=p.rack.retract_max_v,
        retract_max_a=p.rack.retract_max_a,
        isolate_degc=p.isolation.hot_degc,
    )
