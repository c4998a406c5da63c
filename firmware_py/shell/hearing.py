"""Listening on one CAN channel without ever sending: which packs are there, is a car there, what do they say."""

from collections.abc import Callable, Iterator

from firmware_py.shell.plant import charger_nodes, pack_node
from hal.codecs.frames import CarCodec
from hal.config.bundle import Station
from hal.config.station import VehicleDevice
from hal.devices.bus_nodes import NEVER, CarNode, PackNode
from hal.devices.charger import ChargerNode
from hal.devices.composed import charger_name
from hal.ports import CanLink, Frame
from hal.readings import CarReading, PackReading

CAR, CAR_PACK = "car", "car-pack"


class Hearing:
    """Everybody who may speak on the channel `name` of a station, by place: `bay-1`, `buffer`, `car-pack`, `car`."""

    def __init__(self, station: Station, name: str, link: CanLink, clock: Callable[[], float]) -> None:
        self.nodes: dict[str, PackNode | CarNode] = dict(_nodes(station, name, link, clock))
        self.chargers: tuple[ChargerNode, ...] = tuple(node for _, node in charger_nodes(station, name, link, clock))
        """Modules that speak only when they are asked. Nobody asks them here."""
        self.last: dict[int, Frame] = {}
        """The last frame of each id."""
        self.frames = 0
        self._clock = clock
        speakers = (*self.nodes.values(), *self.chargers)
        self._known = frozenset(can_id for node in speakers for can_id in node.codec.ids)
        link.subscribe(self._take)

    @property
    def heard(self) -> tuple[str, ...]:
        """Places that have spoken so far."""
        return tuple(place for place, node in self.nodes.items() if node.at_s > NEVER)

    @property
    def strangers(self) -> tuple[int, ...]:
        """Ids that nobody of this station speaks with."""
        return tuple(sorted(self.last.keys() - self._known))

    def reading(self, place: str) -> PackReading | CarReading:
        """What one of them says now; all unknown when it is silent."""
        return self.nodes[place].reading(self._clock())

    def name_of(self, place: str) -> str | None:
        """Serial of a pack, VIN of a car."""
        reading = self.reading(place)
        return reading.vin if isinstance(reading, CarReading) else reading.serial

    def maker_of(self, place: str) -> str | None:
        """Who made a pack, by its own words: all that some say of themselves."""
        reading = self.reading(place)
        return None if isinstance(reading, CarReading) else reading.maker

    def wrong(self, place: str) -> str:
        """Why a pack is not the one of its file; empty for one that is."""
        node = self.nodes[place]
        return node.wrong if isinstance(node, PackNode) else ""

    def _take(self, frames: list[Frame]) -> None:
        self.frames += len(frames)
        for frame in frames:
            self.last[frame.can_id] = frame
            for charger in self.chargers:
                charger.take(frame)
            for node in self.nodes.values():
                if frame.can_id in node.codec.ids and node.take(frame):
                    break


def chargers_of(station: Station) -> dict[str, str]:
    """Name of each charger -> the channel it is asked on."""
    at = station.config.chargers
    return {charger_name(k): at[bay].link for k, bay in enumerate(station.bays, start=1) if bay in at}


def places_of(station: Station) -> dict[str, str]:
    """Place of each speaker -> the channel it speaks on."""
    found = {CAR_PACK if place == CAR else place: at.link for place, at in station.config.packs.at.items()}
    for device in station.devices.values():
        if isinstance(device, VehicleDevice):
            found[CAR] = device.link
    return found


def _nodes(
    station: Station, name: str, link: CanLink, clock: Callable[[], float]
) -> Iterator[tuple[str, PackNode | CarNode]]:
    for place, at in station.config.packs.at.items():
        if at.link == name:
            yield CAR_PACK if place == CAR else place, pack_node(station, place, clock)
    for device in station.devices.values():
        if isinstance(device, VehicleDevice) and device.link == name:
            yield CAR, CarNode(CarCodec(station.vehicles[device.model]), link, clock, station.config.freshness.car_s)
