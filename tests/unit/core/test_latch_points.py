"""Latches instead of bolts: no torque and no angle are asked for; on bolts a missing one stays wrong."""

from dataclasses import replace

import pytest

from firmware_py.core import checks as c
from firmware_py.core.chart.evidence import lock_evidence
from firmware_py.core.image import Image
from hal.readings import LockState
from tests.unit.core import scenes as s
from tests.unit.core.test_checks import see

UNMEASURED = s.put(s.LOCKED, locks__torque_nm=None, locks__angle_deg=None)


def latched(image: Image) -> c.View:
    view = see(image)
    return c.View(view.swap, view.image, replace(view.params, bolts=None))


def test_latches_need_neither_torque_nor_angle() -> None:
    assert c.torque_and_angle(latched(UNMEASURED)) is None


@pytest.mark.parametrize("missing", ["locks__torque_nm", "locks__angle_deg"])
def test_a_bolt_whose_torque_or_angle_is_unknown_is_not_tight(missing: str) -> None:
    miss = c.torque_and_angle(see(s.put(s.LOCKED, **{missing: None})))
    assert miss is not None
    assert miss.unknown == "locks"


def test_evidence_of_latches_says_that_there_is_no_torque() -> None:
    proof = lock_evidence("proof")(latched(UNMEASURED))
    point = {"state": "locked", "torque_nm": None, "angle_deg": None, "proof_locked": True}
    assert proof["points"] == [{"point": k, **point} for k in range(1, 11)]
    assert proof["proven"] is True


def test_a_latch_whose_second_channel_is_open_is_not_proven() -> None:
    open_ = s.put(UNMEASURED, locks__proof_locked=(True,) * 9 + (False,))
    assert lock_evidence("proof")(latched(open_))["proven"] is False


def test_bolts_without_torque_are_never_proven() -> None:
    proof = lock_evidence("proof")(see(UNMEASURED))
    assert (proof["points"], proof["proven"]) == ([], False)


def test_a_latch_on_its_way_is_not_locked() -> None:
    assert c.locks_are(LockState.LOCKED)(latched(s.one_point(UNMEASURED, LockState.TURNING))) is not None
