"""All emulators of a station, made from its own files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hal.codecs.module import ModuleCodec
from hal.config.bundle import Station, Unit
from hal.config.station import UnitsDevice, VehicleDevice
from sim.emulators import leadshine, wago
from sim.emulators.acts import ACTS, act_nothing
from sim.emulators.can import CanEmulator
from sim.emulators.charger import ChargerEmulator
from sim.emulators.nodes import CarEmulator, PackEmulator
from sim.emulators.unit import UnitEmulator
from sim.emulators.views import VIEWS
from sim.world import Pack, World

SPREAD: Final = 16
"""Nodes among which the sending times of packs are spread."""


@dataclass
class Emulators:
    """Modbus units by link and unit id, CAN nodes by link; the same by name for faults."""

    modbus: dict[str, dict[int, UnitEmulator]] = field(default_factory=dict)
    can: dict[str, list[CanEmulator | ChargerEmulator]] = field(default_factory=dict)
    units: dict[str, UnitEmulator] = field(default_factory=dict)
    nodes: dict[str, PackEmulator] = field(default_factory=dict)
    chargers: dict[str, ChargerEmulator] = field(default_factory=dict)
    car: CarEmulator | None = None


def build_emulators(world: World, station: Station, coalesce_s: float | None = None) -> Emulators:
    """Everything that the station's links reach. `coalesce_s`: each CAN message only so often (fast simulation)."""
    emulators = Emulators()
    for device in station.devices.values():
        if isinstance(device, UnitsDevice):
            for name in device.units:
                unit = station.units[name]
                emulators.units[name] = emulator = build_unit(world, unit, device.kind)
                emulators.modbus.setdefault(unit.link, {})[unit.unit] = emulator
    _build_can(emulators, world, station, coalesce_s)
    return emulators


def build_unit(world: World, unit: Unit, kind: str) -> UnitEmulator:
    """The emulator of one unit: a model with quirks of its own, or a plain view of its kind of device."""
    model = unit.device.device.model
    if model == leadshine.MODEL:
        return UnitEmulator(world, unit, leadshine.LEADSHINE_VIEW, leadshine.act_leadshine)
    emulator = wago.WagoEmulator if model == wago.MODEL else UnitEmulator
    return emulator(world, unit, VIEWS[kind], ACTS.get(kind, act_nothing))


def _build_can(emulators: Emulators, world: World, station: Station, coalesce_s: float | None) -> None:
    for number, (place, at) in enumerate(station.config.packs.at.items(), start=1):
        here, kinds = _pack_at(world, place), station.packs_at(place)
        phase = number % SPREAD / (2.0 * SPREAD)
        emulator = PackEmulator(world, kinds, at.node or 0, here, place == "car", coalesce_s, phase)
        emulators.nodes[place] = emulator
        emulators.can.setdefault(at.link, []).append(emulator)
    for place, charger in station.config.chargers.items():
        codec = ModuleCodec(station.chargers[charger.type], charger.address)
        emulators.chargers[place] = module = ChargerEmulator(world, codec, _pack_at(world, place))
        emulators.can.setdefault(charger.link, []).append(module)
    for device in station.devices.values():
        if isinstance(device, VehicleDevice):
            emulators.car = CarEmulator(world, station.vehicles[device.model], None)
            emulators.can.setdefault(device.link, []).append(emulators.car)


def _pack_at(world: World, place: str) -> Callable[[], Pack | None]:
    match place:
        case "buffer":
            return lambda: world.buffer_pack
        case "car":
            return lambda: world.mated_pack
        case _:
            return lambda: world.packs.at.get(place)
