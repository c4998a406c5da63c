"""All emulators of a station, made from its own files."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hal.config.bundle import Station, Unit
from hal.config.station import UnitsDevice, VehicleDevice
from sim.emulators import leadshine, wago
from sim.emulators.acts import ACTS, act_nothing
from sim.emulators.can import CanEmulator
from sim.emulators.nodes import CarEmulator, PackEmulator
from sim.emulators.unit import UnitEmulator
from sim.emulators.views import VIEWS
from sim.world import Pack, World
from sim.world.packs import bay


@dataclass
class Emulators:
    """Modbus units by link and unit id, CAN nodes by link; the same by name for faults."""

    modbus: dict[str, dict[int, UnitEmulator]] = field(default_factory=dict)
    can: dict[str, list[CanEmulator]] = field(default_factory=dict)
    units: dict[str, UnitEmulator] = field(default_factory=dict)
    nodes: dict[str, PackEmulator] = field(default_factory=dict)
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
    packs = station.config.packs
    places: dict[str, tuple[str, int, Callable[[], Pack | None]]] = {
        bay(k): (packs.link, node, _in_bay(world, k)) for k, node in enumerate(packs.bay_nodes, start=1)
    }
    places["buffer"] = (packs.link, packs.buffer_node, lambda: world.buffer_pack)
    places["car"] = (packs.car_link, packs.car_node, lambda: world.mated_pack)
    for place, (link, node, here) in places.items():
        emulators.nodes[place] = emulator = PackEmulator(world, station.packs, node, here, place == "car", coalesce_s)
        emulators.can.setdefault(link, []).append(emulator)
    for device in station.devices.values():
        if isinstance(device, VehicleDevice):
            emulators.car = CarEmulator(world, station.vehicles[device.model], None)
            emulators.can.setdefault(device.link, []).append(emulators.car)


def _in_bay(world: World, k: int) -> Callable[[], Pack | None]:
    return lambda: world.packs.at.get(bay(k))
