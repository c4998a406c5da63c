"""Device, pack, vehicle and charger files: read, checked by themselves, each once."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hal.codecs.dbc import parse_dbc
from hal.config.charger import ChargerContent, ChargerType
from hal.config.check_can import check_can
from hal.config.check_charger import check_charger
from hal.config.check_device import at_wire, check_device
from hal.config.check_rules import check_rules
from hal.config.check_steps import check_steps
from hal.config.device import DeviceContent, DeviceFile
from hal.config.mistakes import Spot
from hal.config.pack import PackContent, PackType
from hal.config.tree import ConfigTree
from hal.config.validate import model_of
from hal.config.vehicle import VehicleContent, VehicleType
from hal.errors import CodecError


@dataclass
class Library:
    """Files by name. A file with mistakes is None, so that it is neither read nor complained about twice."""

    tree: ConfigTree
    devices: dict[str, DeviceFile | None] = field(default_factory=dict)
    packs: dict[str, PackType | None] = field(default_factory=dict)
    vehicles: dict[str, VehicleType | None] = field(default_factory=dict)
    chargers: dict[str, ChargerType | None] = field(default_factory=dict)

    def device(self, name: str, spot: Spot) -> DeviceFile | None:
        """A device file; `spot` is where its name stands."""
        if name not in self.devices:
            path = self._path("devices", name, spot)
            self.devices[name] = None if path is None else self.read_device(path, name)
        return self.devices[name]

    def pack(self, name: str, spot: Spot) -> PackType | None:
        """A pack file; `spot` is where its name stands."""
        if name not in self.packs:
            path = self._path("packs", name, spot)
            self.packs[name] = None if path is None else self.read_pack(path, name)
        return self.packs[name]

    def vehicle(self, name: str, spot: Spot) -> VehicleType | None:
        """A vehicle file; `spot` is where its name stands."""
        if name not in self.vehicles:
            path = self._path("vehicles", name, spot)
            self.vehicles[name] = None if path is None else self.read_vehicle(path, name)
        return self.vehicles[name]

    def charger(self, name: str, spot: Spot) -> ChargerType | None:
        """A charger file; `spot` is where its name stands."""
        if name not in self.chargers:
            path = self._path("chargers", name, spot)
            self.chargers[name] = None if path is None else self.read_charger(path, name)
        return self.chargers[name]

    def read_device(self, path: Path, name: str) -> DeviceFile | None:
        """Read and check one device file."""
        content, spot = self._content(DeviceContent, path)
        if content is None:
            return None
        check_device(content, spot)
        check_steps(content, spot)
        check_rules(content, spot)
        wire = at_wire(content)
        return DeviceFile.model_construct(name=name, **{k: getattr(wire, k) for k in DeviceContent.model_fields})

    def read_pack(self, path: Path, name: str) -> PackType | None:
        """Read and check one pack file with its DBC."""
        content, spot = self._content(PackContent, path)
        if content is None:
            return None
        info = content.pack
        for low, high in (("voltage_min_v", "voltage_nominal_v"), ("voltage_nominal_v", "voltage_max_v")):
            if getattr(info, low) >= getattr(info, high):
                (spot / "pack" / low).note(str(getattr(info, low)), f"less than {high} ({getattr(info, high)})")
        self._placeholders(content, info, spot)
        for key in ("code_pattern", "lock_points"):
            if info.fits and getattr(info, key) is None:
                (spot / "pack" / key).note("(absent)", "a value, for a pack that fits a car")
        if info.code_pattern is not None:
            _pattern(info.code_pattern, spot / "pack" / "code_pattern")
        text = self._dbc(content, path, "pack", spot)
        return PackType.model_construct(name=name, dbc_text=text, **dict(content))

    def read_vehicle(self, path: Path, name: str) -> VehicleType | None:
        """Read and check one vehicle file with its DBC."""
        content, spot = self._content(VehicleContent, path)
        if content is None:
            return None
        self._placeholders(content, content.vehicle, spot)
        _pattern(content.vehicle.vin_pattern, spot / "vehicle" / "vin_pattern")
        text = self._dbc(content, path, "vehicle", spot)
        return VehicleType.model_construct(name=name, dbc_text=text, **dict(content))

    def read_charger(self, path: Path, name: str) -> ChargerType | None:
        """Read and check one charger file."""
        content, spot = self._content(ChargerContent, path)
        if content is None:
            return None
        check_charger(content, spot)
        return ChargerType.model_construct(name=name, **dict(content))

    def _path(self, folder: str, name: str, spot: Spot) -> Path | None:
        path = self.tree.find(folder, name)
        if path is None:
            self.tree.missing(folder, name, spot)
        return path

    def _content(self, model: Any, path: Path) -> tuple[Any, Spot]:
        spot = Spot(self.tree.book, str(path))
        raw = self.tree.table(path)
        return (None if raw is None else model_of(model, raw, spot)), spot

    def _placeholders(self, content: Any, info: Any, spot: Spot) -> None:
        fields = list(type(info).model_fields)
        for key in content.placeholders:
            if key not in fields:
                (spot / "placeholders" / key).unknown(key, fields, "a key that has a value")

    def _dbc(self, content: Any, path: Path, kind: str, spot: Spot) -> str:
        where = path.parent / content.can.dbc
        if not where.is_file():
            known = sorted(p.name for p in path.parent.glob("*.dbc"))
            (spot / "can" / "dbc").unknown(content.can.dbc, known, "a file beside this one")
            return ""
        text = self.tree.text(where)
        try:
            messages = parse_dbc(text or "")
        except CodecError as error:
            Spot(self.tree.book, str(where)).note(str(error), "a DBC for classic CAN")
        else:
            check_can(content.can, messages, kind, spot / "can")
        return text or ""


def _pattern(text: str, spot: Spot) -> None:
    try:
        re.compile(text)
    except re.error as error:
        spot.note(repr(text), f"a regular expression: {error}")
