"""Cross checks of packs, vehicles and places: nodes, fits both ways, wheelbase, one place for each bay."""

from collections.abc import Mapping

from hal.config.draft import Draft
from hal.config.pack import PackType
from hal.config.station import PacksConfig, StationInfo
from hal.config.vehicle import VehicleType

Packs = Mapping[str, PackType | None]
Vehicles = Mapping[str, VehicleType | None]


def check_packs(draft: Draft, packs: Packs, vehicles: Vehicles) -> None:
    """Note everything that is wrong with `[packs]`, `[places]` and `[station] vehicles`."""
    info, config = draft.info, draft.packs
    if config is not None:
        _check_nodes(draft, config)
        _check_dbc(draft, config, packs)
    if info is None:
        return
    _check_places(draft, info)
    for name in info.vehicles:
        vehicle = vehicles.get(name)
        if vehicle is not None:
            _check_vehicle(draft, info, vehicle)
    for name, pack in packs.items():
        if pack is not None:
            _check_fit(draft, info, name, pack, vehicles)


def _check_nodes(draft: Draft, config: PacksConfig) -> None:
    spot = draft.spot / "packs"
    able = draft.links_of({"can"})
    for key in ("link", "car_link"):
        if getattr(config, key) not in able:
            (spot / key).unknown(getattr(config, key), able, "a CAN link")
    if config.link == config.car_link:
        (spot / "car_link").note(repr(config.car_link), "another link than the bays have")
    nodes = [*config.bay_nodes, config.buffer_node]
    for node in sorted({n for n in nodes if nodes.count(n) > 1}):
        (spot / "bay_nodes").note(f"node {node} twice", "each node once, the buffer's too")
    if draft.info is not None and len(config.bay_nodes) != draft.info.bays:
        (spot / "bay_nodes").note(f"{len(config.bay_nodes)} nodes", f"{draft.info.bays}, one per bay")


def _check_dbc(draft: Draft, config: PacksConfig, packs: Packs) -> None:
    maps = {pack.can.model_dump_json() + pack.dbc_text for pack in packs.values() if pack is not None}
    if len(maps) > 1:
        (draft.spot / "packs" / "types").note(", ".join(config.types), "types that speak the same frames on one bus")


def _check_places(draft: Draft, info: StationInfo) -> None:
    spot = draft.spot / "places"
    wanted = [*(f"bay-{k}" for k in range(1, info.bays + 1)), "buffer", "store"]
    for name in draft.place_names:
        if name not in wanted:
            (spot / name).unknown(name, wanted, "a place")
    for name in wanted:
        if name not in draft.place_names:
            spot.note(f"no {name}", f"a place for each of {info.bays} bays, the buffer and the store")
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
    if not info.wheelbase_min_mm <= vehicle.vehicle.wheelbase_mm <= info.wheelbase_max_mm:
        text = f"{vehicle.name} has {vehicle.vehicle.wheelbase_mm} mm"
        (spot / "vehicles").note(text, f"a wheelbase of {info.wheelbase_min_mm} to {info.wheelbase_max_mm} mm")


def _check_fit(draft: Draft, info: StationInfo, name: str, pack: PackType, vehicles: Vehicles) -> None:
    spot = draft.spot / "packs" / "types"
    if pack.pack.lock_points != info.lock_points:
        spot.note(f"{name} has {pack.pack.lock_points} lock points", f"packs with {info.lock_points}")
    fitting = [v for v in info.vehicles if v in pack.pack.fits]
    if not fitting:
        spot.note(f"{name} fits {', '.join(pack.pack.fits)}", f"a pack that fits one of {', '.join(info.vehicles)}")
    for vehicle in fitting:
        found = vehicles.get(vehicle)
        if found is not None and name not in found.vehicle.packs:
            spot.note(f"{name} says that it fits {vehicle}", f"packs of {vehicle}: {', '.join(found.vehicle.packs)}")
