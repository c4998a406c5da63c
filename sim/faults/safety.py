"""Faults of the safety chain, and the people in front of it."""

from collections.abc import Callable
from typing import Final

from sim.faults.kinds import Arguments, FaultKind, Rig, kind


def _on_safety(name: str) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(rig.world.safety, name, on)
        rig.world.safety.look()

    return act


def _reset(rig: Rig, _arguments: Arguments) -> None:
    rig.world.safety.press_reset()


def _drop(rig: Rig, _arguments: Arguments) -> None:
    rig.world.safety.drop()


SAFETY_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("estop", "an e-stop is pressed (clear = pulled out)", "safety", _on_safety("estop_pressed")),
    kind("person-in-cell", "a person is in the cell", "safety", _on_safety("person_in_cell")),
    kind("curtain-broken", "the light curtain is broken", "safety", _on_safety("curtain_broken")),
    kind("guard-gate-open", "the guard gate is open", "safety", _on_safety("guard_gate_open")),
    kind(
        "maintenance-key",
        "the key of the mode selector is turned (clear = back)",
        "safety",
        _on_safety("maintenance_key"),
    ),
    FaultKind("safety-reset", "a person presses the safety PLC's reset button", "safety", _reset, None),
    FaultKind("chain-falls", "the safety chain falls with no input to blame", "safety", _drop, None),
    kind("drives-cut", "the safety PLC does not release the drives", "safety", _on_safety("inhibited")),
)
