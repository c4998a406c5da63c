"""The verbs of each device kind and their arguments: what command steps of a device file may implement and name."""

from typing import Final

VERBS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "lift": {"move": ("position_mm", "speed_mm_s"), "stop": ()},
    "lock-set": {"lock": ("mask",), "unlock": ("mask",), "stop": ()},
    "shuttle": {"move_out": ("position_mm", "speed_mm_s"), "move_in": ("position_mm", "speed_mm_s"), "stop": ()},
    "stacker": {"move": ("level_mm",), "pick": ("side",), "place": ("side",), "home": (), "stop": ()},
    "platform": {},
    "safety-plc": {"run_enable": ("on",), "heartbeat": ("count",)},
}
"""`mask`: bit k-1 = lock point k. `side`: 0 left, 1 right. The platform is driven through wired outputs."""

ALL_VERBS: Final = frozenset(verb for verbs in VERBS.values() for verb in verbs)


def arguments(verb: str) -> frozenset[str]:
    """Every argument that any kind passes with this verb."""
    return frozenset(name for verbs in VERBS.values() for name in verbs.get(verb, ()))
