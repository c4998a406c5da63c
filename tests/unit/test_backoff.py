"""Back-off: bounds, growth, and the short wait after success."""

import pytest

from hal.links.backoff import Backoff


def test_ceiling_doubles_up_to_the_cap() -> None:
    backoff = Backoff(lambda: 1.0, base_s=0.1, cap_s=2.0)
    assert [backoff.next_s() for _ in range(7)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


def test_jitter_is_full() -> None:
    draws = iter([0.0, 0.5, 0.25])
    backoff = Backoff(lambda: next(draws), base_s=1.0, cap_s=8.0)
    assert [backoff.next_s() for _ in range(3)] == [0.0, 1.0, 1.0]


def test_reset_makes_the_next_wait_short() -> None:
    backoff = Backoff(lambda: 1.0, base_s=0.1, cap_s=2.0)
    for _ in range(5):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == pytest.approx(0.1)


def test_years_of_failures_do_not_overflow() -> None:
    backoff = Backoff(lambda: 1.0, base_s=0.1, cap_s=2.0)
    assert {backoff.next_s() for _ in range(5000)} <= {0.1, 0.2, 0.4, 0.8, 1.6, 2.0}


@pytest.mark.parametrize(("base_s", "cap_s"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)])
def test_senseless_limits_are_refused(base_s: float, cap_s: float) -> None:
    with pytest.raises(ValueError, match="back-off needs"):
        Backoff(lambda: 1.0, base_s=base_s, cap_s=cap_s)
