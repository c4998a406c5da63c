"""The ways out of the chart, shared by its rows."""

from typing import Final

from firmware_py.core.chart import conditions as when
from firmware_py.core.chart.rows import Link, Route
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction as R

TAIL: Final = ("16", "17")
"""The proven way out while a pack is locked to the car: head home, car awake, then lower and release."""
REFUSE: Final = ("19.refuse",)
"""Before anything was clamped: let the car go."""
RELOCK: Final = ("8.relock",)
"""The pack is still seated: lock every point again and prove it."""
REINSTALL: Final = ("12.return",)
"""The car has no pack: bring the old one back."""
HOLD: Final = Route(R.HOLD)
OTHER_PACK: Final = {F.PACK_SERIAL_MISMATCH: Route(R.BACK_OUT, to=("0.choose",), fails=False)}
DOOR_ABORT: Final = {F.DOOR_OPEN: Route(R.ABORT, to=TAIL)}
"""A door opened before the first unlock ends the order; the car leaves with its own pack."""
AFTER_PROOF: Final = (
    Link("16"),
    Link("17"),
    Link("putback.1", when.old_stays),
)
