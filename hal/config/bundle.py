"""A loaded station: everything that its files say, checked against each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hal.config.charger import ChargerType
from hal.config.device import DeviceFile
from hal.config.pack import PackType
from hal.config.station import DEVICE_NAMES, DeviceConfig, Poll, StationConfig
from hal.config.vehicle import VehicleType


@dataclass(frozen=True, slots=True)
class Channel:
    """One wired channel of a digital I/O unit. `inverted` means that 0 on the wire is True."""

    group: str
    index: int
    inverted: bool = False


Wired = Channel | tuple[Channel, ...]
"""A tuple when the role is a tuple, even with one channel."""


@dataclass(frozen=True)
class Unit:
    """One Modbus unit of a station, ready for a codec. Outputs of many points are named by point: `latch_open_1`."""

    name: str
    link: str
    unit: int
    device: DeviceFile
    poll: Poll
    gain: Mapping[str, float]
    inputs: Mapping[str, Wired]
    outputs: Mapping[str, Channel]
    roles: Mapping[str, str] = field(default_factory=dict)
    verbs: Mapping[str, str] = field(default_factory=dict)

    @property
    def offers(self) -> Mapping[str, str]:
        """Role -> name of the register or wired input that gives it."""
        registers = self.roles or {name: name for name, r in self.device.registers.items() if r.readable}
        return {**registers, **{name: name for name in self.inputs}}

    @property
    def commands(self) -> Mapping[str, str]:
        """Verb of the device -> verb of the unit's file."""
        return self.verbs or {name: name for name in self.device.commands}


@dataclass(frozen=True)
class Station:
    """The whole station. `hash` is over the content of all files without `[links]`: the same plant, the same hash."""

    config: StationConfig
    units: Mapping[str, Unit]
    packs: Mapping[str, PackType]
    vehicles: Mapping[str, VehicleType]
    chargers: Mapping[str, ChargerType]
    hash: str

    @property
    def name(self) -> str:
        """Name of the station."""
        return self.config.station.name

    @property
    def devices(self) -> Mapping[str, DeviceConfig]:
        """Device name -> what it is made of."""
        return self.config.devices

    @property
    def unproven(self) -> tuple[str, ...]:
        """Files that say of themselves that nobody has run them on hardware: each once, however many units use it."""
        devices = {f"devices/{u.device.name}" for u in self.units.values() if not u.device.device.verified_on_hardware}
        packs = {f"packs/{name}" for name, each in self.packs.items() if not each.pack.verified_on_hardware}
        cars = {f"vehicles/{name}" for name, each in self.vehicles.items() if not each.vehicle.verified_on_hardware}
        modules = {f"chargers/{name}" for name, each in self.chargers.items() if not each.charger.verified_on_hardware}
        return tuple(sorted(devices | packs | cars | modules))

    @property
    def bays(self) -> tuple[str, ...]:
        """Names of the bays, bay 1 first."""
        return tuple(f"bay-{k}" for k in range(1, self.config.station.bays + 1))

    @property
    def absent(self) -> tuple[str, ...]:
        """Devices that the station does not have: only a bench lacks any."""
        return tuple(name for name in DEVICE_NAMES if name not in self.config.devices)

    def packs_at(self, place: str) -> Mapping[str, PackType]:
        """The classes of pack that can stand at a place. They speak the same frames there."""
        only = self.config.packs.at[place].type
        return self.packs if only is None else {only: self.packs[only]}

    def pack_type(self, code: str) -> PackType | None:
        """The class that a pack code names, or None: never a guess."""
        found = [p for p in self.packs.values() if p.matches(code)]
        return found[0] if len(found) == 1 else None
