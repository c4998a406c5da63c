"""What the cloud is told of the devices: topic, message and values of each, out of the Image. Unknown is never zero."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from firmware_py.core.image import Image
from hal.contract import Topics, messages
from hal.readings import LockState

State = tuple[str, type[BaseModel], Mapping[str, Any]]
_LOCK_LETTER: Final = {LockState.LOCKED: "L", LockState.FREE: "F", LockState.TURNING: "T", LockState.FAILED: "X"}


def device_states(image: Image, topics: Topics, zones: Sequence[str]) -> Iterator[State]:
    """Every device. `zones` are the names of the fire panel's, in its order."""
    lift = image.lift
    position = {"position_mm": lift.position_mm, "speed_mm_s": lift.speed_mm_s, "load_kg": lift.load_kg}
    yield topics.lift, messages.LiftState, {**position, "q": _quality(lift.position_mm)}
    locks = image.locks
    states = None if locks.state is None else "".join(_LOCK_LETTER[s] for s in locks.state)
    proof = None if locks.proof_locked is None else "".join("1" if p else "0" for p in locks.proof_locked)
    yield topics.locks, messages.LockState, {"states": states, "proof_locked": proof, "q": _quality(states)}
    yield topics.lane, messages.LaneState, _lane(image)
    yield topics.fire, messages.FireState, _fire(image, zones)
    yield topics.power, messages.PowerState, _power(image)
    for bay in range(1, len(image.packs) + 1):
        yield topics.bay(bay), messages.BayState, _bay(image, bay)


def _bay(image: Image, bay: int) -> Mapping[str, Any]:
    pack, charger, rack = image.bay(bay), image.charger(bay), image.rack
    present = _of(image.platform.bay_present, bay)
    return {
        "bay": bay,
        "present": present,
        "serial": pack.serial,
        "soc_pct": pack.soc_pct,
        "soh_pct": pack.soh_pct,
        "temp_max_degc": pack.temp_max_degc,
        "voltage_v": pack.voltage_v,
        "current_a": pack.current_a,
        "power_connector": _connector(_of(rack.power_mated, bay), _of(rack.power_home, bay)),
        "coolant_connector": _connector(_of(rack.coolant_mated, bay), _of(rack.coolant_home, bay)),
        "coolant_leak": _of(rack.coolant_leak, bay),
        "charger_on": charger.enabled,
        "charger_v": charger.output_v,
        "charger_a": charger.output_a,
        "q": _quality(present),
    }


def _lane(image: Image) -> Mapping[str, Any]:
    vision, hoist, signals = image.vision, image.hoist, image.signals
    columns = hoist.columns_mm
    return {
        "offset_x_mm": vision.x_mm,
        "offset_y_mm": vision.y_mm,
        "offset_yaw_deg": vision.yaw_deg,
        "seat_clear": vision.seat_clear,
        "hoist_mm": None if not columns else min(columns),
        "hoist_step_mm": None if not columns else round(max(columns) - min(columns), 3),
        "catch_engaged": hoist.catch_engaged,
        "buffer_code": image.scanner.code,
        "lamp": signals.lamp,
        "text": signals.text,
        "q": _quality(hoist.columns_mm),
    }


def _fire(image: Image, zones: Sequence[str]) -> Mapping[str, Any]:
    fire = image.fire
    return {
        "smoke": _named(fire.smoke, zones),
        "gas": _named(fire.gas, zones),
        "panel_ok": fire.panel_ok,
        "extraction_on": fire.extraction_on,
        "q": _quality(fire.panel_ok),
    }


def _power(image: Image) -> Mapping[str, Any]:
    """Rounded, so that a running counter is news now and then and not with every reading."""
    meter, ups, insulation = image.meter, image.ups, image.insulation
    return {
        "grid_w": None if meter.power_w is None else round(meter.power_w),
        "import_kwh": None if meter.import_kwh is None else round(meter.import_kwh, 1),
        "on_mains": ups.on_mains,
        "ups_charge_pct": None if ups.charge_pct is None else round(ups.charge_pct),
        "insulation_ohm": insulation.insulation_ohm,
        "insulation_state": insulation.insulation_state,
        "q": _quality(meter.power_w),
    }


def _named(values: tuple[bool, ...] | None, zones: Sequence[str]) -> str | None:
    return None if values is None else ",".join(name for name, there in zip(zones, values, strict=False) if there)


def _of(values: tuple[bool, ...] | None, bay: int) -> bool | None:
    return values[bay - 1] if values is not None and bay <= len(values) else None


def _connector(mated: bool | None, home: bool | None) -> str | None:
    if mated is None or home is None:
        return None
    return "between" if mated == home else "mated" if mated else "home"


def _quality(value: object) -> str:
    return "stale" if value is None else "good"
