"""What is watched all the time, swap or none: fire, supply, insulation, every bay. Findings, no decisions."""

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.params import Params
from hal.readings import PackReading


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition as it is seen now: `bad` with the numbers in `text`, or seen to be good. Unknown is no finding."""

    code: FaultCode
    device: str
    bad: bool
    text: str = ""


def too_hot(pack: PackReading, params: Params) -> bool:
    """The pack belongs into isolation, as far as it speaks."""
    return pack.temp_max_degc is not None and pack.temp_max_degc >= params.isolate_degc


def findings(image: Image, params: Params) -> Iterator[Finding]:
    """Everything that is known, good or bad."""
    yield from _house(image, params)
    present = image.platform.bay_present or ()
    for bay, full in enumerate(present, 1):
        yield from _bay(bay, full, image, params)
    yield from _car_pack(image, params)


def _house(image: Image, params: Params) -> Iterator[Finding]:
    fire, ups = image.fire, image.ups
    for zone, (smoke, gas) in enumerate(zip(fire.smoke or (), fire.gas or (), strict=False), 1):
        seen = " and ".join(name for name, on in (("smoke", smoke), ("gas", gas)) if on)
        yield Finding(FaultCode.FIRE_ALARM, f"zone-{zone}", bool(seen), f"{seen} in zone {zone}")
    if fire.panel_ok is not None:
        yield Finding(
            FaultCode.FIRE_PANEL_FAULT, "fire", not fire.panel_ok, "the fire panel reports a fault of its own"
        )
    if ups.on_mains is not None:
        left = "" if ups.charge_pct is None else f", battery at {ups.charge_pct:.0f} %"
        yield Finding(FaultCode.MAINS_LOST, "ups", not ups.on_mains, f"supply from the battery{left}")
    ohm = image.insulation.insulation_ohm
    if ohm is not None:
        low = ohm < params.insulation_min_ohm
        text = f"{ohm / 1000:.0f} kΩ, at least {params.insulation_min_ohm / 1000:.0f} kΩ"
        yield Finding(FaultCode.INSULATION_LOW, "insulation", low, text)
    if image.platform.isolation_present is not None:
        text = "a pack stands in the isolation place"
        yield Finding(FaultCode.ISOLATION_OCCUPIED, "isolation", image.platform.isolation_present, text)


def _bay(bay: int, full: bool, image: Image, params: Params) -> Iterator[Finding]:
    pack, device = image.bay(bay), f"bay-{bay}"
    yield Finding(FaultCode.PACK_SILENT, device, full and pack.serial is None, f"bay {bay} is full, its pack is silent")
    if not full or pack.temp_max_degc is not None:
        text = f"{pack.temp_max_degc or 0.0:.0f} °C, isolated from {params.isolate_degc:.0f} °C"
        yield Finding(FaultCode.PACK_HOT, device, full and too_hot(pack, params), text)
    leaks = image.rack.coolant_leak
    if leaks is not None and bay <= len(leaks):
        yield Finding(FaultCode.COOLANT_LEAK, device, leaks[bay - 1], f"coolant runs at bay {bay}")
    word = image.charger(bay).fault_word
    if word is not None:
        yield Finding(FaultCode.CHARGER_FAULT, device, word != 0, f"charger of bay {bay}: fault word 0x{word:04X}")


def _car_pack(image: Image, params: Params) -> Iterator[Finding]:
    pack, empty = image.car_pack, image.platform.lane_clear is True
    if empty or pack.temp_max_degc is not None:
        text = f"{pack.temp_max_degc or 0.0:.0f} °C, isolated from {params.isolate_degc:.0f} °C"
        yield Finding(FaultCode.PACK_HOT, "car_pack", not empty and too_hot(pack, params), text)
