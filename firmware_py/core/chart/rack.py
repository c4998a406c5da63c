"""Behind the lane: the old pack goes to the rack, the slots go home."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.connectors import CONNECTORS, MATE
from firmware_py.core.chart.rows import Link, Row
from firmware_py.core.chart.stacker import carry
from firmware_py.core.faults import FaultCode as F
from hal.commands import Slot

RACK: Final = (
    *carry(
        "store", 11, "Store the old pack", when.store, when.place_of_old, after_pick=(Link("home.out"),), then=(MATE,)
    ),
    *carry("isolate", 0, "Bring the pack to isolation", when.bay_of_new, when.isolation),
    *CONNECTORS,
    Row(
        name="home.in",
        step=12,
        title="New pack's slot goes home",
        limit="12",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        moves=("shuttle",),
        watches=(w.SHUTTLE_SEEN, w.PLATFORM_SEEN),
        start=c.flag("shuttle", "in_present", wanted=False),
        command=m.slot_to(Slot.IN, "buffer"),
        done=c.in_slot_at("buffer", "in_at_buffer"),
        then=(Link("store.1"), Link("home.out")),
        exit=None,
    ),
    Row(
        name="home.out",
        step=11,
        title="Old pack's slot goes home",
        limit="11",
        limit_fault=F.SHUTTLE_JAMMED,
        limit_device="shuttle",
        needs=("home.in", "store.2"),
        moves=("shuttle",),
        watches=(w.SHUTTLE_SEEN, w.PLATFORM_SEEN, w.SLOTS_APART),
        start=c.flag("shuttle", "out_present", wanted=False),
        command=m.slot_to(Slot.OUT, "under"),
        done=c.out_slot_at("under", "out_at_under"),
        exit=None,
    ),
)
