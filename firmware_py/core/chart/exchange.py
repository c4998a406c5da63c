"""Steps 11 and 12: old pack out and new pack in at the same time; and the way back."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.rows import Link, Row
from firmware_py.core.chart.ways import OTHER_PACK, REINSTALL
from firmware_py.core.faults import FaultCode as F
from hal.commands import Slot

OUT_MAY_GO: Final = c.every(
    c.lift_at("transfer", "at_transfer"),
    c.out_slot_at("under", "out_at_under"),
    c.flag("shuttle", "out_present"),
    c.flag("platform", "store_present", wanted=False),
    c.flag("stacker", "fork_home"),
)


def way_is_free(v: c.View) -> c.Miss | None:
    """The other slot is at the store, or is seen to go there: nothing follows one that stands in the way."""
    if c.out_slot_at("store", "out_at_store")(v) is None:
        return None
    return c.every(c.flag("shuttle", "out_moving"), c.flag("shuttle", "out_present"))(v)


def may_leave_the_buffer(v: c.View) -> c.Miss | None:
    """A pack that still stands at the buffer has said all that is asked for: after a hold too, it is looked at anew."""
    return c.buffer_may_go(v) if c.in_slot_at("buffer", "in_at_buffer")(v) is None else None


EXCHANGE: Final = (
    Row(
        name="11",
        step=11,
        title="Move the old pack out",
        limit="11",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        start=OUT_MAY_GO,
        patience="stacker",
        moves=("shuttle",),
        watches=(*w.HELD_CAR, w.SHUTTLE_SEEN),  # it only leaves: the slot behind it keeps the distance
        command=m.slot_to(Slot.OUT, "store"),
        done=c.every(c.out_slot_at("store", "out_at_store"), c.flag("platform", "store_present")),
        then=(Link("13"), Link("12.other", when.pack_ready), Link("11.return", when.given_up_car_waits)),
        exit=REINSTALL,
    ),
    Row(
        name="12",
        step=12,
        title="Move the new pack in",
        limit="12",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        start=c.every(
            c.buffer_is_reserved,
            c.buffer_may_go,
            c.flag("shuttle", "in_present"),
            c.in_slot_at("buffer", "in_at_buffer"),
            c.lift_at("transfer", "at_transfer"),
        ),
        clear=c.every(way_is_free, may_leave_the_buffer),
        guard_cases=(w.BUFFER_MAY_GO,),
        patience="stacker",
        moves=("shuttle",),
        watches=(
            w.BUFFER_SAME,
            w.BUFFER_GOOD,
            *w.HELD_CAR,
            w.SHUTTLE_SEEN,
            w.SLOTS_APART,
        ),
        command=m.slot_to(Slot.IN, "under"),
        done=c.every(
            c.in_slot_at("under", "in_at_under"),
            c.flag("shuttle", "in_present"),
            c.flag("platform", "buffer_present", wanted=False),
        ),
        then=(Link("13"),),
        exit=REINSTALL,
        routes=OTHER_PACK,
    ),
    Row(
        name="12.return",
        step=12,
        title="Move the new pack back to the buffer",
        limit="12",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        moves=("shuttle",),
        watches=(*w.HELD_CAR, w.SHUTTLE_SEEN),
        start=c.lift_at("transfer", "at_transfer"),
        command=m.slot_to(Slot.IN, "buffer"),
        done=c.every(c.in_slot_at("buffer", "in_at_buffer"), c.flag("platform", "buffer_present")),
        then=(Link("12.other", when.pack_ready), Link("11.return", when.given_up)),
        exit=("12.return",),
    ),
    Row(
        name="12.other",
        step=12,
        title="Both slots stand: the pack may be exchanged for another",
        limit="decide",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        needs=("11", "12.return"),
        done=c.every(c.in_slot_at("buffer", "in_at_buffer"), c.out_slot_at("store", "out_at_store")),
        then=(Link("0.choose"),),
        exit=None,
    ),
    Row(
        name="11.return",
        step=11,
        title="Bring the old pack back under the car",
        limit="11",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        needs=("11", "12.return"),
        moves=("shuttle",),
        watches=(*w.HELD_CAR, w.SHUTTLE_SEEN, w.SLOTS_APART),
        start=c.every(c.in_slot_at("buffer", "in_at_buffer"), c.lift_at("transfer", "at_transfer")),
        command=m.slot_to(Slot.OUT, "under"),
        done=c.every(c.out_slot_at("under", "out_at_under"), c.flag("shuttle", "out_present")),
        then=(Link("13.old"),),
        exit=None,
        update=when.keep_old,
    ),
)
