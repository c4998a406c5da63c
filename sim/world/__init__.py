"""The truth of a station: plant physics, closed form, advanced lazily."""

from sim.world.car import PARKS_AGAIN_S, Car, Stage
from sim.world.packs import Pack
from sim.world.plant import PackKind, Plant
from sim.world.world import World

__all__ = ["PARKS_AGAIN_S", "Car", "Pack", "PackKind", "Plant", "Stage", "World"]
