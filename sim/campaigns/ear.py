"""Hears the commands of a controller where they are carried out, not where they are decided on."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final

from firmware_py.shell.controller import Controller
from hal.commands import Command, RequestCar

Heard = Callable[[Command], None]
NOW: Final[ContextVar[Command | None]] = ContextVar("command", default=None)
"""What the present task carries out. What is repeated by itself is not in it."""


def listen(controller: Controller, heard: Heard) -> None:
    """Be told of each command, right before it leaves for its device."""
    plant = controller.plant
    for device in plant.devices.values():
        device.do = _told(device.do, heard)  # type: ignore[method-assign]  # heard where it is carried out
    for charger in plant.chargers.values():
        charger.do = _told(charger.do, heard)  # type: ignore[method-assign]  # heard where it is carried out
    if plant.car is not None:
        request = _told(lambda command: asked(command.mode), heard)
        asked = plant.car.request
        plant.car.request = lambda mode: request(RequestCar(mode))  # type: ignore[method-assign]  # heard there too


def _told(do: Callable[..., Awaitable[None]], heard: Heard) -> Callable[..., Any]:
    async def told(command: Command, **how: Any) -> None:
        heard(command)
        before = NOW.set(command)
        try:
            await do(command, **how)
        finally:
            NOW.reset(before)

    return told
