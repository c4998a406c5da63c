"""All devices of one station, built from its files on given links. The composition root hands in the links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.station import UnitsDevice, VehicleDevice
from hal.devices.bus_nodes import CarNode, PackNode
from hal.devices.composed import Device
from hal.devices.unit import ModbusUnit
from hal.ports import CanLink, ModbusLink, MqttLink


@dataclass(frozen=True)
class Links:
    """The carriers of a station, by their names in the station file."""

    modbus: Mapping[str, ModbusLink]
    can: Mapping[str, CanLink]
    cloud: MqttLink


@dataclass(frozen=True)
class Plant:
    """What the controller reads and commands."""

    units: Mapping[str, ModbusUnit]
    devices: Mapping[str, Device]
    bays: tuple[PackNode, ...]
    buffer: PackNode
    car_pack: PackNode
    car: CarNode

    def device_of_unit(self, unit: str) -> str:
        """Name of the device that a unit belongs to."""
        return next(d.name for d in self.devices.values() if any(u.name == unit for u in d.units))


def build_plant(station: Station, links: Links, clock: Callable[[], float]) -> Plant:
    """Devices on links. `clock` gives monotonic seconds."""
    c = station.config
    units = {name: ModbusUnit(UnitCodec(unit), links.modbus[unit.link], clock) for name, unit in station.units.items()}
    devices = {
        name: Device(name, d.kind, [units[u] for u in d.units])
        for name, d in c.devices.items()
        if isinstance(d, UnitsDevice)
    }
    car = next(d for d in c.devices.values() if isinstance(d, VehicleDevice))
    vehicle, pack_type = station.vehicles[car.model], station.packs[c.packs.types[0]]
    stale_s = c.freshness.pack_s

    def node(number: int) -> PackNode:
        return PackNode(PackCodec(pack_type, number), clock, stale_s)

    return Plant(
        units,
        devices,
        tuple(node(n) for n in c.packs.bay_nodes),
        node(c.packs.buffer_node),
        node(c.packs.car_node),
        CarNode(CarCodec(vehicle), links.can[car.link], clock, c.freshness.car_s),
    )
