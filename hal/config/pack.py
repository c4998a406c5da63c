"""Pack file: one class of pack and the frames it speaks (`config/packs/<name>.toml`)."""

import re
from typing import Annotated

from pydantic import Field

from hal.config.base import Flag, Name, Num, Positive, Strict, Text
from hal.config.signals import CanMap


class PackInfo(Strict):
    """What the pack is. Energy in kWh, mass in kg, voltage in V.

    `code_pattern` recognises the class in the 24-character pack code (GB/T 34014: characters 6 and 7 = specification).
    """

    title: Text
    source: Text
    verified_on_hardware: Flag
    fits: Annotated[tuple[Name, ...], Field(min_length=1)]
    code_pattern: Text
    energy_lfp_kwh: Positive
    energy_nmc_kwh: Positive
    mass_kg: Positive
    voltage_nominal_v: Positive
    voltage_min_v: Positive
    voltage_max_v: Positive
    current_max_a: Num
    lock_points: Annotated[int, Field(strict=True, ge=1, le=16)]


class PackContent(Strict):
    """The whole file. `placeholders` lists keys of `pack` that nobody has published, and why the value stands."""

    pack: PackInfo
    can: CanMap
    placeholders: dict[Name, Text] = Field(default_factory=dict)


class PackType(PackContent):
    """A loaded pack file with the text of its DBC."""

    name: Name
    dbc_text: str

    def matches(self, code: str) -> bool:
        """True when the pack code names this class."""
        return re.fullmatch(self.pack.code_pattern, code) is not None
