"""From a station's own files to the plant that the world is built from."""

from typing import Final, TypedDict

from hal.commands import Actuator, Connector, Side
from hal.config.bundle import Station
from hal.config.pack import PackType
from hal.config.process import ActuatorTimes, LatchProcess, LockProcess, PlantActuators, PlantConnectors
from sim.world.latches import HOLDS_DEG, HOOK_DEG
from sim.world.plant import PackKind, Plant, StackerPlace

ENERGY_KWH: Final = 42.0
"""Of a pack whose file does not say it."""
CELL_V: Final = 3.25
"""Nominal voltage of one LFP cell, to guess the number of cells in series [EST]."""


class LockPoints(TypedDict):
    """What the lock points of a plant are like: see `Plant`."""

    latches: bool
    turn_deg: float
    engage_deg: float
    limit_deg: float
    target_nm: float


def plant_of(station: Station) -> Plant:
    """The plant of a loaded station: heights, rail, rack, masses, times as its files say."""
    config = station.config
    process, plant = config.process, config.plant
    lift, rail = process.lift, process.rail
    vehicle = next(iter(config.station.vehicles), "")
    fitting = (name for name in config.packs.types if vehicle in station.packs[name].pack.fits)
    return Plant(
        pack_kinds=tuple(_pack_kind(n, p) for n, p in station.packs.items()),
        vehicle=vehicle,
        vehicle_pack=next(fitting, config.packs.types[0]),
        fixed={place: at.type for place, at in config.packs.at.items() if at.type is not None},
        bays=config.station.bays,
        lock_points=config.station.lock_points,
        home_mm=lift.home_mm,
        transfer_mm=lift.transfer_mm,
        slot_mm=plant.seat_mm,
        shutter_mm=0.5 * (plant.seat_mm + lift.dock_mm),
        dock_mm=lift.dock_mm,
        support_mm=lift.support_mm,
        lift_accel=plant.lift_accel_mm_s2,
        lift_max_mm_s=lift.max_speed_mm_s,
        buffer_mm=rail.buffer_mm,
        under_mm=rail.under_mm,
        store_mm=rail.store_mm,
        rail_accel=plant.slot_accel_mm_s2,
        rail_max_mm_s=rail.max_speed_mm_s,
        slot_length_mm=plant.slot_length_mm,
        places=tuple(StackerPlace(n, p.level_mm, -1 if p.side is Side.LEFT else 1) for n, p in config.places.items()),
        stacker_mm_s=plant.stacker.speed_mm_s,
        stacker_accel=plant.stacker.accel_mm_s2,
        fork_mm=plant.stacker.fork_reach_mm,
        fork_stroke_s=plant.stacker.fork_stroke_s,
        **_lock_points(process.locks),
        lock_s=plant.locks.lock_s,
        unlock_s=plant.locks.unlock_s,
        actuators=_actuators(plant.actuators),
        connectors=_connectors(plant.connectors),
        fire_zones=len(process.fire.zones),
        hoist_rise_mm=plant.house.hoist_rise_mm,
        base_load_w=plant.house.base_load_w,
        ups_runtime_s=plant.house.ups_runtime_s,
        drive_in_s=plant.car.drive_in_s,
        settle_s=plant.car.settle_s,
        handshake_s=plant.car.handshake_s,
        self_check_s=plant.car.self_check_s,
        drive_out_s=plant.car.drive_out_s,
        dc_link_safe_v=process.car.dc_link_max_v,
        dead_man_s=process.safety.dead_man_s,
    )


def _lock_points(locks: LockProcess) -> LockPoints:
    if isinstance(locks, LatchProcess):
        return {"latches": True, "turn_deg": HOOK_DEG, "engage_deg": HOLDS_DEG, "limit_deg": 0.0, "target_nm": 0.0}
    return {
        "latches": False,
        "turn_deg": locks.angle_target_deg,
        "engage_deg": 0.15 * locks.angle_target_deg,
        "limit_deg": 1.5 * (locks.angle_max_deg - locks.angle_target_deg),
        "target_nm": locks.torque_target_nm,
    }


def _pack_kind(name: str, pack: PackType) -> PackKind:
    volts = pack.pack.voltage_nominal_v
    kwh = pack.pack.energy_lfp_kwh or pack.pack.energy_nmc_kwh or ENERGY_KWH
    return PackKind(name, pack.pack.mass_kg, volts, round(volts / CELL_V), kwh)


def _connectors(times: PlantConnectors) -> dict[Connector, tuple[float, float]]:
    table = {Connector.POWER: times.power, Connector.COOLANT: times.coolant}
    return {connector: (t.out_s, t.home_s) for connector, t in table.items()}


def _actuators(times: PlantActuators) -> dict[Actuator, tuple[float, float]]:
    table: dict[Actuator, ActuatorTimes] = {
        Actuator.RODS: times.rods,
        Actuator.PINS: times.pins,
        Actuator.PIN_LIFT: times.pin_lift,
        Actuator.SHUTTER: times.shutter,
        Actuator.LANE_GATE: times.lane_gate,
    }
    return {actuator: (t.out_s, t.home_s) for actuator, t in table.items()}
