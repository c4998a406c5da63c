"""All emulators of a station, made from its own files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Final

from hal.codecs.module import ModuleCodec
from hal.config.bundle import Station, Unit
from hal.config.station import ReaderDevice, UnitsDevice, VehicleDevice
from sim.emulators import altivar, bender, iai, kolver, laumas, leadshine, moxa, pilz, wago
from sim.emulators.acts import ACTS, act_nothing
from sim.emulators.axis import AxisEmulator
from sim.emulators.can import CanEmulator
from sim.emulators.charger import ChargerEmulator
from sim.emulators.code_reader import CodeReaderEmulator
from sim.emulators.nodes import CarEmulator, PackEmulator
from sim.emulators.protocol import ModbusEmulator
from sim.emulators.side import SideEmulator
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.views import VIEWS
from sim.world import Pack, World

SPREAD: Final = 16
"""Nodes among which the sending times of packs are spread."""


@dataclass
class Emulators:
    """Modbus units by link and unit id, CAN nodes by link; the same by name for faults."""

    modbus: dict[str, dict[int, ModbusEmulator]] = field(default_factory=dict)
    can: dict[str, list[CanEmulator | ChargerEmulator]] = field(default_factory=dict)
    units: dict[str, UnitEmulator] = field(default_factory=dict)
    nodes: dict[str, PackEmulator] = field(default_factory=dict)
    chargers: dict[str, ChargerEmulator] = field(default_factory=dict)
    car: CarEmulator | None = None
    lines: dict[str, CodeReaderEmulator] = field(default_factory=dict)
    """By link."""


def build_emulators(world: World, station: Station, coalesce_s: float | None = None) -> Emulators:
    """Everything that the station's links reach. `coalesce_s`: each CAN message only so often (fast simulation)."""
    emulators = Emulators()
    for device in station.devices.values():
        if isinstance(device, UnitsDevice):
            rows = _rows([station.units[name] for name in device.units])
            for name in device.units:
                unit = station.units[name]
                emulators.units[name] = emulator = build_unit(world, unit, device.kind, rows[name])
                line = emulators.modbus.setdefault(unit.link, {})
                line[unit.unit] = emulator
                line |= {other: SideEmulator(emulator, other) for other in emulator.other_ids}
    _build_can(emulators, world, station, coalesce_s)
    return emulators


Model = Callable[[World, Unit, str, Rows], UnitEmulator]
MODELS: Final[dict[str, Model]] = {
    leadshine.MODEL: leadshine.LeadshineEmulator,
    iai.MODEL: iai.IaiEmulator,
    altivar.MODEL: altivar.AltivarEmulator,
    bender.MODEL: bender.BenderEmulator,
    kolver.MODEL: kolver.KolverEmulator,
    laumas.MODEL: laumas.LaumasEmulator,
    pilz.MODEL: pilz.PilzEmulator,
    **dict.fromkeys(moxa.MODELS, moxa.MoxaEmulator),
    wago.MODEL: wago.WagoEmulator,
}
"""Products with quirks of their own, by the model of their device file."""


def build_unit(world: World, unit: Unit, kind: str, rows: Rows = MappingProxyType({})) -> UnitEmulator:
    """The emulator of one unit: a model with quirks of its own, a drive by its verbs, or a plain view of its kind."""
    model = MODELS.get(unit.device.device.model)
    if model is not None:
        return model(world, unit, kind, rows)
    if kind in {"lift", "shuttle"} and "move" in unit.commands.values():
        return AxisEmulator(world, unit, kind, rows)
    return UnitEmulator(world, unit, VIEWS[kind], ACTS.get(kind, act_nothing), rows)


def _rows(units: Sequence[Unit]) -> dict[str, Rows]:
    """Where the part of each unit begins and ends in a row that several of them give."""
    rows: dict[str, dict[str, slice]] = {unit.name: {} for unit in units}
    for role in {role for unit in units for role in unit.inputs}:
        given = [(unit.name, wired) for unit in units if isinstance(wired := unit.inputs.get(role), tuple)]
        begin = 0
        for name, wired in given if len(given) > 1 else ():
            rows[name][role] = slice(begin, begin := begin + len(wired))
    return dict(rows)


def _build_can(emulators: Emulators, world: World, station: Station, coalesce_s: float | None) -> None:
    for number, (place, at) in enumerate(station.config.packs.at.items(), start=1):
        here, kinds = _pack_at(world, place), station.packs_at(place)
        phase = number % SPREAD / (2.0 * SPREAD)
        bay = int(place.removeprefix("bay-")) if place.startswith("bay-") else None
        emulator = PackEmulator(world, kinds, at.node or 0, here, place == "car", coalesce_s, phase, bay)
        emulators.nodes[place] = emulator
        emulators.can.setdefault(at.link, []).append(emulator)
    for place, charger in station.config.chargers.items():
        codec = ModuleCodec(station.chargers[charger.type], charger.address)
        bay = int(place.removeprefix("bay-"))
        pack, feed = partial(world.rack.plugged, bay), partial(world.rack.feed, bay)
        emulators.chargers[place] = module = ChargerEmulator(world, codec, pack, feed)
        emulators.can.setdefault(charger.link, []).append(module)
    for device in station.devices.values():
        if isinstance(device, ReaderDevice):
            emulators.lines[device.link] = CodeReaderEmulator(world, device)
        elif isinstance(device, VehicleDevice):
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
