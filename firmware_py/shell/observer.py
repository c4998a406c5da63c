"""From units and frames to the Image: freshness is judged here, once, for everything."""

from collections.abc import Callable
from typing import Any

from firmware_py.core.image import Image
from firmware_py.shell.plant import Plant
from hal.config.bundle import Station
from hal.devices.composed import Device
from hal.devices.unit import ModbusUnit
from hal.ports import Frame


class Observer:
    """Keeps the Image. `period_s` says how often a unit is polled now: an older value than a few periods is stale."""

    def __init__(self, station: Station, plant: Plant, clock: Callable[[], float]) -> None:
        self._plant = plant
        self._clock = clock
        self._periods = station.config.freshness.periods
        self._period_s = {name: unit.codec.unit.poll.idle_s for name, unit in plant.units.items()}
        self._settling: dict[str, tuple[float, float]] = {}
        """Unit -> (since when, period before) while it waits for its first poll at a faster pace."""
        self._timeout_s = {name: unit.codec.info.timeout_s for name, unit in plant.units.items()}
        self._seen: dict[str, tuple[tuple[int, bool], ...]] = {}
        self._readings: dict[str, Any] = {}
        self._pack_nodes = (*plant.bays, plant.buffer)
        self._node_of = {can_id: node for node in self._pack_nodes for can_id in node.codec.ids}
        self._packs_dirty = True
        self._packs_due_s = 0.0
        self.image = Image()

    def set_period(self, unit: str, period_s: float) -> None:
        """The unit is polled at this period from now on. When that is faster, its device is unsettled until it was read.

        Until then its values count as fresh by the old period: what was watched does not become unknown by it.
        """
        if period_s < self._period_s[unit]:
            self._settling[unit] = (self._clock(), self._period_s[unit])
        self._period_s[unit] = period_s

    def is_fresh(self, unit: ModbusUnit) -> bool:
        """Values of a unit are young enough for the period at which it is polled now."""
        period_s = self._period_s[unit.name]
        if self._settling and unit.name in self._settling:
            since_s, slow_s = self._settling[unit.name]
            if unit.at_s >= since_s:
                del self._settling[unit.name]
            else:
                period_s = slow_s
        return self._clock() - unit.at_s <= self._periods * period_s + self._timeout_s[unit.name]

    def take_pack_frames(self, frames: list[Frame]) -> None:
        """Frames of the packs' channel."""
        for frame in frames:
            node = self._node_of.get(frame.can_id)
            if node is not None and node.take(frame):
                self._packs_dirty = True

    def take_car_frames(self, frames: list[Frame]) -> None:
        """Frames of the car's channel: the car, and the pack on it."""
        for frame in frames:
            _ = self._plant.car.take(frame) or self._plant.car_pack.take(frame)

    def update(self) -> bool:
        """Look at everything again. `True` when the Image differs from the last one in more than its times."""
        now = self._clock()
        changed: dict[str, Any] = {}
        for name, device in self._plant.devices.items():
            mark = tuple((u.version, self.is_fresh(u)) for u in device.units)
            if mark != self._seen.get(name):
                self._seen[name] = mark
                changed[name] = device.reading(self.is_fresh)
        car, car_pack = self._plant.car.reading(now), self._plant.car_pack.reading(now)
        if car is not self.image.car:
            changed["car"] = car
        if car_pack is not self.image.car_pack:
            changed["car_pack"] = car_pack
        if self._packs_dirty or now >= self._packs_due_s:
            self._packs_dirty = False
            self._packs_due_s = now + self._plant.buffer.stale_after_s / 4
            changed["packs"] = tuple(node.reading(now) for node in self._plant.bays)
            changed["buffer"] = self._plant.buffer.reading(now)
        unsettled = self._unsettled() if self._settling or self.image.unsettled else ()
        if unsettled != self.image.unsettled:
            changed["unsettled"] = unsettled
        if not changed:
            return False
        old = self.image
        self.image = Image(**{field: changed.get(field, getattr(old, field)) for field in _FIELDS})
        return True

    def _unsettled(self) -> tuple[str, ...]:
        return tuple(sorted(d.name for d in self._plant.devices.values() if any(u.name in self._settling for u in d.units)))

    def device(self, name: str) -> Device:
        """A device by name."""
        return self._plant.devices[name]


_FIELDS = ("lift", "locks", "shuttle", "stacker", "platform", "safety", "car", "car_pack", "buffer", "packs", "unsettled")
