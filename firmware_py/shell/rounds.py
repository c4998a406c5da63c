"""Who asks what in turn: a poller for each Modbus line, one for the chargers of a bus, the heartbeat between polls."""

from collections.abc import Callable, Sequence

from firmware_py.shell.chargers import ChargerPoller
from firmware_py.shell.effector import SAFETY, Effector
from firmware_py.shell.heart import Heart
from firmware_py.shell.observer import Observer
from firmware_py.shell.plant import Plant
from firmware_py.shell.poller import LinkPoller
from firmware_py.shell.progress import Progress
from firmware_py.shell.roll_call import RollCall
from hal.config.bundle import Station
from hal.devices.unit import ModbusUnit


def line_pollers(
    station: Station, plant: Plant, observer: Observer, roll: RollCall, clock: Callable[[], float]
) -> tuple[LinkPoller, ...]:
    """One for each line that has units."""
    by_link: dict[str, list[ModbusUnit]] = {}
    for unit in plant.units.values():
        by_link.setdefault(unit.codec.unit.link, []).append(unit)
    freshness = station.config.freshness
    return tuple(LinkPoller(link, units, observer, roll, clock, freshness) for link, units in by_link.items())


def charger_pollers(
    station: Station, plant: Plant, roll: RollCall, clock: Callable[[], float]
) -> tuple[ChargerPoller, ...]:
    """One for each bus that has chargers."""
    chargers, freshness = plant.chargers.values(), station.config.freshness
    on_link = {link: [c for c in chargers if c in heard] for link, heard in plant.speakers.items()}
    return tuple(ChargerPoller(link, found, roll, clock, freshness) for link, found in on_link.items() if found)


def heart_of(
    station: Station,
    plant: Plant,
    pollers: Sequence[LinkPoller],
    effector: Effector,
    progress: Progress,
    clock: Callable[[], float],
) -> Heart:
    """The heartbeat of the safety PLC, in the pauses of its line's poller."""
    units = plant.devices[SAFETY].units if SAFETY in plant.devices else ()
    poller = next((p for p in pollers if any(unit.name in p.names for unit in units)), None)
    room_s = max((unit.codec.info.timeout_s for unit in units), default=0.0)
    return Heart(effector, progress, station.config.process.safety.heartbeat_s, poller, room_s, clock)
