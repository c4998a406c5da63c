"""A node that babbles: quiet until told, then at its rate, and not for ever after a pause."""

import pytest

from sim.reach.babbler import Babbler
from sim.reach.can_hub import CanHub


def test_quiet_until_told_and_after() -> None:
    babbler = Babbler(per_s=1000.0)
    hub = CanHub([babbler])
    assert hub.next_due() == float("inf")
    babbler.set_babbling(True)
    assert hub.next_due() <= 5.0
    assert hub.run_due(5.0) == 1
    babbler.set_babbling(False)
    assert hub.next_due() == float("inf")
    assert hub.run_due(6.0) == 0


@pytest.mark.parametrize("every_s", [0.001, 0.0105])
def test_rate(every_s: float) -> None:
    babbler = Babbler(per_s=1000.0)
    babbler.set_babbling(True)
    hub = CanHub([babbler])
    sent = sum(hub.run_due(5.0 + k * every_s) for k in range(round(2.0 / every_s)))
    assert sent == pytest.approx(2000, rel=0.02)


def test_frames_differ_and_a_long_pause_is_not_made_up_for() -> None:
    babbler = Babbler(per_s=1000.0)
    babbler.set_babbling(True)
    first = babbler.due(5.0)
    later = babbler.due(100.0)
    assert len(later) == 200
    assert len({frame.data for frame in [*first, *later]}) == 201
    assert {(frame.can_id, frame.extended) for frame in later} == {(0, False)}
