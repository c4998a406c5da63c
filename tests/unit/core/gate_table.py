"""Words of the gate's table of cases: a judgement, an interlock, a command with all of its interlocks."""

from dataclasses import dataclass
from typing import Any

from firmware_py.core.gate_words import GateLimits
from firmware_py.core.image import Image
from hal.commands import Command

PASS = ""


@dataclass(frozen=True)
class Case:
    """One judgement. `interlock` is empty when the command must pass; `seen` is what the refusal must tell."""

    name: str
    command: Command
    image: Image
    interlock: str = PASS
    seen: str = ""
    limits: GateLimits | None = None
    """Another station than the demonstration one."""


@dataclass(frozen=True)
class Rule:
    """One interlock of a command: the reading, what violates it, and the name that the refusal bears."""

    interlock: str
    role: str
    bad: tuple[Any, ...]
    good: tuple[Any, ...] = ()
    unknown_refuses: bool = True


@dataclass(frozen=True)
class Judged:
    """A command in a situation in which it must pass, and every interlock that alone keeps it back."""

    name: str
    command: Command
    image: Image
    rules: tuple[Rule, ...]


def flag(interlock: str, role: str, wanted: bool = True) -> Rule:
    """The reading must be seen to be `wanted`."""
    return Rule(interlock, role, (not wanted,))
