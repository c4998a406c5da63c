"""What a role must be like, read off the annotations of the readings: one or many, and of which type."""

import typing
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from hal.readings import READING_OF_KIND, roles

Shape = Literal["flag", "number", "whole", "word", "text"]
SHAPES: dict[type, Shape] = {bool: "flag", float: "number", int: "whole", str: "text"}


@dataclass(frozen=True, slots=True)
class RoleType:
    """`many` = a tuple; `words` are the allowed ones of a role that is a word."""

    shape: Shape
    many: bool
    words: tuple[str, ...] = ()


PARTS: Final[dict[str, dict[str, RoleType]]] = {
    "lock-set": {"latch_open": RoleType("flag", many=True), "latch_closed": RoleType("flag", many=True)},
}
"""What a role can be put together from: two switches of each latch tell its state."""


@lru_cache(maxsize=32)
def role_types(kind: str) -> dict[str, RoleType]:
    """Role -> type of a device kind."""
    hints = typing.get_type_hints(READING_OF_KIND[kind])
    return {role: _type_of(hints[role]) for role in roles(kind)}


def _type_of(hint: object) -> RoleType:
    (some,) = (a for a in typing.get_args(hint) if a is not type(None))
    many = typing.get_origin(some) is tuple
    one = typing.get_args(some)[0] if many else some
    if isinstance(one, type) and issubclass(one, StrEnum):
        return RoleType("word", many, tuple(one))
    return RoleType(SHAPES[one], many)
