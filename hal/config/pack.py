"""Pack file: one class of pack and the frames it speaks (`config/packs/<name>.toml`)."""

import re
from typing import Annotated

from pydantic import Field

from hal.config.base import Flag, Name, Num, Positive, Strict, Text
from hal.config.signals import CanMap


class PackInfo(Strict):
    """What the pack is. Energy in kWh, mass in kg, voltage in V.

    `code_pattern` recognises the class in the 24-character pack code (GB/T 34014: characters 6 and 7 = specification).
    A pack that no car carries fits none, and then has neither pattern nor lock points: it is never handed out.
    `maker`: what the text begins with by which it names its maker on CAN; a pack that names another one is not it.
    """

    title: Text
    source: Text
    verified_on_hardware: Flag
    fits: tuple[Name, ...] = ()
    code_pattern: Text | None = None
    maker: Text | None = None
    energy_lfp_kwh: Positive | None = None
    energy_nmc_kwh: Positive | None = None
    mass_kg: Positive
    voltage_nominal_v: Positive
    voltage_min_v: Positive
    voltage_max_v: Positive
    current_max_a: Num
    lock_points: Annotated[int, Field(strict=True, ge=1, le=16)] | None = None


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
        pattern = self.pack.code_pattern
        return pattern is not None and re.fullmatch(pattern, code) is not None
