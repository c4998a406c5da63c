"""How often each unit is polled: the rate follows what moves."""

from collections.abc import Mapping
from typing import Final

from firmware_py.core.packml import MOVING, PackML
from firmware_py.shell.plant import Plant
from hal.commands import Actuator

_ATTENTIVE: Final = MOVING | {PackML.HOLDING, PackML.RESETTING}
_SAFETY: Final = "safety"
_SEEN_BY: Final = {Actuator.PIN_LIFT.value: ("platform", "hoist")}
"""Who watches an actuator that moves, if not the platform alone: the columns must keep step."""


def periods(plant: Plant, packml: PackML, moving: tuple[str, ...]) -> Mapping[str, float]:
    """Poll period in s of every unit. `moving` are the names of devices, or of the platform's actuators, in motion."""
    attentive = packml in _ATTENTIVE
    watched = attentive or packml is PackML.HELD
    fast = {seen for name in moving for seen in _seen_by(name, plant)}
    if attentive:
        fast.add(_SAFETY)
    chosen: dict[str, float] = {}
    for device in plant.devices.values():
        for unit in device.units:
            poll = unit.codec.unit.poll
            chosen[unit.name] = poll.motion_s if device.name in fast else poll.watch_s if watched else poll.idle_s
    return chosen


def _seen_by(name: str, plant: Plant) -> tuple[str, ...]:
    return (name,) if name in plant.devices else _SEEN_BY.get(name, ("platform",))
