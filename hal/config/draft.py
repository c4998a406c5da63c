"""A station file read section by section, so that one bad entry does not hide the mistakes of the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from hal.config.links import CAN_MODELS, LINK_MODELS, LinkConfig
from hal.config.mistakes import Spot
from hal.config.process import LOCK_MODELS, Plant, Process
from hal.config.station import (
    DEVICE_NAMES,
    ChargerAt,
    CloudConfig,
    ControlConfig,
    DeviceConfig,
    FreshnessConfig,
    PacksConfig,
    PlaceConfig,
    ReaderDevice,
    ReservationsConfig,
    StationConfig,
    StationInfo,
    UnitConfig,
    UnitsDevice,
    VehicleDevice,
)
from hal.config.validate import known_keys, model_of, table_of, value_of

SINGLE: dict[str, type[BaseModel]] = {
    "station": StationInfo,
    "packs": PacksConfig,
    "plant": Plant,
    "freshness": FreshnessConfig,
    "cloud": CloudConfig,
}
MAY_BE_LEFT_OUT: dict[str, type[BaseModel]] = {"control": ControlConfig, "reservations": ReservationsConfig}
"""Sections whose every value has a default."""
BY_STEP = ("profile", "limits", "retries")
DEVICE_MODELS: dict[str, type[DeviceConfig]] = {"vehicle": VehicleDevice, "code-reader": ReaderDevice}
"""Kinds of device that are not made of Modbus units."""
DEVICE_KINDS = tuple(DEVICE_NAMES.values())


@dataclass
class Draft:
    """What could be read of a station file.

    `link_kinds` and the `..._names` have every named entry, also those in sections with mistakes, so that no mistake is
    hidden or noted twice; a link of unknown kind passes for any kind. `process_parts` are the tables of `[process]`.
    """

    spot: Spot
    single: dict[str, Any] = field(default_factory=dict)
    links: dict[str, LinkConfig] = field(default_factory=dict)
    link_kinds: dict[str, str] = field(default_factory=dict)
    process_parts: dict[str, Any] = field(default_factory=dict)
    unit_names: tuple[str, ...] = ()
    place_names: tuple[str, ...] = ()
    vehicle_names: tuple[str, ...] = ()
    pack_names: tuple[str, ...] = ()
    units: dict[str, UnitConfig] = field(default_factory=dict)
    devices: dict[str, DeviceConfig] = field(default_factory=dict)
    places: dict[str, PlaceConfig] = field(default_factory=dict)
    chargers: dict[str, ChargerAt] = field(default_factory=dict)
    by_step: dict[str, dict[int, Any]] = field(default_factory=dict)

    @property
    def info(self) -> StationInfo | None:
        """Section `[station]`, when it could be read."""
        found: StationInfo | None = self.single.get("station")
        return found

    @property
    def packs(self) -> PacksConfig | None:
        """Section `[packs]`, when it could be read."""
        found: PacksConfig | None = self.single.get("packs")
        return found

    @property
    def freshness(self) -> FreshnessConfig | None:
        """Section `[freshness]`, when it could be read."""
        found: FreshnessConfig | None = self.single.get("freshness")
        return found

    @property
    def is_bench(self) -> bool:
        """Devices and cars may be missing."""
        return self.info is not None and self.info.bench

    def links_of(self, kinds: Collection[str]) -> tuple[str, ...]:
        """Names of links of these kinds, and of those whose kind could not be read."""
        return tuple(name for name, kind in self.link_kinds.items() if kind in kinds or kind not in LINK_MODELS)

    def complete(self) -> StationConfig:
        """The whole; call it only when nothing is wrong."""
        parts: dict[str, Any] = {**self.single, **self.by_step, "links": self.links, "units": self.units}
        parts |= {"devices": self.devices, "places": self.places, "chargers": self.chargers}
        return StationConfig.model_construct(**parts)


def read_draft(raw: Mapping[str, Any], spot: Spot, overlay: Mapping[str, Any], overlay_spot: Spot) -> Draft:
    """Everything that can be read; what cannot is noted. Entries of the overlay's links replace whole entries."""
    known_keys(raw, list(StationConfig.model_fields), spot)
    draft = Draft(spot)
    for name, model in SINGLE.items():
        table = table_of(raw, name, spot)
        if table or name in raw:
            draft.single[name] = model_of(model, table, spot / name)
    _process(draft, table_of(raw, "process", spot), spot / "process")
    for name in BY_STEP:
        found = value_of(StationConfig.model_fields[name].annotation, table_of(raw, name, spot), spot / name)
        draft.by_step[name] = found or {}
    _links(draft, table_of(raw, "links", spot), overlay, overlay_spot)
    draft.vehicle_names = _texts(table_of(raw, "station", spot).get("vehicles"))
    draft.pack_names = _texts(table_of(raw, "packs", spot).get("types"))
    units = table_of(raw, "units", spot)
    draft.unit_names = tuple(units)
    draft.units = _entries(UnitConfig, units, spot / "units")
    places = table_of(raw, "places", spot)
    draft.place_names = tuple(places)
    draft.places = _entries(PlaceConfig, places, spot / "places")
    chargers = table_of(raw, "chargers", spot) if "chargers" in raw else {}
    draft.chargers = _entries(ChargerAt, chargers, spot / "chargers")
    for name, model in MAY_BE_LEFT_OUT.items():
        draft.single[name] = model_of(model, table_of(raw, name, spot) if name in raw else {}, spot / name)
    for name, entry in table_of(raw, "devices", spot).items():
        _device(draft, name, entry, spot / "devices" / name)
    return draft


def _texts(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _process(draft: Draft, table: Mapping[str, Any], spot: Spot) -> None:
    fields = Process.model_fields
    known_keys(table, list(fields), spot)
    for name, info in fields.items():
        entry = table_of(table, name, spot)
        model: Any = info.annotation if name != "locks" else _lock_model(entry, spot / name)
        found = model_of(model, entry, spot / name) if entry and model else None
        if found is not None:
            draft.process_parts[name] = found
    if len(draft.process_parts) == len(fields):
        draft.single["process"] = Process.model_construct(**draft.process_parts)


def _lock_model(entry: Mapping[str, Any], spot: Spot) -> type[BaseModel] | None:
    technology = str(entry.get("technology"))
    if entry and technology not in LOCK_MODELS:
        (spot / "technology").unknown(technology, LOCK_MODELS, "a technology of lock points")
    return LOCK_MODELS.get(technology)


def _entries(model: type[Any], table: Mapping[str, Any], spot: Spot) -> dict[str, Any]:
    found = {name: model_of(model, entry, spot / name) for name, entry in table.items()}
    return {name: entry for name, entry in found.items() if entry is not None}


def _links(draft: Draft, table: Mapping[str, Any], overlay: Mapping[str, Any], overlay_spot: Spot) -> None:
    known_keys(overlay, ["links"], overlay_spot)
    replaced = table_of(overlay, "links", overlay_spot) if "links" in overlay else {}
    for name in replaced:
        if name not in table:
            (overlay_spot / "links" / name).unknown(name, table, "a link of the station")
    for name, entry in table.items():
        spot, data = draft.spot / "links" / name, entry
        if name in replaced:
            spot, data = overlay_spot / "links" / name, replaced[name]
        draft.link_kinds[name] = _word(data, "kind")
        model = _link_model(data, spot)
        found = None if model is None else model_of(model, data, spot)
        if found is not None:
            draft.links[name] = found


def _link_model(data: Any, spot: Spot) -> type[LinkConfig] | None:
    """The options that a link of this kind may have; a CAN link's depend on its interface."""
    kind, interface = _word(data, "kind"), _word(data, "interface")
    if kind not in LINK_MODELS:
        (spot / "kind").unknown(kind, LINK_MODELS, "a kind of link")
    elif kind != "can":
        return LINK_MODELS[kind]
    elif interface not in CAN_MODELS:
        (spot / "interface").unknown(interface, CAN_MODELS, "a CAN interface")
    else:
        return CAN_MODELS[interface]
    return None


def _word(data: Any, key: str) -> str:
    return str(data.get(key)) if isinstance(data, Mapping) else ""


def _device(draft: Draft, name: str, entry: Any, spot: Spot) -> None:
    kind = _word(entry, "kind")
    if kind not in DEVICE_KINDS:
        (spot / "kind").unknown(kind, DEVICE_KINDS, "a kind of device")
        return
    model: type[DeviceConfig] = DEVICE_MODELS.get(kind, UnitsDevice)
    found = model_of(model, entry, spot)
    if found is not None:
        draft.devices[name] = found
