"""The ways out of the chart, shared by its rows."""

from typing import Final

from firmware_py.core.chart.rows import Link, Route, Routes
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction as R

UNTOUCHED: Final = ("16", "17.wake")
"""The way out before the first unlock: head home, then lower and release. Its pack never came off: no new proof."""
REFUSE: Final = ("19.refuse",)
"""Before anything was clamped: let the car go."""
RELOCK: Final = ("8.relock",)
"""The pack is still seated: lock every point again and prove it."""
REINSTALL: Final = ("12.return",)
"""The car has no pack: bring the old one back."""
HOLD: Final = Route(R.HOLD)
_BAD_PACK: Final = (F.PACK_SERIAL_MISMATCH, F.PACK_NOT_ELIGIBLE)
_CHOOSE: Final = Route(R.BACK_OUT, to=("0.choose",), fails=False)
OTHER_STAGED: Final[Routes] = dict.fromkeys((*_BAD_PACK, (F.LINK_LOST, "buffer"), (F.LINK_LOST, "scanner")), _CHOOSE)
"""The pack at the buffer is not the reserved one, not good any more, or does not speak: another one is staged."""
OTHER_PACK: Final[Routes] = {code: Route(R.BACK_OUT, to=("12.return",), fails=False) for code in _BAD_PACK}
"""The same while the car waits: its slot is brought to the buffer first, wherever it stands."""
_GO: Final = Route(R.ABORT, to=UNTOUCHED)
BEFORE_UNLOCK: Final[Routes] = {
    F.DOOR_OPEN: _GO,
    F.CAR_NOT_PARKED: _GO,
    F.HV_NOT_OFF: _GO,
    (F.LINK_LOST, "car"): _GO,
}
"""A door, P, high voltage or the link lost before the first unlock: the car leaves with its own pack."""
AFTER_PROOF: Final = (Link("16"), Link("17"))
ANOTHER: Final = Route(R.BACK_OUT, to=("17.choose",), retries="17", via="17", fails=False)
"""The car rejects the pack that was put in: it is woken once more, then another pack is tried."""
