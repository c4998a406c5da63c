"""Cross checks of packs, vehicles and places: ids on shared channels, fits both ways, wheelbase, a place per bay."""

from collections.abc import Mapping
from typing import Final

from hal.codecs.frames import id_at
from hal.config.check_bus import messages_of, pack_at
from hal.config.draft import Draft
from hal.config.mistakes import Spot
from hal.config.pack import PackType
from hal.config.station import PackAt, PacksConfig, StationInfo
from hal.config.vehicle import VehicleType

Packs = Mapping[str, PackType | None]
Vehicles = Mapping[str, VehicleType | None]
HIGHEST_NODE: Final = 253
"""254 and 255 are no addresses of one sender (SAE J1939-81)."""


def check_packs(draft: Draft, packs: Packs, vehicles: Vehicles) -> None:
    """Note everything that is wrong with `[packs]`, `[places]` and `[station] vehicles`."""
    info, config = draft.info, draft.packs
    if config is not None:
        _check_at(draft, config, packs)
    if info is None:
        return
    _check_info(draft, info)
    if not (info.bench and not draft.place_names):
        _check_places(draft, info)
    for name in info.vehicles:
        vehicle = vehicles.get(name)
        if vehicle is not None:
            _check_vehicle(draft, info, vehicle)
    for name, pack in packs.items():
        if pack is not None:
            _check_fit(draft, info, name, pack, vehicles)


def _check_at(draft: Draft, config: PacksConfig, packs: Packs) -> None:
    spot = draft.spot / "packs" / "at"
    able = draft.links_of({"can"})
    _check_names(draft, config, spot)
    for place, at in config.at.items():
        here = spot / place
        if at.link not in able:
            (here / "link").unknown(at.link, able, "a CAN link")
        if at.type is not None and at.type not in config.types:
            (here / "type").unknown(at.type, config.types, "a type of packs.types")
        pack = pack_at(at, config, packs)
        if pack is not None:
            _check_node(at, pack, here)
    _check_frames(config, packs, draft.spot / "packs" / "types")


def _check_frames(config: PacksConfig, packs: Packs, spot: Spot) -> None:
    maps = {
        pack.can.model_dump_json() + pack.dbc_text for name in config.types if (pack := packs.get(name)) is not None
    }
    if len(maps) > 1 and any(at.type is None for at in config.at.values()):
        spot.note(", ".join(config.types), "types that speak the same frames, or a type for each place of packs.at")


def _check_names(draft: Draft, config: PacksConfig, spot: Spot) -> None:
    if draft.info is None:
        return
    bays = [f"bay-{k}" for k in range(1, draft.info.bays + 1)]
    wanted = [*bays, "buffer", "car"]
    for place in config.at:
        if place not in wanted:
            (spot / place).unknown(place, wanted, "a place where a pack speaks")
    for place in bays if draft.is_bench else wanted:
        if place not in config.at:
            spot.note(f"no {place}", f"each of {draft.info.bays} bays, the buffer and the car")
    car = config.at.get("car")
    for place, at in config.at.items():
        if car is not None and place != "car" and at.link == car.link:
            (spot / "car" / "link").note(repr(car.link), f"another link than {place} has")
            return


def _check_node(at: PackAt, pack: PackType, spot: Spot) -> None:
    if pack.can.node_in == "none":
        if at.node is not None:
            (spot / "node").note(str(at.node), f"no node: the ids of {pack.name} are fixed, it needs a link of its own")
    elif at.node is None:
        (spot / "node").note("(absent)", f"a node, by which {pack.name} is known on its channel")
    elif pack.can.node_in == "low-byte" and at.node > HIGHEST_NODE:
        (spot / "node").note(str(at.node), f"0 to {HIGHEST_NODE}, it stands in the low byte of the ids")
    else:
        for message in messages_of(pack):
            limit = 0x1FFFFFFF if message.extended else 0x7FF
            if id_at(message, pack.can, at.node) > limit:
                text = f"{at.node}: {message.name} would be 0x{id_at(message, pack.can, at.node):X}"
                (spot / "node").note(text, f"ids up to 0x{limit:X}")


def _check_info(draft: Draft, info: StationInfo) -> None:
    spot = draft.spot / "station"
    if info.like is not None and not info.bench:
        (spot / "like").note(repr(info.like), "only with bench = true: a station that serves has its own values")
    for key in ("lock_points", "vehicles", "wheelbase_min_mm", "wheelbase_max_mm"):
        if not getattr(info, key) and not info.bench:
            (spot / key).note("(absent)", "a value is required")


def _check_places(draft: Draft, info: StationInfo) -> None:
    spot = draft.spot / "places"
    wanted = [*(f"bay-{k}" for k in range(1, info.bays + 1)), "buffer", "store", "isolation"]
    for name in draft.place_names:
        if name not in wanted:
            (spot / name).unknown(name, wanted, "a place")
    for name in wanted:
        if name not in draft.place_names:
            spot.note(f"no {name}", f"a place for each of {info.bays} bays, the buffer, the store and isolation")
    seen: dict[tuple[float, str], str] = {}
    for name, place in draft.places.items():
        other = seen.setdefault((place.level_mm, place.side), name)
        if other != name:
            (spot / name).note(f"{place.level_mm} mm {place.side}", f"a place of its own: {other} is there")
        reach = draft.process_parts.get("stacker")
        if reach is not None and not reach.min_mm <= place.level_mm <= reach.max_mm:
            (spot / name / "level_mm").note(str(place.level_mm), f"{reach.min_mm} to {reach.max_mm} (process.stacker)")


def _check_vehicle(draft: Draft, info: StationInfo, vehicle: VehicleType) -> None:
    spot = draft.spot / "station"
    if vehicle.vehicle.lock_points != info.lock_points:
        text = f"{vehicle.name} has {vehicle.vehicle.lock_points}"
        (spot / "vehicles").note(text, f"vehicles with {info.lock_points} lock points")
    low, high = info.wheelbase_min_mm, info.wheelbase_max_mm
    if low is not None and high is not None and not low <= vehicle.vehicle.wheelbase_mm <= high:
        text = f"{vehicle.name} has {vehicle.vehicle.wheelbase_mm} mm"
        (spot / "vehicles").note(text, f"a wheelbase of {low} to {high} mm")


def _check_fit(draft: Draft, info: StationInfo, name: str, pack: PackType, vehicles: Vehicles) -> None:
    spot = draft.spot / "packs" / "types"
    if info.bench and not pack.pack.fits:
        return
    if pack.pack.lock_points != info.lock_points:
        spot.note(f"{name} has {pack.pack.lock_points} lock points", f"packs with {info.lock_points}")
    fitting = [v for v in info.vehicles if v in pack.pack.fits]
    if not fitting:
        spot.note(
            f"{name} fits {', '.join(pack.pack.fits) or 'no car'}",
            f"a pack that fits one of {', '.join(info.vehicles)}",
        )
    for vehicle in fitting:
        found = vehicles.get(vehicle)
        if found is not None and name not in found.vehicle.packs:
            spot.note(f"{name} says that it fits {vehicle}", f"packs of {vehicle}: {', '.join(found.vehicle.packs)}")
