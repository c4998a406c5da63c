"""What each kind of unit could show of the truth: role name -> value. Sensors lie only through named faults."""

from typing import Final

from hal.codecs.fields import OUTPUT
from hal.commands import Actuator, Slot
from sim.emulators.station_views import STATION_VIEWS
from sim.emulators.view import Values, View
from sim.world import World
from sim.world.latches import LatchSet
from sim.world.packs import CAR, FORK, HEAD, IN, ISOLATION, OUT, bay

GROOVES: Final = 4
PINS: Final = 4
HOME_MM: Final = 2.0
TRANSFER_MM: Final = 3.0
SEAT_BELOW_MM: Final = 2.0
SEAT_ABOVE_MM: Final = 3.0
"""Cams of the lift's height switches [EST]. The seat cam covers dock to support height."""


def lift_values(world: World) -> Values:
    """Lift: drive, load cell, height switches, contacts."""
    lift, plant = world.lift, world.plant
    mm = lift.mm
    pack_on_head = HEAD in world.packs.at
    docked = lift.touches or pack_on_head
    seated = CAR in world.packs.at or lift.mated
    return {
        "position_mm": mm,
        "speed_mm_s": lift.axis.mm_s,
        "enabled": lift.enabled,
        "moving": lift.moving,
        "brake_released": lift.moving,
        "fault_word": lift.fault_word,
        "overload": lift.load_kg > plant.overload_kg,
        "load_kg": lift.load_kg + lift.load_offset_kg,
        "at_home": mm <= plant.home_mm + HOME_MM,
        "at_transfer": abs(mm - plant.transfer_mm) <= TRANSFER_MM,
        "at_seat": plant.dock_mm - SEAT_BELOW_MM <= mm <= plant.support_mm + SEAT_ABOVE_MM,
        "dock_pins": (docked,) * PINS,
        "pack_seated": (seated,) * PINS,
    }


def lock_values(world: World) -> Values:
    """Lock set: tightening controllers and the second channel."""
    locks = world.locks
    read = [locks.readings(p) for p in locks.points]
    latches = locks if isinstance(locks, LatchSet) else None
    return {
        "latch_open": () if latches is None else latches.opened,
        "latch_closed": () if latches is None else latches.closed,
        "state": tuple(p.state.value for p in locks.points),
        "torque_nm": tuple(r[0] for r in read),
        "angle_deg": tuple(r[1] for r in read),
        "fault_word": locks.fault_word,
        "proof_locked": tuple(p.tight is not p.proof_wrong for p in locks.points),
    }


def shuttle_values(world: World) -> Values:
    """Shuttle: both slots."""
    shuttle, plant = world.shuttle, world.plant
    return {
        "out_mm": shuttle.mm(Slot.OUT),
        "out_moving": shuttle.slots[Slot.OUT].moving,
        "out_at_under": shuttle.at(Slot.OUT, plant.under_mm),
        "out_at_store": shuttle.at(Slot.OUT, plant.store_mm),
        "out_present": OUT in world.packs.at,
        "in_mm": shuttle.mm(Slot.IN),
        "in_moving": shuttle.slots[Slot.IN].moving,
        "in_at_buffer": shuttle.at(Slot.IN, plant.buffer_mm),
        "in_at_under": shuttle.at(Slot.IN, plant.under_mm),
        "in_present": IN in world.packs.at,
        "fault_word": shuttle.fault_word,
    }


def stacker_values(world: World) -> Values:
    """Stacker: level and fork."""
    stacker = world.stacker
    return {
        "level_mm": stacker.level.mm,
        "moving": stacker.moving,
        "at_level": stacker.at_level,
        "fork_mm": stacker.fork.mm,
        "fork_home": stacker.fork_home and not stacker.fork.moving,
        "present": FORK in world.packs.at,
        "fault_word": stacker.fault_word,
    }


def platform_values(world: World) -> Values:
    """Platform: lane, clamps, rack, and the outputs read back."""
    platform = world.platform
    car = world.cars.lane
    values: Values = {
        "lane_clear": car is None,
        "grooves": (world.cars.parked is not None,) * GROOVES,
        "rods_home": platform.is_home(Actuator.RODS),
        "rods_centred": platform.is_out(Actuator.RODS),
        "pins_retracted": platform.is_home(Actuator.PINS),
        "pins_engaged": platform.is_out(Actuator.PINS),
        "pins_raised": platform.is_out(Actuator.PIN_LIFT),
        "wheels_on_floor": platform.is_home(Actuator.PIN_LIFT),
        "shutter_open": platform.is_out(Actuator.SHUTTER),
        "shutter_closed": platform.is_home(Actuator.SHUTTER),
        "lane_gate_open": platform.is_out(Actuator.LANE_GATE),
        "lane_gate_closed": platform.is_home(Actuator.LANE_GATE),
        "buffer_present": world.buffer_pack is not None,
        "store_present": world.store_pack is not None,
        "isolation_present": ISOLATION in world.packs.at,
        "bay_present": tuple(bay(k) in world.packs.at for k in range(1, world.plant.bays + 1)),
    }
    for actuator, cylinder in platform.cylinders.items():
        values[f"{OUTPUT}{actuator}_out"] = cylinder.out
        values[f"{OUTPUT}{actuator}_home"] = cylinder.home
    return values


def safety_values(world: World) -> Values:
    """Safety PLC: its inputs, its latch, its release."""
    safety = world.safety
    return {
        "estop_ok": not safety.estop_pressed,
        "gate_closed": not safety.guard_gate_open,
        "curtain_clear": not safety.curtain_broken,
        "cell_clear": not safety.person_in_cell,
        "smoke_clear": not safety.smoke,
        "chain_ok": safety.chain_ok,
        "drives_enabled": safety.drives_enabled,
        "reset_pressed": safety.reset_pressed,
        "maintenance_key": safety.maintenance_key,
    }


VIEWS: Final[dict[str, View]] = {
    "lift": View(lift_values, lambda w: (w.lift,)),
    "lock-set": View(lock_values, lambda w: (w.locks,)),
    "shuttle": View(shuttle_values, lambda w: (w.shuttle,)),
    "stacker": View(stacker_values, lambda w: (w.stacker,)),
    "platform": View(platform_values, lambda w: (w.platform,)),
    "safety-plc": View(safety_values, lambda _w: ()),
    **STATION_VIEWS,
}
"""Device kind -> its view."""
