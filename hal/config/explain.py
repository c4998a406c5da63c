"""The effective configuration told apart: each value with its origin, each role with the unit that offers it."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hal.config.bundle import Channel, Station, Unit, Wired
from hal.config.device import DeviceFile
from hal.config.signals import CanMap
from hal.config.sources import SourceFile, Sources
from hal.config.station import ReaderDevice, UnitsDevice, VehicleDevice
from hal.readings import roles

DOCUMENTATION: Final = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""Addresses that are nobody's (RFC 5737)."""
DEFAULT: Final = "default"
_MARK: Final = "placeholder"


@dataclass(frozen=True, slots=True)
class Entry:
    """One value. `origin` is the label of its file or `default`; `line` is 0 where no file says it.

    `placeholder` says why a value stands that nobody has published or that a site must replace; empty elsewhere.
    """

    keys: tuple[str, ...]
    value: Any
    origin: str
    line: int
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """Who offers a role of a device; `unit` is empty where nobody does, and `place` then says why, if a file does."""

    device: str
    role: str
    unit: str
    place: str
    confidence: str


@dataclass(frozen=True, slots=True)
class DeviceNotes:
    """What a device file says of its own worth. `doubtful`: registers that only drivers tell of (confidence M)."""

    name: str
    title: str
    source: str
    verified_on_hardware: bool
    registers: int
    doubtful: tuple[str, ...]


def entries(station: Station, sources: Sources) -> Iterator[Entry]:
    """Every value of the station file, then what its device, pack and vehicle files say of themselves."""
    replaced = sources.overlay.table.get("links", {}) if sources.overlay else {}
    for keys, value in _leaves(station.config.model_dump(mode="json")):
        over = sources.overlay if keys[0] == "links" and keys[1] in replaced else None
        file = sources.station if sources.station.has(keys[:1]) else sources.like
        yield _entry(keys, value, over or file, keys)
    for name, device in {unit.device.name: unit.device for unit in station.units.values()}.items():
        yield from _published(("device", name), device.device.model_dump(mode="json"), "device", sources.devices[name])
    for name, pack in station.packs.items():
        yield from _published(("pack", name), pack.pack.model_dump(mode="json"), "pack", sources.packs[name])
    for name, vehicle in station.vehicles.items():
        told = vehicle.vehicle.model_dump(mode="json")
        yield from _published(("vehicle", name), told, "vehicle", sources.vehicles[name])
    for name, charger in station.chargers.items():
        told = charger.charger.model_dump(mode="json")
        yield from _published(("charger", name), told, "charger", sources.chargers[name])


def offers(station: Station) -> Iterator[Offer]:
    """Every role of every device, and where it comes from."""
    for name, device in station.devices.items():
        match device:
            case UnitsDevice():
                for role in roles(device.kind):
                    yield _offer(name, role, [station.units[unit] for unit in device.units])
            case ReaderDevice():
                yield Offer(name, "code", device.link, f"a line that matches {device.pattern}", "")
            case VehicleDevice():
                yield from _heard(name, device.kind, station.vehicles[device.model].can, device.model)
    for name, pack in station.packs.items():
        yield from _heard(f"pack {name}", "pack", pack.can, name)
    for name, charger in station.chargers.items():
        for read, exchange in charger.reads.items():
            for role in (r for r in roles("charger") if r in exchange.values):
                value = exchange.values[role]
                place = f"{read}, command 0x{exchange.command:02X} byte {value.byte} {value.type}"
                yield Offer(f"charger {name}", role, name, place, value.confidence or "")


def notes(device: DeviceFile) -> DeviceNotes:
    """The doubts of one device file."""
    info = device.device
    doubtful = tuple(name for name, register in device.registers.items() if register.confidence == "M")
    verified, count = info.verified_on_hardware, len(device.registers)
    return DeviceNotes(device.name, info.title, info.source, verified, count, doubtful)


def _published(prefix: tuple[str, str], told: Mapping[str, Any], table: str, file: SourceFile) -> Iterator[Entry]:
    for keys, value in _leaves(told):
        yield _entry((*prefix, *keys), value, file, (table, *keys))


def _entry(keys: tuple[str, ...], value: Any, file: SourceFile, inside: tuple[str, ...]) -> Entry:
    if not file.has(inside):
        return Entry(keys, value, DEFAULT, 0)
    reason = str(file.table.get("placeholders", {}).get(inside[-1], ""))
    word, _, rest = file.comment(inside).partition(":")
    if word.strip() == _MARK:
        reason = reason or rest.strip()
    if _is_nobodys(value):
        reason = reason or "documentation address (RFC 5737), not a real one"
    return Entry(keys, value, file.label, file.line(inside), reason)


def _leaves(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, str(key)))
        elif value is not None:
            yield (*above, str(key)), value


def _is_nobodys(value: object) -> bool:
    try:
        address = ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return address is not None and any(address in network for network in DOCUMENTATION)


def _offer(device: str, role: str, units: list[Unit]) -> Offer:
    for unit in units:
        if role in unit.inputs:
            return Offer(device, role, unit.name, _channels(unit.inputs[role]), "")
        name = unit.offers.get(role, "")
        register = unit.device.registers.get(name)
        if register is not None:
            factor = register.scale * unit.gain.get(name, 1.0)
            scaled = "" if factor == 1 or register.type == "bool" else f" × {factor:g}"
            bit = "" if register.bit is None else f".{register.bit}"
            many = "" if register.repeat is None else f" x{register.repeat}"
            place = f"{register.table} 0x{register.address:04X}{bit} {register.type}{many}{scaled}"
            return Offer(device, role, unit.name, place, register.confidence or "")
    return Offer(device, role, "", "", "")


def _channels(wired: Wired) -> str:
    found = wired if isinstance(wired, tuple) else (wired,)
    return " ".join(map(_channel, found))


def _channel(channel: Channel) -> str:
    return f"{'!' if channel.inverted else ''}{channel.group}{channel.index}"


def _heard(device: str, kind: str, can: CanMap, sender: str) -> Iterator[Offer]:
    for role in roles(kind):
        signal, text = can.signals.get(role), can.texts.get(role)
        if signal is not None:
            yield Offer(device, role, sender, f"{signal.message}.{signal.signal}", signal.confidence or "")
        elif text is not None:
            parts = f" in {len(text.chars)} parts" if text.part else ""
            yield Offer(device, role, sender, f"{text.message}{parts}", "")
        else:
            yield Offer(device, role, "", can.absent.get(role, ""), "")
