"""The verbs of each device kind and their arguments: what command steps of a device file may implement and name."""

from enum import StrEnum
from typing import Final

from hal.commands import Connector, DriverText, Lamp

VERBS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "lift": {"move": ("position_mm", "speed_mm_s"), "stop": ()},
    "lock-set": {"lock": ("mask",), "unlock": ("mask",), "stop": ()},
    "shuttle": {"move_out": ("position_mm", "speed_mm_s"), "move_in": ("position_mm", "speed_mm_s"), "stop": ()},
    "stacker": {"move": ("level_mm",), "pick": ("side",), "place": ("side",), "home": (), "stop": ()},
    "platform": {},
    "safety-plc": {"run_enable": ("on",), "heartbeat": ("count",)},
    "roller": {"run": ("speed_mm_s",), "stop": ()},
    "nutrunner": {"tighten": ("program",), "stop": ()},
    "insulation": {},
    "meter": {},
    "hoist": {},
    "vision": {},
    "rack": {"mate": ("bay", "connector"), "retract": ("bay", "connector"), "stop": ()},
    "fire-panel": {"extract": ("on",)},
    "signals": {"show": ("lamp", "text")},
    "ups": {},
}
"""`mask`: bit k-1 = lock point k. `side`: 0 left, 1 right. `bay`: from 1. The platform is driven through wired outputs;
`connector`, `lamp` and `text` are words, which the unit's registers turn into its numbers."""

WORD_ARGUMENTS: Final[dict[str, type[StrEnum]]] = {"connector": Connector, "lamp": Lamp, "text": DriverText}
"""Arguments that are words; a register that takes one has a number for every word."""

OPTIONAL_VERBS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "lift": {"home": (), "reset": (), "zero": ()},
    "lock-set": {"reset": ()},
    "shuttle": {"reset": ()},
    "stacker": {"reset": ()},
    "roller": {"reset": ()},
    "platform": {"reset": (), "arm": ("time",)},
    "insulation": {"measure": ("on",), "self_test": ()},
}
"""What some products can do besides: homing, acknowledging a fault, taring a load cell; arming a watchdog of its own
(`time` in its own counts)."""

CYCLIC_VERBS: Final = frozenset({"heartbeat"})
"""Verbs that the controller repeats by itself."""

_TABLES: Final = (*VERBS.values(), *OPTIONAL_VERBS.values())
ALL_VERBS: Final = frozenset(verb for verbs in _TABLES for verb in verbs)


def known_verbs(kind: str) -> frozenset[str]:
    """Every verb that a unit of this device kind may have."""
    return frozenset(VERBS[kind]) | frozenset(OPTIONAL_VERBS.get(kind, {}))


def arguments(verb: str) -> frozenset[str]:
    """Every argument that any kind passes with this verb."""
    return frozenset(name for verbs in _TABLES for name in verbs.get(verb, ()))
