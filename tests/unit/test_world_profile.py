"""Closed-form motion: ends where and when it must, never faster than allowed, stops within its stopping distance."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.world.profile import Profile, first_closer, plan_move, plan_stop

PLACES = st.floats(-3000.0, 3000.0)
SPEEDS = st.floats(-400.0, 400.0)


@pytest.mark.parametrize(
    ("gap", "speed", "accel", "seconds"),
    [(900.0, 200.0, 1000.0, 4.7), (4.0, 2.0, 1000.0, 2.002), (100.0, 500.0, 400.0, 1.0), (0.0, 100.0, 100.0, 0.0)],
)
def test_a_trapezoid_lasts_distance_by_speed_plus_speed_by_acceleration(
    gap: float, speed: float, accel: float, seconds: float
) -> None:
    assert plan_move(0.0, 0.0, gap, speed, accel, 5.0).ends_s - 5.0 == pytest.approx(seconds)


@given(x=PLACES, v=SPEEDS, target=PLACES, speed=st.floats(1.0, 400.0), accel=st.floats(50.0, 2000.0))
def test_every_move_ends_at_rest_at_its_target_without_a_jump(
    x: float, v: float, target: float, speed: float, accel: float
) -> None:
    move = plan_move(x, v, target, speed, accel, 1.0)
    assert move.position(move.ends_s) == target
    assert move.speed(move.ends_s) == 0.0
    at, place, pace = 1.0, x, v
    for leg in move.legs:
        assert leg.at_s == pytest.approx(at, abs=1e-6)
        assert leg.x == pytest.approx(place, abs=1e-3)
        assert leg.v == pytest.approx(pace, abs=1e-3)
        at, place, pace = (
            leg.at_s + leg.lasts_s,
            leg.position(leg.at_s + leg.lasts_s),
            leg.speed(leg.at_s + leg.lasts_s),
        )
        assert abs(pace) <= max(speed, abs(v)) + 1e-6
    if move.legs:
        assert place == pytest.approx(target, abs=1e-2)
        assert pace == pytest.approx(0.0, abs=1e-2)


def test_a_stop_takes_its_stopping_distance() -> None:
    stop = plan_stop(100.0, -300.0, 1500.0, 2.0)
    assert stop.end == pytest.approx(100.0 - 300.0**2 / 3000.0)
    assert stop.ends_s == pytest.approx(2.2)


def test_a_target_too_near_to_stop_at_is_overrun_and_come_back_to() -> None:
    move = plan_move(0.0, 300.0, 10.0, 300.0, 1000.0, 0.0)
    assert max(move.position(t / 100.0) for t in range(200)) == pytest.approx(45.0)
    assert move.position(math.inf) == 10.0


def test_crossings_tell_time_and_direction_and_leave_out_the_start() -> None:
    move = plan_move(250.0, 0.0, 900.0, 100.0, 1000.0, 0.0)
    (t, mark, up), *rest = move.crossings([300.0, 250.0, 901.0])
    assert (mark, up, rest) == (300.0, True, [])
    assert move.position(t) == pytest.approx(300.0)
    assert [m for _, m, _ in move.crossings([900.0])] == [900.0]


def test_two_profiles_meet_when_their_gap_shrinks_below_the_limit() -> None:
    still = Profile((), 0.0, 0.0)
    comes = plan_move(-3000.0, 0.0, 0.0, 500.0, 1000.0, 0.0)
    t = first_closer(comes, still, 2400.0, 0.0)
    assert comes.position(t) == pytest.approx(-2400.0, abs=0.1)
    ahead = plan_move(0.0, 0.0, 3000.0, 500.0, 1000.0, 0.0)
    assert first_closer(comes, ahead, 2400.0, 0.0) == math.inf
