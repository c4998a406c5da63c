"""From units and frames to the Image: readings are composed here, and freshness is judged once, for everything."""

from collections.abc import Callable
from operator import is_
from typing import Any, Final

from firmware_py.core.image import Image
from firmware_py.shell.freshness import Freshness
from firmware_py.shell.plant import Plant
from hal.config.bundle import Station
from hal.devices.bus_nodes import CarNode, PackNode
from hal.devices.charger import ChargerNode
from hal.devices.code_reader import CodeReader
from hal.devices.composed import charger_name
from hal.devices.unit import ModbusUnit
from hal.ports import Frame
from hal.readings import ChargerReading

_FIELDS = tuple(Image.__dataclass_fields__)
_NO_CHARGER: Final = ChargerReading()


def _same(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    """The very same readings: a speaker makes a new one when what it says changes."""
    return len(new) == len(old) and all(map(is_, new, old))


class Observer:
    """Keeps the Image. A reading is composed anew when one of its units changed, became stale or fresh again."""

    def __init__(self, station: Station, plant: Plant, clock: Callable[[], float]) -> None:
        self._plant = plant
        self._clock = clock
        self._freshness = Freshness(plant.units, station.config.freshness.periods)
        self._device_of = {u.name: d.name for d in plant.devices.values() for u in d.units}
        self._version = dict.fromkeys(plant.units, -1)
        self._dirty: dict[str, None] = dict.fromkeys(plant.devices)
        self._node_of = {
            link: {can_id: node for node in speakers for can_id in node.codec.ids}
            for link, speakers in plant.speakers.items()
        }
        self._car_links = {link for link, speakers in plant.speakers.items() if plant.car in speakers}
        self._packs_dirty = True
        self._packs_due_s = 0.0
        self._pack_s = station.config.freshness.pack_s
        at_lane: dict[str, PackNode | CarNode | CodeReader | None] = {
            "car": plant.car,
            "car_pack": plant.car_pack,
            "scanner": plant.scanner,
        }
        self._at_lane = tuple((name, node) for name, node in at_lane.items() if node is not None)
        bays = range(1, station.config.station.bays + 1)
        self._chargers = tuple(plant.chargers.get(charger_name(k)) for k in bays) if plant.chargers else ()
        self._chargers_dirty = False
        self.image = Image()

    def set_period(self, unit: str, period_s: float) -> None:
        """The unit is polled at this period from now on; see `Freshness.set_period`."""
        self._freshness.set_period(unit, period_s, self._clock())
        self._dirty[self._device_of[unit]] = None

    def polled(self, unit: ModbusUnit) -> None:
        """New values of a unit came in. Cheap when they are the old ones."""
        device = self._device_of[unit.name]
        changed = unit.version != self._version[unit.name]
        if changed or self._freshness.is_settling(unit) or self._plant.devices[device].undecided:
            self._version[unit.name] = unit.version
            self._dirty[device] = None
        self._freshness.polled(unit)

    def take_frames(self, link: str, frames: list[Frame]) -> None:
        """Frames of one CAN link."""
        nodes, brought = self._node_of[link], False
        for frame in frames:
            node = nodes.get(frame.can_id)
            if node is not None and node.take(frame) and not isinstance(node, ChargerNode):
                brought = True
        if brought and link not in self._car_links:
            self._packs_dirty = True

    def take_lines(self, lines: list[bytes]) -> bool:
        """Lines of the code reader. `True` when one of them is a reading."""
        return self._plant.scanner is not None and self._plant.scanner.take(lines)

    def charger_polled(self) -> None:
        """A charger brought values."""
        self._chargers_dirty = True

    def update(self) -> bool:
        """Look at everything again. `True` when the Image differs from the last one."""
        now = self._clock()
        for unit in self._freshness.flips(now):
            self._dirty[self._device_of[unit]] = None
        changed = self._frames(now)
        if self._dirty:
            for name in self._dirty:
                changed[name] = self._plant.devices[name].reading(self._freshness.is_fresh)
            self._dirty = {}
            changed["unsettled"] = self._unsettled()
        if not changed:
            return False
        old = self.image
        self.image = Image(**{field: changed.get(field, getattr(old, field)) for field in _FIELDS})
        return True

    def age_s(self, device: str) -> float | None:
        """How long ago the oldest value of a device was read; `None` for a name that is no Modbus device."""
        found = self._plant.devices.get(device)
        return None if found is None else self._clock() - min(u.at_s for u in found.units)

    def _frames(self, now: float) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name, node in self._at_lane:
            seen = node.reading(now)
            if seen is not getattr(self.image, name):
                changed[name] = seen
        if self._chargers and (self._chargers_dirty or now >= self._packs_due_s):
            self._chargers_dirty = False
            chargers = tuple(_NO_CHARGER if c is None else c.reading(now) for c in self._chargers)
            if not _same(chargers, self.image.chargers):
                changed["chargers"] = chargers
        if self._packs_dirty or now >= self._packs_due_s:
            self._packs_dirty = False
            self._packs_due_s = now + self._pack_s / 4
            packs = tuple(node.reading(now) for node in self._plant.bays)
            if not _same(packs, self.image.packs):
                changed["packs"] = packs
            if self._plant.buffer is not None:
                buffer = self._plant.buffer.reading(now)
                if buffer is not self.image.buffer:
                    changed["buffer"] = buffer
        return changed

    def _unsettled(self) -> tuple[str, ...]:
        is_settling = self._freshness.is_settling
        return tuple(sorted(d.name for d in self._plant.devices.values() if any(is_settling(u) for u in d.units)))
