"""Checks of the car: where it stands, what it says of itself and of its pack."""

from firmware_py.core.checks.words import Check, Miss, View, no
from firmware_py.core.state import Install, Swap
from hal.readings import SelfCheck


def dc_link_low(v: View) -> Miss | None:
    """High voltage of the car is off: contactors open and the DC link below its limit."""
    car = v.image.car
    if car.hv_off is None or car.dc_link_v is None:
        return no("car", None)
    if car.hv_off and car.dc_link_v < v.params.dc_link_max_v:
        return None
    return Miss(f"car contactors {'open' if car.hv_off else 'closed'}, DC link {car.dc_link_v:.0f} V")


def vin_is_ordered(v: View) -> Miss | None:
    """The car in the lane is the one of the order."""
    seen = v.image.car.vin
    if seen is None:
        return no("car", None)
    return None if seen == v.swap.order.vin else Miss("VIN differs from the order's")


def vin_not_other(v: View) -> Miss | None:
    """No other car than the ordered one has shown itself (an unknown VIN is not another one)."""
    return None if v.image.car.vin is None else vin_is_ordered(v)


def installed_serial(swap: Swap) -> str | None:
    """Code of the pack that is to be on the car at the end."""
    return swap.serial_new if swap.install is Install.NEW else swap.serial_old


def car_hears_pack(v: View) -> Miss | None:
    """The pack on the car speaks to it. A car that hears none gives an empty code."""
    return None if v.image.car.pack_serial else Miss("the car hears no pack")


def car_sees_pack(v: View) -> Miss | None:
    """The car reads the code of the pack that was put in."""
    seen, wanted = v.image.car.pack_serial, installed_serial(v.swap)
    if seen is None:
        return no("car", None)
    return None if seen == wanted else Miss(f"car sees pack {seen}, put in {wanted}")


def self_check_ok(v: View) -> Miss | None:
    """The car's own check ended well."""
    seen = v.image.car.self_check
    if seen is None:
        return no("car", None)
    return None if seen is SelfCheck.OK else Miss(f"car self-check {seen.value}")


def no_verdict_yet(v: View) -> Miss | None:
    """The car's own check has not ended: what it says next is of this check."""
    seen = v.image.car.self_check
    if seen is None:
        return no("car", None)
    return Miss(f"car self-check {seen.value}") if seen in {SelfCheck.OK, SelfCheck.FAILED} else None


def self_check_runs(v: View) -> Miss | None:
    """The car's own check is under way."""
    seen = v.image.car.self_check
    if seen is None:
        return no("car", None)
    return None if seen is SelfCheck.RUNNING else Miss(f"car self-check {seen.value}")


def self_check_not_failed(v: View) -> Miss | None:
    """The car's own check did not end badly."""
    return Miss("car self-check failed") if v.image.car.self_check is SelfCheck.FAILED else None


def why_check_failed(check: Check) -> Check:
    """What the car says is wrong with it, once its own check has ended badly."""
    return lambda v: check(v) if v.image.car.self_check is SelfCheck.FAILED else None


def in_capture_range(v: View) -> Miss | None:
    """The car stands where rods and pins reach it."""
    seen, p = v.image.vision, v.params
    if seen.x_mm is None or seen.y_mm is None or seen.yaw_deg is None:
        return no("vision", None)
    near = abs(seen.x_mm) <= p.capture_x_mm and abs(seen.y_mm) <= p.capture_y_mm
    if near and abs(seen.yaw_deg) <= p.capture_yaw_deg:
        return None
    return Miss(
        f"car at x {seen.x_mm:.0f} mm, y {seen.y_mm:.0f} mm, yaw {seen.yaw_deg:.1f}°, allowed"
        f" ± {p.capture_x_mm:.0f} mm, ± {p.capture_y_mm:.0f} mm, ± {p.capture_yaw_deg:.1f}°"
    )


def off_the_grooves(v: View) -> Miss | None:
    """The car has left its place: not every wheel is in its groove."""
    seen = v.image.platform.grooves
    if seen is None:
        return no("platform", None)
    return Miss("the car stands in the grooves") if all(seen) else None


def gate_holds_nobody(v: View) -> Miss | None:
    """The lane gate stands open; or it is shut and nobody is behind it who would have to get out."""
    seen = v.image.platform
    if seen.lane_gate_open is None or seen.lane_gate_closed is None or seen.lane_clear is None or seen.grooves is None:
        return no("platform", None)
    if seen.lane_gate_open is not seen.lane_gate_closed and (
        seen.lane_gate_open or (seen.lane_clear and not any(seen.grooves))
    ):
        return None
    return Miss("the lane gate does not stand open, and a car may be in the lane")


def no_trouble_codes(v: View) -> Miss | None:
    """The car stores no trouble code."""
    seen = v.image.car.trouble_codes
    if seen is None:
        return no("car", None)
    return Miss(f"the car reports {seen} trouble codes") if seen else None
