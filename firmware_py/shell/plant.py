"""All devices of one station, built from its files on given links. The composition root hands in the links."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.module import ModuleCodec
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.station import ReaderDevice, UnitsDevice, VehicleDevice
from hal.devices.bus_nodes import CarNode, PackNode
from hal.devices.charger import ChargerNode
from hal.devices.code_reader import CodeReader
from hal.devices.composed import Device, charger_name
from hal.devices.unit import ModbusUnit
from hal.ports import CanLink, LineLink, ModbusLink, MqttLink

Speaker = PackNode | CarNode | ChargerNode


@dataclass(frozen=True)
class Links:
    """The carriers of a station, by their names in the station file."""

    modbus: Mapping[str, ModbusLink]
    can: Mapping[str, CanLink]
    cloud: MqttLink
    lines: Mapping[str, LineLink] = field(default_factory=dict)


@dataclass(frozen=True)
class Plant:
    """What the controller reads and commands."""

    units: Mapping[str, ModbusUnit]
    devices: Mapping[str, Device]
    bays: tuple[PackNode, ...]
    buffer: PackNode | None
    car_pack: PackNode | None
    car: CarNode | None
    """These three only a bench lacks."""
    packs: Mapping[str, PackNode]
    """All of them by place."""
    chargers: Mapping[str, ChargerNode]
    """By name, `charger-3` for bay 3; only those that the station has."""
    scanner: CodeReader | None
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
    speakers: dict[str, tuple[Speaker, ...]] = {}
    car_node = None
    for device in c.devices.values():
        if isinstance(device, VehicleDevice):
            codec = CarCodec(station.vehicles[device.model])
            car_node = CarNode(codec, links.can[device.link], clock, c.freshness.car_s)
            speakers[device.link] = (car_node,)
    nodes = {place: pack_node(station, place, clock) for place in c.packs.at}
    chargers: dict[str, ChargerNode] = {}
    for place, at in c.packs.at.items():
        speakers[at.link] = (*speakers.get(at.link, ()), nodes[place])
    for channel, link in links.can.items():
        found = dict(charger_nodes(station, channel, link, clock))
        if found:
            chargers |= found
            speakers[channel] = (*speakers.get(channel, ()), *found.values())
    packs = tuple(nodes[place] for place in station.bays)
    buffer, car_pack, scanner = nodes.get("buffer"), nodes.get("car"), _scanner(station, clock)
    return Plant(units, devices, packs, buffer, car_pack, car_node, nodes, chargers, scanner, speakers)


def _scanner(station: Station, clock: Callable[[], float]) -> CodeReader | None:
    readers = ((name, d) for name, d in station.devices.items() if isinstance(d, ReaderDevice))
    return next((CodeReader(name, d, clock, station.config.freshness.periods) for name, d in readers), None)


def charger_nodes(
    station: Station, channel: str, link: CanLink, clock: Callable[[], float]
) -> Iterator[tuple[str, ChargerNode]]:
    """The chargers on one CAN link of the station, by name."""
    for k, at in enumerate(map(station.config.chargers.get, station.bays), start=1):
        if at is not None and at.link == channel:
            kind = station.chargers[at.type]
            stale_s = kind.charger.stale_after_s(station.config.freshness.periods)
            node = ChargerNode(charger_name(k), ModuleCodec(kind, at.address), link, clock, stale_s)
            yield node.name, node


def pack_node(station: Station, place: str, clock: Callable[[], float]) -> PackNode:
    """Whoever stands at a place of `[packs.at]`: all classes that can be there speak the same frames."""
    pack = next(iter(station.packs_at(place).values()))
    return PackNode(PackCodec(pack, station.config.packs.at[place].node or 0), clock, station.config.freshness.pack_s)
