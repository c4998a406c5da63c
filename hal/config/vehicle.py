"""Vehicle file: one car model and what it says on its bus (`config/vehicles/<name>.toml`)."""

from typing import Annotated

from pydantic import Field

from hal.config.base import Flag, Name, Positive, Strict, Text
from hal.config.signals import CanMap


class VehicleInfo(Strict):
    """What the car is. Wheelbase in mm. `vin_pattern` recognises the model in a VIN."""

    title: Text
    source: Text
    verified_on_hardware: Flag
    packs: Annotated[tuple[Name, ...], Field(min_length=1)]
    wheelbase_mm: Positive
    lock_points: Annotated[int, Field(strict=True, ge=1, le=16)]
    vin_pattern: Text


class VehicleContent(Strict):
    """The whole file. `placeholders` lists keys of `vehicle` that nobody has published, and why the value stands."""

    vehicle: VehicleInfo
    can: CanMap
    placeholders: dict[Name, Text] = Field(default_factory=dict)


class VehicleType(VehicleContent):
    """A loaded vehicle file with the text of its DBC."""

    name: Name
    dbc_text: str
