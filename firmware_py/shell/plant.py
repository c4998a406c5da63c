"""All devices of one station, built from its files on given links. The composition root hands in the links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.module import ModuleCodec
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.station import UnitsDevice, VehicleDevice
from hal.devices.bus_nodes import CarNode, PackNode
from hal.devices.charger import ChargerNode
from hal.devices.composed import Device, charger_name
from hal.devices.unit import ModbusUnit
from hal.ports import CanLink, ModbusLink, MqttLink

Speaker = PackNode | CarNode | ChargerNode


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
    chargers: Mapping[str, ChargerNode]
    """By name, `charger-3` for bay 3; only those that the station has."""
    speakers: Mapping[str, tuple[Speaker, ...]]
    """Who is heard on each CAN link."""

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
    car_node = CarNode(CarCodec(station.vehicles[car.model]), links.can[car.link], clock, c.freshness.car_s)
    bays = [f"bay-{k}" for k in range(1, c.station.bays + 1)]
    nodes = {place: pack_node(station, place, clock) for place in c.packs.at}
    chargers = {
        charger_name(k): charger_node(station, k, links.can[at.link], clock)
        for k, at in enumerate(map(c.chargers.get, bays), start=1)
        if at is not None
    }
    speakers: dict[str, tuple[Speaker, ...]] = {car.link: (car_node,)}
    for place, at in c.packs.at.items():
        speakers[at.link] = (*speakers.get(at.link, ()), nodes[place])
    for place, charger in c.chargers.items():
        node = chargers[charger_name(bays.index(place) + 1)]
        speakers[charger.link] = (*speakers.get(charger.link, ()), node)
    packs = tuple(nodes[place] for place in bays)
    return Plant(units, devices, packs, nodes["buffer"], nodes["car"], car_node, chargers, speakers)


def charger_node(station: Station, bay: int, link: CanLink, clock: Callable[[], float]) -> ChargerNode:
    """The charger of a bay (1-based) that has one."""
    at = station.config.chargers[f"bay-{bay}"]
    kind = station.chargers[at.type]
    stale_s = station.config.freshness.periods * kind.charger.every_s + kind.charger.timeout_s
    return ChargerNode(charger_name(bay), ModuleCodec(kind, at.address), link, clock, stale_s)


def pack_node(station: Station, place: str, clock: Callable[[], float]) -> PackNode:
    """Whoever stands at a place of `[packs.at]`: all classes that can be there speak the same frames."""
    pack = next(iter(station.packs_at(place).values()))
    return PackNode(PackCodec(pack, station.config.packs.at[place].node or 0), clock, station.config.freshness.pack_s)
