"""The last gate: what is sealed before it opens."""

from dataclasses import replace

import pytest

from firmware_py.core.effects import Note
from firmware_py.core.events import Scan
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.state import Active, State
from hal.readings import LockState
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import notes, sequencer


@pytest.mark.parametrize("gate_open", [False, True])
def test_nothing_is_sealed_after_a_hold_that_is_not_so_any_more(gate_open: bool) -> None:
    """A lock point works loose while the swap is held before its last gate; resume finds the row begun."""
    loose = replace(s.RELEASED, locks=replace(s.RELEASED.locks, state=(LockState.FREE, *s.RELEASED.locks.state[1:])))
    image = s.put(loose, platform__lane_gate_open=gate_open, platform__lane_gate_closed=not gate_open)
    waiting = State(PackML.EXECUTE, StablePlace.S3, (Active("19.gate", resumed=True),), s.SWAP)
    _, effects = sequencer().step(waiting, image, Scan())
    assert notes(effects, Note.SWAP_SEALED) == []
