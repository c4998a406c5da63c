"""What is watched all the time, swap or none: fire, supply, insulation, every bay. Findings, no decisions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.params import Params
from hal.readings import ChargerReading, FireReading, InsulationReading, PackReading, UpsReading

Key = tuple[FaultCode, str]
"""Code and device of a finding."""
MEMORY: Final = 256
"""Readings come again unchanged many times a second: what was found in them is kept. Readings are values."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition that is seen to be bad, with the numbers."""

    code: FaultCode
    device: str
    text: str

    @property
    def key(self) -> Key:
        """What the fault will be known by."""
        return self.code, self.device


Findings = tuple[tuple[Finding, ...], frozenset[Key]]
"""What is bad, and what is seen to be good. Unknown is in neither."""


def too_hot(pack: PackReading, params: Params) -> bool:
    """The pack belongs into isolation, as far as it speaks."""
    return pack.temp_max_degc is not None and pack.temp_max_degc >= params.isolate_degc


def findings(image: Image, params: Params) -> Iterator[Findings]:
    """Everything that is known, part by part."""
    yield _fire(image.fire)
    yield _supply(image.ups, image.insulation, params.insulation_min_ohm)
    leaks, platform = image.rack.coolant_leak or (), image.platform
    for bay, full in enumerate(platform.bay_present or (), 1):
        leak = leaks[bay - 1] if bay <= len(leaks) else None
        pack = image.bay(bay)
        yield _bay(bay, full, pack.speaks, bool(pack.serial), pack.temp_max_degc, params.isolate_degc)
        yield _connection(bay, leak, image.charger(bay))
    yield _place(platform.isolation_present)
    empty, warmest = platform.lane_clear is True, image.car_pack.temp_max_degc
    yield _pack("car_pack", not empty, warmest, params.isolate_degc)


def _sorted(*seen: tuple[bool | None, Finding]) -> Findings:
    """Bad ones as they are, of good ones the keys, unknown ones nowhere."""
    return tuple(f for bad, f in seen if bad), frozenset(f.key for bad, f in seen if bad is False)


@lru_cache(maxsize=MEMORY)
def _fire(fire: FireReading) -> Findings:
    found: list[tuple[bool | None, Finding]] = []
    alarm = False
    for zone, (smoke, gas) in enumerate(zip(fire.smoke or (), fire.gas or (), strict=False), 1):
        alarm = alarm or smoke or gas
        seen = " and ".join(name for name, on in (("smoke", smoke), ("gas", gas)) if on)
        found.append((bool(seen), Finding(FaultCode.FIRE_ALARM, f"zone-{zone}", f"{seen} in zone {zone}")))
    still = Finding(FaultCode.EXTRACTION_FAILED, "fire", "the extraction was ordered on, its fan is not seen to run")
    found.append((None if fire.extraction_on is None else not fire.extraction_on, still) if alarm else (False, still))
    text = "the fire panel reports a fault of its own"
    panel_bad = None if fire.panel_ok is None else not fire.panel_ok
    return _sorted(*found, (panel_bad, Finding(FaultCode.FIRE_PANEL_FAULT, "fire", text)))


@lru_cache(maxsize=MEMORY)
def _supply(ups: UpsReading, insulation: InsulationReading, min_ohm: float) -> Findings:
    left = "" if ups.charge_pct is None else f", battery at {ups.charge_pct:.0f} %"
    on_battery = None if ups.on_mains is None else not ups.on_mains
    ohm = insulation.insulation_ohm
    low = None if ohm is None else ohm < min_ohm
    text = f"{(ohm or 0.0) / 1000:.0f} kΩ, at least {min_ohm / 1000:.0f} kΩ"
    return _sorted(
        (on_battery, Finding(FaultCode.MAINS_LOST, "ups", f"supply from the battery{left}")),
        (low, Finding(FaultCode.INSULATION_LOW, "insulation", text)),
    )


@lru_cache(maxsize=MEMORY)
def _bay(bay: int, full: bool, speaks: bool, named: bool, warmest_degc: float | None, isolate_degc: float) -> Findings:
    """A pack without a code is heard all the same: it is neither silent nor one that may be handed out."""
    device = f"bay-{bay}"
    bad, good = _pack(device, full, warmest_degc, isolate_degc)
    mute = Finding(FaultCode.PACK_SILENT, device, f"bay {bay} is full, its pack is silent")
    nameless = Finding(FaultCode.PACK_UNIDENTIFIED, device, f"bay {bay}: the pack speaks and tells no code")
    mute_bad, mute_good = _sorted((full and not speaks, mute), (full and speaks and not named, nameless))
    return bad + mute_bad, good | mute_good


@lru_cache(maxsize=MEMORY)
def _pack(device: str, there: bool, warmest_degc: float | None, isolate_degc: float) -> Findings:
    hot = False if not there else None if warmest_degc is None else warmest_degc >= isolate_degc
    text = f"{warmest_degc or 0.0:.0f} °C, isolated from {isolate_degc:.0f} °C"
    return _sorted((hot, Finding(FaultCode.PACK_HOT, device, text)))


@lru_cache(maxsize=MEMORY)
def _connection(bay: int, leak: bool | None, charger: ChargerReading) -> Findings:
    word = charger.fault_word
    broken = None if word is None else word != 0
    text = f"charger of bay {bay}: fault word 0x{word or 0:04X}"
    return _sorted(
        (leak, Finding(FaultCode.COOLANT_LEAK, f"bay-{bay}", f"coolant runs at bay {bay}")),
        (broken, Finding(FaultCode.CHARGER_FAULT, f"bay-{bay}", text)),
    )


@lru_cache(maxsize=4)
def _place(occupied: bool | None) -> Findings:
    text = "a pack stands in the isolation place"
    return _sorted((occupied, Finding(FaultCode.ISOLATION_OCCUPIED, "isolation", text)))
