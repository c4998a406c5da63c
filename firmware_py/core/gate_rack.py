"""The gate at the rack: connectors, chargers, smoke extraction, signals. What makes a bay safer always passes."""

from firmware_py.core.gate_words import GateLimits, Refusal, need, within
from firmware_py.core.image import Image
from hal.commands import Connector, DriveConnector, EnableCharger, Extract, SetCharger, Signal

RackCommand = DriveConnector | EnableCharger | SetCharger | Extract | Signal


def judge_rack(command: RackCommand, image: Image, limits: GateLimits) -> Refusal | None:
    """`None` = the command may leave now."""
    match command:
        case Signal() | Extract(on=True) | EnableCharger(on=False):
            return None
        case Extract():
            return _no_smoke(image)
        case EnableCharger(bay) | SetCharger(bay):
            return _may_charge(bay, image, limits)
        case _:
            return _stands_off(command.bay, image, limits) or (
                _mate(command, image) if command.out else _retract(command, image, limits)
            )


def _at(values: tuple[bool, ...] | None, bay: int) -> bool | None:
    return values[bay - 1] if values is not None and 0 < bay <= len(values) else None


def _no_smoke(image: Image) -> Refusal | None:
    for name, zones in (("smoke", image.fire.smoke), ("gas", image.fire.gas)):
        if zones is None:
            return Refusal("no-fire", f"fire.{name} is unknown")
        if any(zones):
            return Refusal("no-fire", f"fire.{name} is {zones}")
    return None


def _may_charge(bay: int, image: Image, limits: GateLimits) -> Refusal | None:
    """A bay is charged only through mated, tight connectors, with a pack that speaks, is not hot, and has a way out.

    The way out of a pack that gets hot is the isolation place: it is seen free before anything is charged.
    """
    rack, pack = image.rack, image.bay(bay)
    return (
        _no_smoke(image)
        or need("pack-there", f"bay {bay}: platform.bay_present", _at(image.platform.bay_present, bay))
        or need("connected", f"bay {bay}: rack.power_mated", _at(rack.power_mated, bay))
        or need("connected", f"bay {bay}: rack.coolant_mated", _at(rack.coolant_mated, bay))
        or need("tight", f"bay {bay}: rack.coolant_leak", _at(rack.coolant_leak, bay), wanted=False)
        or (None if pack.serial else Refusal("pack-known", f"bay {bay}: pack is silent, or tells no code"))
        or _not_hot(bay, pack.temp_max_degc, limits)
        or need("isolation-free", "platform.isolation_present", image.platform.isolation_present, wanted=False)
    )


def _not_hot(bay: int, warmest_degc: float | None, limits: GateLimits) -> Refusal | None:
    if warmest_degc is not None and warmest_degc < limits.isolate_degc:
        return None
    seen = "unknown" if warmest_degc is None else f"{warmest_degc:g} °C, isolated from {limits.isolate_degc:g} °C"
    return Refusal("pack-cool", f"bay {bay}: warmest cell is {seen}")


def _stands_off(bay: int, image: Image, limits: GateLimits) -> Refusal | None:
    """The fork is not in the bay while its connectors move."""
    if not 0 < bay <= len(limits.bays):
        return Refusal("bay-range", f"bay {bay}, allowed 1 to {len(limits.bays)}")
    level, tol = image.stacker.level_mm, limits.level_tol_mm
    away = level is not None and abs(level - limits.bays[bay - 1][0]) > tol
    return None if away else need("fork-home", "stacker.fork_home", image.stacker.fork_home)


def _mate(command: DriveConnector, image: Image) -> Refusal | None:
    bay = command.bay
    refusal = need("pack-there", f"bay {bay}: platform.bay_present", _at(image.platform.bay_present, bay)) or need(
        "charger-off", f"charger {bay} enabled", image.charger(bay).enabled, wanted=False
    )
    if refusal is not None or command.connector is Connector.POWER:
        return refusal
    return need("connected", f"bay {bay}: rack.power_mated", _at(image.rack.power_mated, bay))


def _retract(command: DriveConnector, image: Image, limits: GateLimits) -> Refusal | None:
    """Contacts part without voltage and current (the pack's contactors are its own affair)."""
    if command.connector is Connector.COOLANT:
        return None
    bay, charger = command.bay, image.charger(command.bay)
    return (
        need("charger-off", f"charger {bay} enabled", charger.enabled, wanted=False)
        or within("dead", f"charger {bay} output_v", charger.output_v, 0.0, limits.retract_max_v)
        or within("dead", f"charger {bay} output_a", charger.output_a, -limits.retract_max_a, limits.retract_max_a)
        or need("coolant-first", f"bay {bay}: rack.coolant_home", _at(image.rack.coolant_home, bay))
    )
