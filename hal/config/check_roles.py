"""Cross checks of roles: a value of the right type, a row as long as the station has points or bays."""

from collections.abc import Collection, Mapping
from typing import Final

from hal.config.bundle import Unit
from hal.config.device import Register, WordType
from hal.config.draft import Draft
from hal.config.mistakes import Spot
from hal.config.role_types import PARTS, RoleType, role_types
from hal.readings import roles

FAULT: Final = "fault_word"
"""Each drive of a device has one."""
LOCK_ROLES: Final = ("state", "torque_nm", "angle_deg", "proof_locked", "latch_open", "latch_closed")
BAY_ROLES: Final = ("bay_present", *roles("rack"))
ZONE_ROLES: Final = ("smoke", "gas")


def check_sizes(draft: Draft, kind: str, unit: Unit, shared: Collection[str]) -> None:
    """Note what is wrong with the roles that one unit offers; the length of a `shared` row counts only as a whole."""
    spot = draft.spot / "units" / unit.name
    for role, name in unit.offers.items():
        wanted = type_of(kind, role)
        if wanted is None:
            continue
        where = spot / ("inputs" if role in unit.inputs else "roles" if role in unit.roles else "device") / role
        if role not in unit.inputs:
            _check_type(unit.device.registers[name], role, wanted, where)
        elif wanted.shape != "flag":
            where.note("a switch", f"a register: {role} is a {wanted.shape}")
        size, needed = size_of(unit, role), length_of(draft, role)
        if wanted.many != (size is not None):
            where.note(f"{size} values" if size else "one value", "many values" if wanted.many else "one value")
        elif size is not None and needed is not None and size != needed and role not in shared:
            where.note(f"{size} values", f"{needed}, as the station has")


def check_sources(draft: Draft, kind: str, role: str, units: list[Unit], spot: Spot) -> None:
    """Note a role that comes from several units and may not: a fault word may, and a row whose length is known."""
    wanted, needed = type_of(kind, role), length_of(draft, role)
    if role == FAULT:
        return
    if wanted is None or not wanted.many or needed is None:
        names = " and ".join(unit.name for unit in units)
        spot.note(f"{role} from {names}", "every role, from exactly one unit")
    elif sum(size_of(unit, role) or 0 for unit in units) != needed:
        parts = " and ".join(f"{size_of(unit, role)} of {unit.name}" for unit in units)
        spot.note(f"{role}: {parts}", f"{needed} in all, as the station has")


def type_of(kind: str, role: str) -> RoleType | None:
    """What a role, or a part of one, must be like; `None` for any other name."""
    return role_types(kind).get(role) or PARTS.get(kind, {}).get(role)


def size_of(unit: Unit, role: str) -> int | None:
    """Number of values of a role that the unit offers, `None` where it is a single one."""
    if role in unit.inputs:
        wired = unit.inputs[role]
        return len(wired) if isinstance(wired, tuple) else None
    return unit.device.registers[unit.offers[role]].repeat


def length_of(draft: Draft, role: str) -> int | None:
    """How many values a row must have, where the station says so."""
    if draft.info is None:
        return None
    if role in LOCK_ROLES:
        return draft.info.lock_points
    if role in ZONE_ROLES:
        fire = draft.process_parts.get("fire")
        return None if fire is None else len(fire.zones)
    return draft.info.bays if role in BAY_ROLES else None


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
