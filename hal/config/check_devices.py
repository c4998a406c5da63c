"""Cross checks of devices: every role offered exactly once, verbs present, tuple sizes, outputs of all actuators."""

from collections.abc import Iterator, Mapping

from hal.commands import Actuator
from hal.config.bundle import Unit
from hal.config.device import Register, WordType
from hal.config.draft import Draft
from hal.config.mistakes import Spot, nearest
from hal.config.role_types import RoleType, role_types
from hal.config.station import DEVICE_NAMES, UnitsDevice, VehicleDevice
from hal.config.verbs import VERBS, known_verbs
from hal.readings import roles

OUTPUTS = tuple(f"{actuator}_{way}" for actuator in Actuator for way in ("out", "home"))
LOCK_ROLES = ("state", "torque_nm", "angle_deg", "proof_locked")


def check_devices(draft: Draft, units: Mapping[str, Unit]) -> None:
    """Note everything that is wrong with `[devices]`."""
    spot = draft.spot / "devices"
    for name, kind in DEVICE_NAMES.items():
        if name not in draft.devices:
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
            members = [units[unit] for unit in device.units if unit in units]
            for unit in members:
                _check_unit(draft, device.kind, unit)
            if len(members) == len(device.units):
                _check_offers(draft, device.kind, members, here)
        else:
            _check_car(draft, device, here)
    for member in draft.unit_names:
        if member not in owner:
            (draft.spot / "units" / member).note("used by no device", "every unit in exactly one device")


def _check_members(draft: Draft, name: str, device: UnitsDevice, owner: dict[str, str], spot: Spot) -> None:
    for unit in device.units:
        if unit not in draft.unit_names:
            spot.unknown(unit, draft.unit_names, "a unit")
        elif owner.setdefault(unit, name) != name:
            spot.note(repr(unit), f"a unit of its own: {unit} belongs to {owner[unit]}")


def _check_car(draft: Draft, device: VehicleDevice, spot: Spot) -> None:
    able = draft.links_of({"can"})
    if device.link not in able:
        (spot / "link").unknown(device.link, able, "a CAN link")
    if draft.info is not None and device.model not in draft.info.vehicles:
        (spot / "model").unknown(device.model, draft.info.vehicles, "a vehicle of station.vehicles")


def _check_unit(draft: Draft, kind: str, unit: Unit) -> None:
    spot = draft.spot / "units" / unit.name
    for role in draft.units[unit.name].inputs:
        if role not in roles(kind):
            (spot / "inputs" / role).unknown(role, roles(kind), f"a role of a {kind}")
    able = known_verbs(kind)
    for verb in unit.device.commands:
        if verb not in able:
            (spot / "device").note(f"{unit.device.name} has {verb}", f"verbs of a {kind}: {', '.join(sorted(able))}")
    for output in draft.units[unit.name].outputs:
        if kind != "platform":
            (spot / "outputs" / output).note(output, "outputs on the platform only")
        elif output not in OUTPUTS:
            (spot / "outputs" / output).unknown(output, OUTPUTS, "an output")
    _check_sizes(draft, kind, unit, spot)


def _check_offers(draft: Draft, kind: str, units: list[Unit], spot: Spot) -> None:
    wanted = roles(kind)
    offers: dict[str, list[str]] = {}
    for unit in units:
        for role in _readable(draft, unit):
            offers.setdefault(role, []).append(unit.name)
    for role in wanted:
        found = offers.get(role, [])
        if not found:
            spare = [name for name in offers if name not in wanted]
            spot.note(f"nobody offers {role}", "every role, from exactly one unit", nearest(role, spare))
        elif len(found) > 1:
            spot.note(f"{role} from {' and '.join(found)}", "every role, from exactly one unit")
    _check_verbs(kind, units, spot)
    if kind == "platform":
        _check_outputs(draft, units, spot)


def _readable(draft: Draft, unit: Unit) -> Iterator[str]:
    yield from (name for name, register in unit.device.registers.items() if register.readable)
    yield from draft.units[unit.name].inputs


def _check_verbs(kind: str, units: list[Unit], spot: Spot) -> None:
    for verb in VERBS[kind]:
        found = [unit.name for unit in units if verb in unit.device.commands]
        if not found or (len(found) > 1 and verb != "stop"):
            spot.note(f"{verb} from {' and '.join(found) or 'nobody'}", "every verb of the kind, from one unit")


def _check_outputs(draft: Draft, units: list[Unit], spot: Spot) -> None:
    owners: dict[str, list[str]] = {}
    for unit in units:
        for output in draft.units[unit.name].outputs:
            owners.setdefault(output, []).append(unit.name)
    for actuator in Actuator:
        pair = [owners.get(f"{actuator}_{way}", []) for way in ("out", "home")]
        if pair[0] != pair[1] or len(pair[0]) != 1:
            text = f"{actuator}_out on {pair[0] or 'nothing'}, {actuator}_home on {pair[1] or 'nothing'}"
            spot.note(text, "each pair of outputs once, on one unit")


def _check_sizes(draft: Draft, kind: str, unit: Unit, spot: Spot) -> None:
    for role, wanted in role_types(kind).items():
        if role in unit.inputs:
            wired = unit.inputs[role]
            size = len(wired) if isinstance(wired, tuple) else None
            where = spot / "inputs" / role
            if wanted.shape != "flag":
                where.note("a switch", f"a register: {role} is a {wanted.shape}")
        elif role in unit.device.registers:
            size, where = unit.device.registers[role].repeat, spot / "device" / role
            _check_type(unit.device.registers[role], role, wanted, where)
        else:
            continue
        needed = _needed(draft, role)
        if wanted.many != (size is not None):
            where.note(f"{size} values" if size else "one value", "many values" if wanted.many else "one value")
        elif size is not None and needed is not None and size != needed:
            where.note(f"{size} values", f"{needed}, as the station has")


def _check_type(register: Register, role: str, wanted: RoleType, spot: Spot) -> None:
    scaled = (register.scale, register.offset) != (1.0, 0.0)
    if register.enum is not None:
        shape = "word"
    elif register.type is WordType.BOOL:
        shape = "flag"
    else:
        shape = "number" if scaled or register.type is WordType.F32 else "whole"
    if shape != wanted.shape and (shape, wanted.shape) != ("whole", "number"):
        spot.note(f"{role} is a {shape}", f"a {wanted.shape}")
    elif wanted.words:
        check_words(register.enum or {}, role, wanted, spot)


def check_words(enum: Mapping[str, str], role: str, wanted: RoleType, spot: Spot) -> None:
    """Note words that a role does not have, and words of the role that no number stands for."""
    for word in enum.values():
        if word not in wanted.words:
            spot.unknown(word, wanted.words, f"a word of {role}")
    for word in wanted.words:
        if word not in enum.values():
            spot.note(f"no {word}", f"every word of {role}: {', '.join(wanted.words)}")


def _needed(draft: Draft, role: str) -> int | None:
    if draft.info is None:
        return None
    if role in LOCK_ROLES:
        return draft.info.lock_points
    return draft.info.bays if role == "bay_present" else None
