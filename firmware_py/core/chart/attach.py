"""Steps 13 to 15: raise, lock, prove by a second channel; reject a pack and put the old one back."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.evidence import lock_evidence
from firmware_py.core.chart.rows import Link, Route, Row, Watch
from firmware_py.core.chart.ways import AFTER_PROOF, HOLD
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction as R
from firmware_py.core.packml import StablePlace as S
from hal.readings import LockState


def _raise_row(
    name: str,
    title: str,
    needs: tuple[str, ...],
    slot: c.Check,
    then: str,
    way_out: tuple[str, ...] | None,
    seat: Route,
) -> Row:
    return Row(
        name=name,
        step=13,
        title=title,
        limit="13",
        limit_fault=F.LIFT_STALLED,
        limit_device="lift",
        needs=needs,
        start=c.every(slot, c.lift_at("transfer", "at_transfer"), w.SEAT_CLEAR.check),
        guard_cases=(w.SEAT_CLEAR,),
        moves=("lift",),
        watches=(*w.HELD_CAR, *w.LIFT, w.LOCKS_SEEN, w.ALL_FREE, w.NOT_OVERLOADED),
        command=m.lift_to("support", "raise"),
        done=c.every(c.lift_at("support", "at_seat"), c.all_of("lift", "pack_seated"), c.supported),
        then=(Link(then),),
        exit=way_out,
        limit_cases=(
            Watch(c.lift_near("support"), F.LIFT_STALLED, "lift"),
            Watch(c.all_of("lift", "pack_seated"), F.PACK_NOT_SEATED, "lift"),
            w.NOT_HEAVIER,
            w.SUPPORTED,
        ),
        routes={F.MASS_TOO_HIGH: seat, F.PACK_NOT_SEATED: seat, F.MASS_TOO_LOW: HOLD},
    )


def _lock_row(name: str, title: str, retry_via: str, then: str, bad: Route) -> Row:
    return Row(
        name=name,
        step=14,
        title=title,
        limit="14",
        limit_fault=F.LOCK_FAILED_LOCK,
        limit_device="locks",
        start=c.every(c.all_of("lift", "pack_seated"), c.supported),
        moves=("locks",),
        watches=(*w.HELD_CAR, *w.LIFT, w.LOCKS_SEEN, w.SUPPORTED, w.LOCK_RUNS),
        command=m.lock_all,
        done=c.every(c.locks_are(LockState.LOCKED), c.torque_and_angle),
        evidence=lock_evidence("lock"),
        then=(Link(then),),
        exit=bad.to or None,
        resume=retry_via,
        routes={F.LOCK_FAILED_LOCK: Route(bad.reaction, to=bad.to, retries="14", via=retry_via, fails=bad.fails)},
    )


def _back_off_row(name: str, again: str) -> Row:
    return Row(
        name=name,
        step=14,
        title="Back off the failed points",
        limit="8",
        limit_fault=F.LOCK_FAILED_UNLOCK,
        limit_device="locks",
        moves=("locks",),
        watches=(*w.HELD_CAR, *w.LIFT, w.LOCKS_SEEN, w.SUPPORTED),
        start=c.tools_stand,
        command=m.back_off_failed,
        done=c.locks_settled,
        then=(Link(again),),
        exit=("14.unlock",),
        routes={F.LOCK_FAILED_UNLOCK: HOLD},
    )


_REJECT: Final = Route(R.BACK_OUT, to=("14.unlock",), fails=False)

ATTACH: Final = (
    _raise_row(
        "13",
        "Raise the new pack",
        ("11", "12"),
        c.every(c.in_slot_at("under", "in_at_under"), c.flag("shuttle", "in_present")),
        "14",
        ("14.lower",),
        Route(R.BACK_OUT, to=("14.lower",), fails=False),
    ),
    _raise_row(
        "13.old",
        "Raise the old pack",
        ("11.return",),
        c.every(c.out_slot_at("under", "out_at_under"), c.flag("shuttle", "out_present")),
        "14.old",
        None,
        HOLD,
    ),
    _lock_row("14", "Lock all points", "14.back-off", "15", _REJECT),
    _lock_row("14.old", "Lock the old pack", "14.old-back-off", "15", HOLD),
    _back_off_row("14.back-off", "14"),
    _back_off_row("14.old-back-off", "14.old"),
    Row(
        name="14.unlock",
        step=14,
        title="Free the rejected pack",
        limit="8",
        limit_fault=F.LOCK_FAILED_UNLOCK,
        limit_device="locks",
        moves=("locks",),
        watches=(*w.HELD_CAR, *w.LIFT, w.LOCKS_SEEN, w.SUPPORTED),
        start=c.tools_stand,
        command=m.unlock_all,
        done=c.every(c.locks_are(LockState.FREE), c.none_of("locks", "proof_locked")),
        then=(Link("14.lower"),),
        exit=None,
        routes={F.LOCK_FAILED_UNLOCK: HOLD},
    ),
    Row(
        name="14.lower",
        step=14,
        title="Lower the rejected pack",
        limit="10",
        limit_fault=F.LIFT_STALLED,
        limit_device="lift",
        moves=("lift",),
        watches=(*w.HELD_CAR, *w.LIFT, w.LOCKS_SEEN, w.ALL_FREE, w.LOAD_KEPT),
        command=m.lift_to("transfer", "back_out"),
        done=c.every(
            c.lift_at("transfer", "at_transfer"), c.flag("shuttle", "in_present"), c.load_at_most("empty_max_kg")
        ),
        then=(Link("12.return"),),
        exit=("14.lower",),
        routes={F.PACK_HANGS: HOLD},
        place=S.S2,
    ),
    Row(
        name="15",
        step=15,
        title="Prove the locks by a second channel",
        limit="15",
        limit_fault=F.LOCK_PROOF_DISAGREES,
        limit_device="locks",
        moves=("lift",),
        watches=(*w.HELD_CAR, *w.LIFT, w.OLD_LOCKED, w.PROOF_AGREES),
        command=m.lift_to("dock", "relax"),
        done=c.every(
            c.lift_at("dock", "at_seat"),
            c.load_at_most("touch_max_kg"),
            c.all_of("lift", "pack_seated"),
            c.locks_are(LockState.LOCKED),
            c.all_of("locks", "proof_locked"),
            c.flag("car", "pack_latched"),
        ),
        evidence=lock_evidence("proof"),
        place=S.S3,
        then=AFTER_PROOF,
        exit=None,
        routes={F.LOCK_PROOF_DISAGREES: HOLD, F.LOCK_UNEXPECTED_OPEN: HOLD},
    ),
)
