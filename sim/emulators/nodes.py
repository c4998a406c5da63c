"""Who talks on CAN: a pack at each bay, at the buffer and on the car, and the car itself."""

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from hal.codecs.frames import CarCodec, FrameCodec, PackCodec
from hal.commands import CarMode
from hal.config.pack import PackType
from hal.config.vehicle import VehicleType
from hal.ports import Frame
from sim.emulators.can import CanEmulator, CanValues
from sim.world import Pack, World
from sim.world.car import Car

LOOK_EVERY_S: Final = 30.0
"""Slow values (temperatures) are looked at again after this plant time."""


class PackEmulator(CanEmulator):
    """The BMS of whatever pack has its plug in at one place. `bay`: the number of that bay, if it is one."""

    def __init__(
        self,
        world: World,
        kinds: Mapping[str, PackType],
        node: int,
        here: Callable[[], Pack | None],
        on_car: bool,
        coalesce_s: float | None,
        phase: float,
        bay: int | None = None,
    ) -> None:
        self._here = here
        self._bay = bay
        self._on_car = on_car
        self._kinds = kinds
        self._codecs = {name: PackCodec(kind, node) for name, kind in kinds.items()}
        self.maker: str | None = None
        """What it says of its maker in place of what its file knows."""
        super().__init__(world, next(iter(self._codecs.values())), coalesce_s, phase)

    def codec(self) -> FrameCodec:
        """Frames of the type of pack that is there."""
        pack = self._here()
        return self._codec if pack is None else self._codecs[pack.kind.name]

    def look(self) -> Hashable:
        """The pack, whether anything changed, and a slow tick."""
        pack = self._here()
        if pack is None or pack.mute or pack.kind.name not in self._codecs:
            return None
        return (pack.serial, self.world.changes, self.world.clock.plant // LOOK_EVERY_S)

    def values(self) -> CanValues:
        """Truth of the pack. In a bay its contactors are open and its HVIL is closed by the connector there."""
        pack, world = self._here(), self.world
        assert pack is not None
        car = world.cars.lane if self._on_car else None
        amps = 0.0 if self._bay is None else world.rack.output_a(self._bay)
        degc = pack.temperature(world.clock.plant, world.plant.ambient_degc)
        info = self._kinds[pack.kind.name].pack
        cell = pack.voltage_v / pack.kind.cells
        return {
            "serial": "" if pack.nameless else pack.serial,
            "soc_pct": pack.soc_pct,
            "soh_pct": pack.soh_pct,
            "voltage_v": pack.voltage_v,
            "current_a": amps,
            "cell_max_v": cell + pack.cell_spread_v / 2.0,
            "cell_min_v": cell - pack.cell_spread_v / 2.0,
            "temp_max_degc": degc,
            "temp_min_degc": degc - 1.0,
            "contactors_open": not amps and (car is None or not car.hv_on),
            "hvil_closed": _hvil_closed(world) if self._on_car else True,
            "fault_bits": pack.fault_bits,
            "temp_degc": degc,
            "charge_limit_v": info.voltage_max_v,
            "charge_limit_a": info.current_max_a,
            "discharge_limit_v": info.voltage_min_v,
            "discharge_limit_a": info.current_max_a,
            "charge_allowed": not pack.fault_bits,
            "discharge_allowed": not pack.fault_bits,
            "maker": self.maker or info.maker,
        }


class CarEmulator(CanEmulator):
    """The car's gateway, heard while it stands in the grooves."""

    def __init__(self, world: World, kind: VehicleType, coalesce_s: float | None) -> None:
        self._requests = CarCodec(kind)
        self._count: int | None = None
        self.heard: Callable[[CarMode], bool] = lambda _: True
        """Told of every new request before the car acts. `False`: it never came."""
        super().__init__(world, self._requests, coalesce_s, 0.5)

    def look(self) -> Hashable:
        """The car, whether anything changed, and time itself while its DC link discharges."""
        car = self.world.cars.parked
        if car is None:
            return None
        return (car.vin, self.world.changes, self.world.clock.plant if self.world.cars.decaying(car) else 0.0)

    def values(self) -> CanValues:
        """Truth of the car as it reports it."""
        world, car = self.world, self.world.cars.parked
        assert car is not None
        return _car_values(world, car)

    def on_frame(self, frame: Frame, now: float) -> None:
        """A request of the station; one whose counter does not advance is old and changes nothing."""
        self.world.advance(now)
        request = self._requests.decode_request(frame)
        if request is None or self.fault.silent:
            return
        mode, count = request
        if count != self._count and self.heard(mode):
            self._count = count
            self.world.cars.ask(mode)


def _hvil_closed(world: World) -> bool:
    """The loop through the plugs of car and pack."""
    car = world.cars.lane
    if car is None:
        return world.latched
    return car.hvil_stuck or (world.latched and not car.hvil_broken)


def _car_values(world: World, car: Car) -> CanValues:
    return {
        "vin": car.reported_vin or car.vin,
        "in_park": car.in_park,
        "brake_held": car.brake_held,
        "standing": car.standing,
        "doors_closed": car.doors_closed,
        "hv_off": not car.hv_on,
        "dc_link_v": world.cars.dc_link_v(car),
        "swap_mode": car.swap_mode,
        "pack_serial": car.serial_seen,
        "pack_latched": world.latched,
        "hvil_closed": _hvil_closed(world),
        "self_check": car.self_check.value,
        "insulation_ok": car.insulation_ok,
        "trouble_codes": car.trouble_codes,
    }
