"""The watches of the rows: what must hold while something moves, and the fault it is when it does not."""

from firmware_py.core.chart.rows import Watch
from firmware_py.core.checks import (
    all_of,
    buffer_may_go,
    buffer_not_bad,
    buffer_not_other,
    code_is_reserved,
    columns_in_step,
    dc_link_low,
    every,
    flag,
    head_clear_of_shutter,
    known,
    lift_healthy,
    load_at_most,
    load_not_lost,
    locks_are,
    no_lock_failed,
    not_heavier,
    order_stands,
    slots_apart,
    supported,
    vin_not_other,
)
from firmware_py.core.faults import FaultCode as F
from hal.readings import LockState

LIFT_SEEN = Watch(known("lift", "position_mm", "speed_mm_s", "load_kg", "at_seat"), F.LINK_LOST, "lift")
LIFT_OK = Watch(lift_healthy, F.LIFT_DRIVE_FAULT, "lift")
LOCKS_SEEN = Watch(known("locks", "state", "proof_locked"), F.LINK_LOST, "locks")
SHUTTLE_SEEN = Watch(known("shuttle", "out_mm", "in_mm", "out_present", "in_present"), F.LINK_LOST, "shuttle")
STACKER_SEEN = Watch(known("stacker", "level_mm", "fork_home", "present"), F.LINK_LOST, "stacker")
PLATFORM_SEEN = Watch(known("platform", "lane_clear", "bay_present"), F.LINK_LOST, "platform")
RACK_SEEN = Watch(known("rack", "power_home", "coolant_home"), F.LINK_LOST, "rack")
CAR_SEEN = Watch(known("car", "in_park", "doors_closed"), F.LINK_LOST, "car")

DOORS = Watch(flag("car", "doors_closed"), F.DOOR_OPEN, "car")
PARKED = Watch(
    every(flag("car", "in_park"), flag("car", "brake_held"), flag("car", "standing")), F.CAR_NOT_PARKED, "car"
)
HV_OFF = Watch(dc_link_low, F.HV_NOT_OFF, "car")
CLAMPED = Watch(every(flag("platform", "pins_raised"), flag("platform", "rods_centred")), F.CAR_NOT_HELD, "platform")
SHUTTER_CLEAR = Watch(head_clear_of_shutter, F.SHUTTER_NOT_REACHED, "platform")
SHUTTER_OPEN = Watch(flag("platform", "shutter_open"), F.SHUTTER_NOT_REACHED, "platform")
VIN_SAME = Watch(vin_not_other, F.VIN_MISMATCH, "car")

OLD_LOCKED = Watch(locks_are(LockState.LOCKED), F.LOCK_UNEXPECTED_OPEN, "locks")
PROOF_AGREES = Watch(all_of("locks", "proof_locked"), F.LOCK_PROOF_DISAGREES, "locks")
ALL_FREE = Watch(locks_are(LockState.FREE), F.LOCK_PROOF_DISAGREES, "locks")
UNLOCK_RUNS = Watch(no_lock_failed, F.LOCK_FAILED_UNLOCK, "locks", while_running_only=True)
LOCK_RUNS = Watch(no_lock_failed, F.LOCK_FAILED_LOCK, "locks", while_running_only=True)
LOAD_KEPT = Watch(load_not_lost, F.PACK_HANGS, "lift")
NOT_OVERLOADED = Watch(load_at_most("mass_max_kg"), F.MASS_TOO_HIGH, "lift")
NOT_HEAVIER = Watch(not_heavier, F.MASS_TOO_HIGH, "lift")
SUPPORTED = Watch(supported, F.MASS_TOO_LOW, "lift")
BUFFER_SAME = Watch(buffer_not_other, F.PACK_SERIAL_MISMATCH, "buffer")
BUFFER_MAY_GO = Watch(buffer_may_go, F.PACK_NOT_ELIGIBLE, "buffer")
BUFFER_GOOD = Watch(buffer_not_bad, F.PACK_NOT_ELIGIBLE, "buffer")
SLOTS_APART = Watch(slots_apart, F.SHUTTLE_JAMMED, "shuttle")
ORDER_STANDS = Watch(order_stands, F.NO_ELIGIBLE_PACK, "rack")
IN_STEP = Watch(columns_in_step, F.COLUMNS_OUT_OF_STEP, "hoist")
CAUGHT = Watch(flag("hoist", "catch_engaged"), F.CATCH_NOT_ENGAGED, "hoist")
NO_OVERLOAD = Watch(flag("hoist", "overloaded", wanted=False), F.HOIST_OVERLOADED, "hoist")
SEAT_CLEAR = Watch(flag("vision", "seat_clear"), F.SEAT_NOT_CLEAR, "vision")
CODE_READ = Watch(code_is_reserved, F.PACK_SERIAL_MISMATCH, "scanner")

HELD_CAR = (PLATFORM_SEEN, CAR_SEEN, DOORS, PARKED, HV_OFF, CLAMPED, CAUGHT)
"""From the partial lift to the lock proof: the car is in P, doors closed, high voltage off, clamped."""
PARKED_CAR = (PLATFORM_SEEN, CAR_SEEN, VIN_SAME, DOORS, PARKED, HV_OFF)
LIFT = (LIFT_SEEN, LIFT_OK, SHUTTER_OPEN)
