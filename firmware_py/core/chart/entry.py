"""Steps 1 to 5: admit the car, position, handshake, centre, pins and partial lift, shutter."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.evidence import pack_evidence
from firmware_py.core.chart.rows import Link, Route, Row, Watch
from firmware_py.core.chart.ways import DOOR_ABORT, REFUSE, TAIL
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction as R
from firmware_py.core.packml import StablePlace as S
from hal.commands import Actuator as A
from hal.commands import CarMode

ENTRY: Final = (
    Row(
        name="1",
        step=1,
        title="Admit the car",
        limit="1",
        limit_fault=F.CAR_NOT_IN_PLACE,
        limit_device="lane",
        start=c.every(
            c.flag("platform", "lane_clear"),
            c.flag("platform", "shutter_closed"),
            c.flag("platform", "rods_home"),
            c.flag("platform", "pins_retracted"),
            c.lift_at("home", "at_home"),
            c.out_slot_at("under", "out_at_under"),
            c.in_slot_at("buffer", "in_at_buffer"),
            c.flag("shuttle", "out_present", wanted=False),
        ),
        moves=("lane_gate",),
        watches=(w.PLATFORM_SEEN,),
        command=m.both(m.ask_car(CarMode.NONE), m.drive((A.LANE_GATE, True))),
        done=c.every(c.all_of("platform", "grooves"), c.flag("platform", "lane_clear", wanted=False)),
        then=(Link("2"),),
        exit=REFUSE,
    ),
    Row(
        name="2",
        step=2,
        title="Check the position",
        limit="2",
        limit_fault=F.CAR_NOT_IN_PLACE,
        limit_device="lane",
        moves=("lane_gate",),
        watches=(w.PLATFORM_SEEN,),
        command=m.drive((A.LANE_GATE, False)),
        done=c.every(
            c.all_of("platform", "grooves"),
            c.flag("car", "standing"),
            c.flag("platform", "lane_gate_closed"),
            c.flag("platform", "lane_gate_open", wanted=False),
        ),
        dwell="2",
        then=(Link("3"),),
        exit=REFUSE,
    ),
    Row(
        name="3",
        step=3,
        title="Handshake with the car",
        limit="3",
        limit_fault=F.CAR_NOT_READY,
        limit_device="car",
        watches=(w.PLATFORM_SEEN, w.VIN_SAME, Watch(w.DOORS.check, F.DOOR_OPEN, "car", while_running_only=True)),
        limit_cases=(
            Watch(c.known("car", "vin", "in_park"), F.LINK_LOST, "car"),
            Watch(c.dc_link_low, F.HV_NOT_OFF, "car"),
        ),
        command=m.ask_car(CarMode.SWAP),
        done=c.every(
            c.vin_is_ordered,
            c.flag("car", "swap_mode"),
            w.PARKED.check,
            w.DOORS.check,
            c.dc_link_low,
            c.known("car_pack", "serial"),
        ),
        evidence=pack_evidence("car_pack", "returned"),
        update=when.note_old_pack,
        place=S.S1,
        then=(Link("4"),),
        exit=REFUSE,
        routes={
            code: Route(R.ABORT, to=REFUSE)
            for code in (F.VIN_MISMATCH, F.DOOR_OPEN, F.LINK_LOST, F.HV_NOT_OFF, F.CAR_NOT_READY)
        },
    ),
    Row(
        name="4",
        step=4,
        title="Centre the car",
        limit="4",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="rods",
        start=c.flag("platform", "rods_home"),
        moves=("rods",),
        watches=w.PARKED_CAR,
        command=m.drive((A.RODS, True)),
        done=c.every(c.flag("platform", "rods_centred"), c.flag("platform", "rods_home", wanted=False)),
        then=(Link("5.pins"), Link("5.shutter")),
        exit=TAIL,
        routes={**DOOR_ABORT, F.CLAMP_NOT_REACHED: Route(R.ABORT, to=TAIL, retries="4", via="4.free")},
    ),
    Row(
        name="4.free",
        step=4,
        title="Free the wheels",
        limit="4",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="rods",
        moves=("rods",),
        watches=w.PARKED_CAR,
        command=m.drive((A.RODS, False)),
        done=c.every(c.flag("platform", "rods_home"), c.flag("platform", "rods_centred", wanted=False)),
        then=(Link("4"),),
        exit=TAIL,
        routes=DOOR_ABORT,
    ),
    Row(
        name="5.pins",
        step=5,
        title="Engage the body pins",
        limit="5",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="pins",
        start=c.flag("platform", "pins_retracted"),
        moves=("pins",),
        watches=w.PARKED_CAR,
        command=m.drive((A.PINS, True)),
        done=c.every(c.flag("platform", "pins_engaged"), c.flag("platform", "pins_retracted", wanted=False)),
        then=(Link("5.lift"),),
        exit=TAIL,
        routes=DOOR_ABORT,
    ),
    Row(
        name="5.lift",
        step=5,
        title="Lift the body partly",
        limit="5",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="pin_lift",
        start=c.flag("platform", "wheels_on_floor"),
        moves=("pin_lift",),
        watches=w.PARKED_CAR,
        command=m.drive((A.PIN_LIFT, True)),
        done=c.every(c.flag("platform", "pins_raised"), c.flag("platform", "wheels_on_floor", wanted=False)),
        then=(Link("6"),),
        exit=TAIL,
        routes=DOOR_ABORT,
    ),
    Row(
        name="5.shutter",
        step=5,
        title="Open the shutter",
        limit="5",
        limit_fault=F.SHUTTER_NOT_REACHED,
        limit_device="shutter",
        start=c.flag("platform", "shutter_closed"),
        moves=("shutter",),
        watches=w.PARKED_CAR,
        command=m.drive((A.SHUTTER, True)),
        done=c.every(c.flag("platform", "shutter_open"), c.flag("platform", "shutter_closed", wanted=False)),
        then=(Link("6"),),
        exit=TAIL,
        routes=DOOR_ABORT,
    ),
)
