"""Steps 16 to 19: retract, self-check, lower, release the car."""

from dataclasses import replace
from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.evidence import pack_evidence
from firmware_py.core.chart.rows import Cause, Link, Row, Watch
from firmware_py.core.chart.ways import ANOTHER, HOLD
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.packml import StablePlace as S
from hal.commands import Actuator as A
from hal.commands import CarMode
from hal.readings import LockState


def _open_gate(name: str, title: str, start: c.Check, *watches: Watch) -> Row:
    return Row(
        name=name,
        step=19,
        title=title,
        limit="1",
        limit_fault=F.SHUTTER_NOT_REACHED,
        limit_device="lane_gate",
        seals=True,
        start=start,
        moves=("lane_gate",),
        watches=(w.PLATFORM_SEEN, *watches),
        command=m.drive((A.LANE_GATE, True)),
        done=c.every(c.flag("platform", "lane_gate_open"), c.flag("platform", "lane_gate_closed", wanted=False)),
        then=(Link("19"),),
        exit=None,
    )


_REJECTS: Final[tuple[Cause, ...]] = (
    F.SELF_CHECK_FAILED,
    F.CAR_PACK_SILENT,
    F.CAR_PACK_MISMATCH,
    F.HVIL_OPEN,
    F.INSULATION_LOW,
    F.CAR_TROUBLE_CODE,
    (F.LINK_LOST, "car"),
)


_CAR_SAYS: Final = (
    Watch(c.car_hears_pack, F.CAR_PACK_SILENT, "car"),
    Watch(c.car_sees_pack, F.CAR_PACK_MISMATCH, "car"),
    Watch(c.flag("car", "hvil_closed"), F.HVIL_OPEN, "car"),
    Watch(c.flag("car", "insulation_ok"), F.INSULATION_LOW, "car"),
    Watch(c.no_trouble_codes, F.CAR_TROUBLE_CODE, "car"),
)
"""Why a car does not take a pack: the first that does not hold names the fault, at its verdict or at the limit."""


def _connected(v: c.View) -> c.Miss | None:
    """The stored pack's bay is wholly connected: its rows name the bay by the swap, which is about to name another."""
    return c.is_passed("mate.coolant")(v) if when.to_a_bay(v) else None


RELEASE: Final = (
    Row(
        name="16",
        step=16,
        title="Retract the head",
        limit="16",
        limit_fault=F.LIFT_STALLED,
        limit_device="lift",
        moves=("lift",),
        watches=(w.PLATFORM_SEEN, w.LIFT_SEEN, w.LIFT_OK, w.SHUTTER_CLEAR, w.LOCKS_SEEN, w.OLD_LOCKED),
        command=m.lift_to("home", "retract"),
        done=c.lift_at("home", "at_home"),
        then=(Link("16.shutter"), Link("home.in", when.new_installed), Link("putback.1", when.old_reinstalled)),
        exit=None,
    ),
    Row(
        name="16.shutter",
        step=16,
        title="Close the shutter",
        limit="16",
        limit_fault=F.SHUTTER_NOT_REACHED,
        limit_device="shutter",
        start=c.lift_at("home", "at_home"),
        moves=("shutter",),
        watches=(w.PLATFORM_SEEN,),
        command=m.drive((A.SHUTTER, False)),
        done=c.every(c.flag("platform", "shutter_closed"), c.flag("platform", "shutter_open", wanted=False)),
        then=(Link("18.lower"),),
        exit=None,
    ),
    Row(
        name="17",
        step=17,
        title="Wake the car, self-check",
        limit="17",
        limit_fault=F.SELF_CHECK_FAILED,
        limit_device="car",
        watches=(
            w.CAR_SEEN,
            *(replace(s, check=c.why_check_failed(s.check), while_running_only=True) for s in _CAR_SAYS),
            Watch(c.self_check_not_failed, F.SELF_CHECK_FAILED, "car", while_running_only=True),
        ),
        limit_cases=(
            Watch(c.known("car", "self_check", "hvil_closed"), F.LINK_LOST, "car"),
            *_CAR_SAYS,
        ),
        command=m.both(m.ask_car(CarMode.NONE), m.ask_car(CarMode.WAKE)),
        anew=c.no_verdict_yet,
        under_way=c.self_check_runs,
        done=c.every(
            c.self_check_ok,
            c.car_sees_pack,
            c.flag("car", "hvil_closed"),
            c.flag("car", "pack_latched"),
            c.flag("car", "insulation_ok"),
            c.no_trouble_codes,
        ),
        evidence=pack_evidence("car_pack", "installed"),
        then=(Link("18.free"),),
        exit=None,
        routes=dict.fromkeys(_REJECTS, ANOTHER),
    ),
    Row(
        name="17.wake",
        step=17,
        title="Wake the car: its pack never came off",
        limit="decide",
        limit_fault=F.SELF_CHECK_FAILED,
        limit_device="car",
        command=m.both(m.ask_car(CarMode.NONE), m.ask_car(CarMode.WAKE)),
        done=c.pack_not_rejected,
        update=when.self_check_skipped,
        then=(Link("18.free"),),
        exit=None,
        routes={F.SELF_CHECK_FAILED: HOLD},
    ),
    Row(
        name="17.choose",
        step=17,
        title="The car rejects its pack: is there another one?",
        limit="decide",
        limit_fault=F.SELF_CHECK_FAILED,
        limit_device="car",
        done=c.another_pack,
        then=(Link("17.again"),),
        exit=None,
        resume="17",  # whoever mended the car has it wake again
        routes={F.SELF_CHECK_FAILED: HOLD},
    ),
    Row(
        name="17.again",
        step=17,
        title="Wait until the station is ready for another exchange",
        limit="stacker",
        limit_fault=F.START_POSE_WRONG,
        limit_device="station",
        watches=(w.PLATFORM_SEEN, w.LOCKS_SEEN, w.OLD_LOCKED),
        done=c.every(
            c.is_passed("store.4"),
            _connected,
            c.is_passed("home.out"),
            c.is_passed("18.lower"),
            c.lift_at("home", "at_home"),
            c.flag("platform", "shutter_closed"),
            c.flag("platform", "wheels_on_floor"),
            c.out_slot_at("under", "out_at_under"),
            c.in_slot_at("buffer", "in_at_buffer"),
        ),
        update=when.second_pack,
        then=(Link("0.1"), Link("0.coolant"), Link("3.again")),
        exit=None,
        routes={F.START_POSE_WRONG: HOLD},
    ),
    Row(
        name="18.lower",
        step=18,
        title="Lower the body",
        limit="18",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="pin_lift",
        moves=("pin_lift",),
        watches=(w.PLATFORM_SEEN, w.LOCKS_SEEN, w.OLD_LOCKED, w.IN_STEP),
        command=m.drive((A.PIN_LIFT, False)),
        done=c.every(c.flag("platform", "wheels_on_floor"), c.flag("platform", "pins_raised", wanted=False)),
        then=(Link("18.free"),),
        exit=None,
    ),
    Row(
        name="18.free",
        step=18,
        title="Release pins and rods",
        limit="18",
        limit_fault=F.CLAMP_NOT_REACHED,
        limit_device="pins",
        needs=("17", "18.lower"),
        moves=("pins", "rods"),
        watches=(w.PLATFORM_SEEN, w.LOCKS_SEEN, w.OLD_LOCKED),
        command=m.drive((A.PINS, False), (A.RODS, False)),
        done=c.every(
            c.flag("platform", "pins_retracted"),
            c.flag("platform", "pins_engaged", wanted=False),
            c.flag("platform", "rods_home"),
            c.flag("platform", "rods_centred", wanted=False),
        ),
        then=(Link("19.gate"),),
        exit=None,
    ),
    _open_gate(
        "19.gate",
        "Open the lane gate",
        c.every(c.locks_are(LockState.LOCKED), c.all_of("locks", "proof_locked"), c.flag("platform", "shutter_closed")),
        *(w.OLD_LOCKED, w.PROOF_AGREES),  # also after a hold: nothing is sealed that is not so any more
    ),
    replace(
        _open_gate("19.refuse", "Open the lane gate for a car with its own pack", c.flag("platform", "shutter_closed")),
        done=c.gate_holds_nobody,  # a gate that opens on an empty lane lets a car in that nobody expects
        update=when.keep_old,
    ),
    Row(
        name="19",
        step=19,
        title="Release the car",
        limit="19",
        limit_fault=F.CAR_DID_NOT_LEAVE,
        limit_device="lane",
        start=c.flag("platform", "lane_gate_open"),
        moves=("lane_gate",),
        watches=(w.PLATFORM_SEEN,),
        command=m.ask_car(CarMode.RELEASE),
        done=c.every(c.flag("platform", "lane_clear"), c.none_of("platform", "grooves")),
        place=S.S4,
        then=(Link("19.close"),),
        exit=None,
    ),
    Row(
        name="19.close",
        step=19,
        title="Close the lane gate",
        limit="1",
        limit_fault=F.SHUTTER_NOT_REACHED,
        limit_device="lane_gate",
        moves=("lane_gate",),
        watches=(w.PLATFORM_SEEN,),
        start=c.flag("platform", "lane_clear"),
        command=m.both(m.drive((A.LANE_GATE, False)), m.ask_car(CarMode.NONE)),
        done=c.every(c.flag("platform", "lane_gate_closed"), c.flag("platform", "lane_gate_open", wanted=False)),
        exit=None,
    ),
)
