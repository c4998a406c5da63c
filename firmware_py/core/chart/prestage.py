"""Step 0: bring the reserved pack to the buffer, choose another, take an unused one back."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.rows import Link, Row, Watch
from firmware_py.core.chart.stacker import carry
from firmware_py.core.chart.ways import OTHER_STAGED
from firmware_py.core.faults import FaultCode as F

PRE_STAGE: Final = (
    *carry(
        "0",
        0,
        "Pre-stage the reserved pack",
        when.bay_of_new,
        when.buffer,
        beside=True,
        then=(
            Link("0.5", when.pack_ready),
            Link("putback.1", when.given_up_no_car),
            Link("11.return", when.given_up_car_waits),
        ),
    ),
    Row(
        name="0.5",
        step=0,
        title="Check the pack at the buffer",
        limit="decide",
        limit_fault=F.PACK_SERIAL_MISMATCH,
        limit_device="buffer",
        limit_cases=(w.BUFFER_MAY_GO, Watch(c.buffer_is_reserved, F.PACK_SERIAL_MISMATCH, "buffer"), w.CODE_READ),
        done=c.every(c.buffer_is_reserved, c.buffer_may_go, c.code_is_reserved),
        then=(
            Link("0.6", when.pack_ready),
            Link("putback.1", when.given_up_no_car),
            Link("11.return", when.given_up_car_waits),
        ),
        exit=None,
        beside=True,
        routes=OTHER_STAGED,
    ),
    Row(
        name="0.6",
        step=0,
        title="The pack waits at the buffer",
        limit="wait",
        limit_fault=F.CAR_NOT_IN_PLACE,
        limit_device="lane",
        watches=(w.PLATFORM_SEEN, w.BUFFER_SAME, w.BUFFER_GOOD),
        done=c.wanted_or_given_up,
        then=(
            Link("12", when.pack_ready_car_waits),
            Link("putback.1", when.given_up_no_car),
            Link("11.return", when.given_up_car_waits),
        ),
        exit=("0.6",),
        beside=True,
        routes=OTHER_STAGED,
    ),
    Row(
        name="0.choose",
        step=0,
        title="Choose another pack",
        done=c.always,
        limit="decide",
        limit_fault=F.NO_ELIGIBLE_PACK,
        limit_device="rack",
        exit=None,
        beside=True,
        update=when.choose_other_pack,
        then=(
            Link("other.1", when.pack_ready),
            Link("11.return", when.given_up_car_waits),
            Link("putback.1", when.given_up_no_car),
        ),
    ),
    *carry(
        "other",
        0,
        "Return the rejected pack",
        when.buffer,
        when.bay_for_rejected,
        beside=True,
        then=(Link("0.1"), Link("0.coolant")),
    ),
    *carry(
        "putback", 0, "Return the unused pack", when.buffer, when.bay_of_new, beside=True, then=(Link("mate.power"),)
    ),
)
