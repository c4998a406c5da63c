"""The checks that rows ask: each names what it saw, and what is unknown is never so."""

from dataclasses import replace

import pytest

from firmware_py.core import checks as c
from firmware_py.core.checks import Miss, View
from firmware_py.core.image import Image
from hal.readings import CarReading, LiftReading, LockSetReading, LockState, ShuttleReading
from tests.unit.core import scenes as s


def see(image: Image, **swap: object) -> View:
    """What a check looks at."""
    return View(replace(s.SWAP, **swap), image, s.params())  # type: ignore[arg-type]


def test_a_check_that_sees_nothing_names_the_silent_device() -> None:
    blind = [
        (c.load_not_lost, "lift", LiftReading()), (c.head_clear_of_shutter, "lift", LiftReading()),
        (c.lift_healthy, "lift", LiftReading()), (c.supported, "lift", LiftReading()),
        (c.load_at_most("touch_max_kg"), "lift", LiftReading()), (c.lift_near("dock"), "lift", LiftReading()),
        (c.tools_stand, "locks", LockSetReading()), (c.locks_settled, "locks", LockSetReading()),
        (c.no_lock_failed, "locks", LockSetReading()), (c.torque_and_angle, "locks", LockSetReading()),
        (c.locks_are(LockState.FREE), "locks", LockSetReading()), (c.slots_apart, "shuttle", ShuttleReading()),
        (c.out_slot_at("under", "out_at_under"), "shuttle", ShuttleReading()),
        (c.dc_link_low, "car", CarReading()), (c.vin_is_ordered, "car", CarReading()),
        (c.car_sees_pack, "car", CarReading()), (c.self_check_ok, "car", CarReading()),
        (c.no_verdict_yet, "car", CarReading()), (c.self_check_runs, "car", CarReading()),
        (c.all_of("lift", "dock_pins"), "lift", LiftReading()),
        (c.none_of("locks", "proof_locked"), "locks", LockSetReading()),
    ]  # fmt: skip
    for check, device, nothing in blind:
        miss = check(see(s.put(s.SEATED, **{device: nothing})))
        assert miss is not None, check
        assert miss.unknown == device


def test_high_voltage_is_off_only_by_both_contactors_and_voltage() -> None:
    assert c.dc_link_low(see(s.READY)) is None
    for change in ({"car__hv_off": False}, {"car__dc_link_v": 60.0}, {"car__dc_link_v": None}, {"car__hv_off": None}):
        assert c.dc_link_low(see(s.put(s.READY, **change))) is not None


@pytest.mark.parametrize(("torque", "angle"), [(58.4, 1440.0), (71.6, 1440.0), (65.0, 1259.0), (65.0, 1621.0)])
def test_each_point_must_end_in_its_torque_window_and_its_angle_window(torque: float, angle: float) -> None:
    torques, angles = [65.0] * 10, [1440.0] * 10
    assert c.torque_and_angle(see(s.LOCKED)) is None
    torques[6], angles[6] = torque, angle
    miss = c.torque_and_angle(see(s.put(s.LOCKED, locks__torque_nm=tuple(torques), locks__angle_deg=tuple(angles))))
    assert miss is not None
    assert "lock point 7" in miss.text


def test_torque_windows_are_closed_intervals() -> None:
    for torque, angle in ((58.5, 1260.0), (71.5, 1620.0)):
        seen = s.put(s.LOCKED, locks__torque_nm=(torque,) * 10, locks__angle_deg=(angle,) * 10)
        assert c.torque_and_angle(see(seen)) is None


def test_a_pack_hangs_only_above_the_slot() -> None:
    loose = s.put(s.FREED, lift__load_kg=50.0)
    assert c.load_not_lost(see(loose)) is not None
    assert c.load_not_lost(see(s.put(loose, lift__position_mm=300.0))) is None


def test_the_mass_that_is_expected_is_that_of_the_pack_on_the_head() -> None:
    heavy = "001PB25" + "H" * 17
    lifted = s.put(s.SEATED, lift__load_kg=300.0)
    before = {"serial_old": s.OLD, "serial_new": heavy}
    assert c.supported(see(lifted, **before)) is None
    assert c.supported(see(lifted, **before, passed=frozenset({"10"}))) is None, "the old pack was only lowered in part"
    assert c.supported(see(lifted, **before, passed=frozenset({"10", "12"}))) is not None
    assert c.supported(see(lifted, **before, passed=frozenset({"10", "12", "11.return"}))) is None


def test_an_unknown_identity_is_not_another_one_but_never_the_right_one() -> None:
    nobody = see(s.put(s.READY, car__vin=None, buffer__serial=None))
    assert c.vin_not_other(nobody) is None
    assert c.buffer_not_other(nobody) is None
    assert c.vin_is_ordered(nobody) is not None
    assert c.buffer_is_reserved(nobody) is not None


def test_failed_points_are_named_with_what_was_measured() -> None:
    assert c.no_lock_failed(see(s.one_point(s.SEATED, LockState.FAILED))) == Miss("lock points failed: 4 (0.0 N·m, 0°)")
    unmeasured = s.put(s.one_point(s.SEATED, LockState.FAILED), locks__torque_nm=None)
    assert c.no_lock_failed(see(unmeasured)) == Miss("lock points failed: 4")


def test_lock_points_are_settled_when_tool_and_second_channel_agree() -> None:
    assert c.locks_settled(see(s.LOCKED)) is None
    assert c.locks_settled(see(s.FREED)) is None
    for state in (LockState.TURNING, LockState.FAILED, LockState.FREE):
        assert c.locks_settled(see(s.one_point(s.LOCKED, state))) is not None
