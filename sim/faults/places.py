"""Packs and places by the names that people use."""

from typing import Final

from sim.emulators import Emulators
from sim.faults.kinds import Argument, FaultError, Parameter
from sim.world import Pack, World


def places(world: World, _e: "Emulators | None") -> tuple[Argument, ...]:
    return ("car", "buffer", "store", "head", "fork", *(f"bay-{k}" for k in range(1, world.plant.bays + 1)))


PLACE: Final = Parameter("place", "where the pack is", str, places)
PACK: Final = Parameter("pack", "serial number or place of the pack")


def pack_at(world: World, place: str) -> Pack:
    """The pack at a place, by the name that people use. Raises `FaultError` when there is none."""
    rail: dict[str, Pack | None] = {"buffer": world.buffer_pack, "store": world.store_pack}
    pack = rail[place] if place in rail else world.packs.at.get(place)
    if pack is None and place == "car" and world.cars.queue:
        pack = world.cars.queue[0].pack
    if pack is None:
        raise FaultError(f"there is no pack at {place}")
    return pack


def named_pack(world: World, name: str) -> Pack:
    """The pack with this serial number, or at this place. Raises `FaultError` when there is none."""
    cars = [*world.cars.queue, *([world.cars.lane] if world.cars.lane else [])]
    known: list[Pack] = [*world.packs.at.values(), *(car.pack for car in cars if car.pack)]
    return next((pack for pack in known if pack.serial == name), None) or pack_at(world, name)
