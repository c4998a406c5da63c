"""The ways out of the chart, shared by its rows."""

from typing import Final

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
_BAD_PACK: Final = (F.PACK_SERIAL_MISMATCH, F.PACK_NOT_ELIGIBLE)
OTHER_STAGED: Final = {code: Route(R.BACK_OUT, to=("0.choose",), fails=False) for code in (*_BAD_PACK, F.LINK_LOST)}
"""The pack at the buffer is not the reserved one, not good any more, or does not speak: another one is staged."""
OTHER_PACK: Final = {code: Route(R.BACK_OUT, to=("12.return",), fails=False) for code in _BAD_PACK}
"""The same while the car waits: its slot is brought to the buffer first, wherever it stands."""
DOOR_ABORT: Final = {F.DOOR_OPEN: Route(R.ABORT, to=TAIL)}
"""A door opened before the first unlock ends the order; the car leaves with its own pack."""
AFTER_PROOF: Final = (Link("16"), Link("17"))
