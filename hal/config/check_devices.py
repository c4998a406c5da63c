"""Cross checks of devices: every role offered exactly once, verbs present, tuple sizes, outputs of all actuators."""

from collections.abc import Mapping
from typing import Final

from hal.commands import Actuator
from hal.config.bundle import Unit
from hal.config.check_latches import LATCH, check_latches, lock_roles
from hal.config.check_reader import check_reader
from hal.config.check_roles import check_sizes, check_sources
from hal.config.check_steps import needed_by
from hal.config.draft import Draft
from hal.config.mistakes import Spot, nearest
from hal.config.role_types import PARTS, role_types
from hal.config.station import DEVICE_NAMES, ReaderDevice, UnitConfig, UnitsDevice, VehicleDevice
from hal.config.verbs import OPTIONAL_VERBS, VERBS, known_verbs
from hal.readings import roles

OUTPUTS: Final[dict[str, tuple[str, ...]]] = {
    "platform": tuple(f"{actuator}_{way}" for actuator in Actuator for way in ("out", "home")),
    "lock-set": LATCH,
}
"""Outputs of a device kind. Those of the lock set are rows, one of each point."""
OUTPUT_VERBS: Final = ("lock", "unlock", "stop")
"""Verbs of a unit whose outputs drive latches."""


def check_devices(draft: Draft, units: Mapping[str, Unit]) -> None:
    """Note everything that is wrong with `[devices]`."""
    spot = draft.spot / "devices"
    for name, kind in DEVICE_NAMES.items():
        if name not in draft.devices and not draft.is_bench:
            spare = set(draft.devices) - set(DEVICE_NAMES)
            spot.note(f"no {name}", f"[devices.{name}] of kind {kind}", nearest(name, spare))
    owner: dict[str, str] = {}
    for name, device in draft.devices.items():
        here = spot / name
        if name not in DEVICE_NAMES:
            here.unknown(name, DEVICE_NAMES, "a device of a station")
        elif device.kind != DEVICE_NAMES[name]:
            (here / "kind").note(repr(device.kind), DEVICE_NAMES[name])
        if isinstance(device, UnitsDevice):
            _check_members(draft, name, device, owner, here / "units")
            _check_units_device(draft, device, units, here)
        elif isinstance(device, ReaderDevice):
            check_reader(draft, device, here)
        else:
            _check_car(draft, device, here)
    for member in draft.unit_names:
        if member not in owner:
            (draft.spot / "units" / member).note("used by no device", "every unit in exactly one device")
        if member in draft.devices:
            (draft.spot / "units" / member).note(repr(member), "a name that no device has: both can be asked for")


def _check_members(draft: Draft, name: str, device: UnitsDevice, owner: dict[str, str], spot: Spot) -> None:
    for unit in device.units:
        if unit not in draft.unit_names:
            spot.unknown(unit, draft.unit_names, "a unit")
        elif owner.setdefault(unit, name) != name:
            spot.note(repr(unit), f"a unit of its own: {unit} belongs to {owner[unit]}")


def _check_units_device(draft: Draft, device: UnitsDevice, units: Mapping[str, Unit], spot: Spot) -> None:
    members = [units[unit] for unit in device.units if unit in units]
    for unit in members:
        _check_unit(draft, device.kind, unit)
    if len(members) == len(device.units):
        _check_offers(draft, device.kind, members, spot)


def _check_car(draft: Draft, device: VehicleDevice, spot: Spot) -> None:
    able = draft.links_of({"can"})
    if device.link not in able:
        (spot / "link").unknown(device.link, able, "a CAN link")
    if draft.info is not None and device.model not in draft.info.vehicles:
        (spot / "model").unknown(device.model, draft.info.vehicles, "a vehicle of station.vehicles")


def _check_unit(draft: Draft, kind: str, unit: Unit) -> None:
    spot, config = draft.spot / "units" / unit.name, draft.units[unit.name]
    known = {**role_types(kind), **PARTS.get(kind, {})}
    for section in ("inputs", "roles"):
        for role in getattr(config, section):
            if role not in known:
                (spot / section / role).unknown(role, known, f"a role of a {kind}")
    _check_commands(kind, unit, config, spot)
    for output in config.outputs:
        if kind not in OUTPUTS:
            (spot / "outputs" / output).note(output, "outputs of platform and locks only")
        elif output not in OUTPUTS[kind]:
            (spot / "outputs" / output).unknown(output, OUTPUTS[kind], "an output")


def _check_commands(kind: str, unit: Unit, config: UnitConfig, spot: Spot) -> None:
    able = known_verbs(kind)
    for verb, body in unit.commands.items():
        if verb not in able and verb in config.verbs:
            (spot / "verbs" / verb).unknown(verb, able, f"a verb of a {kind}")
        elif verb not in able:
            (spot / "device").note(f"{unit.device.name} has {verb}", f"verbs of a {kind}: {', '.join(sorted(able))}")
        elif verb in config.verbs:
            given = {**VERBS[kind], **OPTIONAL_VERBS.get(kind, {})}[verb]
            for name in sorted(needed_by(unit.device.commands[body]) - set(given)):
                (spot / "verbs" / verb).note(f"{body} needs {name}", f"arguments of {verb}: {', '.join(given)}")


def _check_offers(draft: Draft, kind: str, units: list[Unit], spot: Spot) -> None:
    offers: dict[str, list[Unit]] = {}
    for unit in units:
        for role in unit.offers:
            offers.setdefault(role, []).append(unit)
    shared = {role for role, found in offers.items() if len(found) > 1}
    for unit in units:
        check_sizes(draft, kind, unit, shared)
    if kind == "lock-set":
        check_latches(draft, offers, units, spot)
    for role in lock_roles(draft, offers) if kind == "lock-set" else roles(kind):
        if role not in offers:
            spare = [name for name in offers if name not in roles(kind)]
            spot.note(f"nobody offers {role}", "every role, from exactly one unit", nearest(role, spare))
        elif role in shared:
            check_sources(draft, kind, role, offers[role], spot)
    _check_verbs(kind, units, spot)
    if kind == "platform":
        _check_pairs(draft, units, spot)


def _check_verbs(kind: str, units: list[Unit], spot: Spot) -> None:
    for verb in VERBS[kind]:
        found = [unit.name for unit in units if verb in unit.commands or (unit.outputs and verb in OUTPUT_VERBS)]
        if not found or (len(found) > 1 and verb != "stop"):
            spot.note(f"{verb} from {' and '.join(found) or 'nobody'}", "every verb of the kind, from one unit")


def _check_pairs(draft: Draft, units: list[Unit], spot: Spot) -> None:
    owners: dict[str, list[str]] = {}
    for unit in units:
        for output in draft.units[unit.name].outputs:
            owners.setdefault(output, []).append(unit.name)
    for actuator in Actuator:
        pair = [owners.get(f"{actuator}_{way}", []) for way in ("out", "home")]
        if pair[0] != pair[1] or len(pair[0]) != 1:
            text = f"{actuator}_out on {pair[0] or 'nothing'}, {actuator}_home on {pair[1] or 'nothing'}"
            spot.note(text, "each pair of outputs once, on one unit")
