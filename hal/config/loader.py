"""From files to a checked station: `load_station` for the controller, `check_file` for people."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hal.config.bundle import Station
from hal.config.check_bus import check_bus
from hal.config.check_devices import check_devices
from hal.config.check_packs import check_packs
from hal.config.check_process import check_process
from hal.config.check_units import wire_units
from hal.config.draft import Draft, read_draft
from hal.config.files import Library
from hal.config.mistakes import Book, Spot
from hal.config.sources import SourceFile, Sources
from hal.config.stop_path import check_stop_path
from hal.config.tree import ConfigTree, default_roots
from hal.errors import Mistake

KIND_OF_FILE = {"station": "station", "device": "device", "pack": "pack", "vehicle": "vehicle", "charger": "charger"}
"""Table that only this kind of file has."""
LENT: Final = ("process", "plant", "profile", "limits", "retries", "freshness")
"""Sections that a bench may take from the station that it is like."""
OPTIONAL_ON_A_BENCH: Final = ("units", "devices", "places")


def load_station(name_or_path: str, overlay: Path | None = None, roots: Sequence[Path] | None = None) -> Station:
    """Read a station by name or path with everything that it names.

    `roots` are searched before the default ones; `overlay` is a file whose `[links]` entries replace the station's.
    Raises `ConfigError` with every mistake of every file.
    """
    return load_with_sources(name_or_path, overlay, roots)[0]


def load_with_sources(
    name_or_path: str, overlay: Path | None = None, roots: Sequence[Path] | None = None
) -> tuple[Station, Sources]:
    """As `load_station`, with the files that it was read from."""
    book = Book()
    loaded = _load(name_or_path, overlay, roots or (), book)
    book.raise_if_any()
    assert loaded is not None
    return loaded


def check_file(path: Path, roots: Sequence[Path] | None = None) -> tuple[Mistake, ...]:
    """Every mistake of one file of any kind; of a station file also those of the files that it names."""
    book = Book()
    tree = ConfigTree(book, (*(roots or ()), *_own_roots(path), *default_roots()))
    spot = Spot(book, str(path))
    raw = tree.table(path)
    if raw is None:
        return tuple(book.entries)
    kinds = [kind for table, kind in KIND_OF_FILE.items() if table in raw]
    if len(kinds) != 1:
        spot.note(
            f"tables {', '.join(raw) or 'none'}", f"exactly one of {', '.join(f'[{table}]' for table in KIND_OF_FILE)}"
        )
    elif kinds[0] == "station":
        _load(str(path), None, roots or (), book)
    else:
        getattr(Library(tree), f"read_{kinds[0]}")(path, path.stem)
    return tuple(book.entries)


def unproven(path: Path, roots: Sequence[Path] | None = None) -> tuple[str, ...]:
    """Of a file without mistakes: it, or the files that a station names, where nobody has run them on hardware."""
    raw = ConfigTree(Book(), ()).table(path) or {}
    if "station" in raw:
        return load_station(str(path), roots=roots).unproven
    return tuple(str(path) for table in raw.values() if table.get("verified_on_hardware") is False)


def _load(name: str, overlay: Path | None, roots: Sequence[Path], book: Book) -> tuple[Station, Sources] | None:
    path = Path(name) if name.endswith(".toml") else None
    own = _own_roots(path) if path is not None else ()
    tree = ConfigTree(book, (*roots, *own, *default_roots()))
    path = path or tree.find("stations", name)
    if path is None:
        tree.missing("stations", name, Spot(book, "(station)"))
        return None
    raw = tree.table(path)
    over: dict[str, Any] = {}
    over_tree = ConfigTree(book, ())
    if overlay is not None:
        over = over_tree.table(overlay) or {}
    if raw is None:
        return None
    like = _like(raw, tree, Spot(book, str(path)))
    whole = raw if like is None else like.fill(raw)
    draft = read_draft(whole, Spot(book, str(path)), over, Spot(book, str(overlay)))
    station = _check(draft, Library(tree), book)
    if station is None:
        return None
    over_file = None if overlay is None else SourceFile("overlay", overlay, over_tree.texts[str(overlay)])
    file = SourceFile("station", path, tree.texts[str(path)])
    lent = file if like is None or like.path is None else SourceFile("like", like.path, tree.texts[str(like.path)])
    return station, _sources(station, file, lent, over_file, tree)


@dataclass(frozen=True)
class _Like:
    """The station that a bench takes after, for the sections that the bench leaves out."""

    path: Path | None
    table: Mapping[str, Any]

    def fill(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The bench with what it leaves out."""
        lent = {key: self.table[key] for key in LENT if key in self.table}
        return {**{key: {} for key in OPTIONAL_ON_A_BENCH}, **lent, **raw}


def _like(raw: Mapping[str, Any], tree: ConfigTree, spot: Spot) -> _Like | None:
    info = raw.get("station")
    if not isinstance(info, Mapping) or info.get("bench") is not True:
        return None
    name = info.get("like")
    if not isinstance(name, str):
        return _Like(None, {})
    path = tree.find("stations", name)
    if path is None:
        tree.missing("stations", name, spot / "station" / "like")
        return _Like(None, {})
    return _Like(path, tree.table(path) or {})


def _sources(
    station: Station, file: SourceFile, lent: SourceFile, overlay: SourceFile | None, tree: ConfigTree
) -> Sources:
    def named(folder: str, names: Iterable[str]) -> dict[str, SourceFile]:
        paths = {name: tree.find(folder, name) for name in sorted(set(names))}
        return {name: SourceFile(name, path, tree.texts[str(path)]) for name, path in paths.items() if path is not None}

    devices = named("devices", (unit.device.name for unit in station.units.values()))
    packs, vehicles = named("packs", station.packs), named("vehicles", station.vehicles)
    return Sources(file, lent, overlay, devices, packs, vehicles, named("chargers", station.chargers))


def _own_roots(path: Path) -> tuple[Path, ...]:
    """The configuration root that a file lies in, if its folders have the usual names."""
    folders = {"stations", "devices", "packs", "vehicles", "chargers"}
    return tuple(parent.parent for parent in path.resolve().parents if parent.name in folders)[:1]


def _check(draft: Draft, library: Library, book: Book) -> Station | None:
    for name, unit in draft.units.items():
        library.device(unit.device, draft.spot / "units" / name / "device")
    for name in draft.pack_names:
        library.pack(name, draft.spot / "packs" / "types")
    for name in draft.vehicle_names:
        library.vehicle(name, draft.spot / "station" / "vehicles")
    for place, charger in draft.chargers.items():
        library.charger(charger.type, draft.spot / "chargers" / place / "type")
    units = wire_units(draft, library.devices)
    check_devices(draft, units)
    check_packs(draft, library.packs, library.vehicles)
    check_bus(draft, library)
    check_process(draft)
    _check_cloud(draft)
    if not book.entries:
        check_stop_path(draft, units)
    if book.entries:
        return None
    return Station(
        config=draft.complete(),
        units=units,
        packs={name: pack for name, pack in library.packs.items() if pack is not None},
        vehicles={name: vehicle for name, vehicle in library.vehicles.items() if vehicle is not None},
        chargers={name: charger for name, charger in library.chargers.items() if charger is not None},
        hash=_hash(library.tree),
    )


def _check_cloud(draft: Draft) -> None:
    cloud = draft.single.get("cloud")
    able = draft.links_of({"mqtt"})
    if cloud is not None and cloud.link not in able:
        (draft.spot / "cloud" / "link").unknown(cloud.link, able, "an MQTT link")


def _hash(tree: ConfigTree) -> str:
    """sha256 over the content of all files that were read, wherever they lie, without `[links]`."""
    parts: list[str] = []
    for path, text in tree.texts.items():
        table = tree.tables.get(path)
        if table is None:
            parts.append(text)
        else:
            parts.append(json.dumps({k: v for k, v in table.items() if k != "links"}, sort_keys=True))
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
