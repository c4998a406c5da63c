"""Turns effects on the world into work for the actors, and the actors' outcomes into events and facts."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict

from firmware_py.core.effects import Act, StopMotion
from firmware_py.core.events import Event, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.gate import judge
from firmware_py.core.gate_words import GateLimits
from firmware_py.shell.actor import Actor, Outcome
from firmware_py.shell.journal import JournalError, Row
from firmware_py.shell.observer import Observer
from firmware_py.shell.plant import Plant
from firmware_py.shell.progress import NO_DUTY, Duty, stop_name
from firmware_py.shell.recorder import Recorder
from hal.commands import Command, EnableCharger, Extract, Heartbeat, RequestCar, RunEnable, SetCharger, Stop
from hal.devices.composed import device_of
from hal.errors import HalError

SAFETY = "safety"
STOPPABLE = ("lift", "locks", "shuttle", "stacker", "platform")


def actors_of(plant: Plant) -> tuple[str, ...]:
    """Names of all that takes commands."""
    return (*plant.devices, *plant.chargers, *(() if plant.car is None else ("car",)))


class Effector:
    """One actor per device. Nothing moves by any other way."""

    def __init__(
        self,
        plant: Plant,
        observer: Observer,
        limits: GateLimits,
        recorder: Recorder,
        decide: Callable[[Event], None],
        duty: Callable[[str], Duty] = lambda _: NO_DUTY,
    ) -> None:
        self._plant = plant
        self._observer = observer
        self._limits = limits
        self._recorder = recorder
        self._decide = decide
        self.enable_wanted = asyncio.Event()
        """Drives are to run: the heartbeat is fed while it is set."""
        self._beats = 0
        self._closed = False
        self._swap_id: Callable[[], str | None] = lambda: None
        self._actors = {
            name: Actor(
                name,
                lambda: observer.image,
                limits,
                self._intend,
                self._send,
                self._report,
                observer.age_s,
                duty(stop_name(name)),
                plant.devices.get(name),
                RunEnable(on=False) if name == SAFETY else Stop(name) if name in STOPPABLE else None,
            )
            for name in actors_of(plant)
        }

    def bind(self, swap_id: Callable[[], str | None]) -> None:
        """Where the identity of the present swap comes from, for journal rows."""
        self._swap_id = swap_id

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start all actors in the owner's group."""
        for name, actor in self._actors.items():
            group.create_task(actor.run(), name=f"act-{name}")
            group.create_task(actor.run_stops(), name=f"stop-{name}")
            group.create_task(actor.run_repeats(), name=f"repeat-{name}")

    def act(self, act: Act) -> None:
        """A command of the core. Dropping run-enable goes the way of stops: it never waits."""
        if self._closed:
            return
        if isinstance(act.command, RunEnable):
            if act.command.on:
                self.enable_wanted.set()
            else:
                self._drop_enable()
                return
        actor = self._actors.get(device_of(act.command))
        if actor is None:
            self._report(Outcome(act, "failed", f"the station has no {device_of(act.command)}"))
        else:
            actor.act(act)

    def stop(self, effect: StopMotion) -> None:
        """Stop devices now; with `drop_enable` all of them, and cut the drives behind their links."""
        wanted = STOPPABLE if effect.drop_enable else dict.fromkeys(self._device(d) for d in effect.devices)
        names = tuple(name for name in wanted if name in self._actors)  # a bench may lack any
        if effect.drop_enable:
            self._drop_enable()
        for name in names:
            self._actors[name].stop(Stop(name))
        self._recorder.note(Row("stop", {"devices": list(names), "reason": effect.reason}, self._swap_id()))

    def at_rest(self, moving: Collection[str]) -> None:
        """These move now; what is repeated for any other mover has come to its end, and the mover is told so."""
        busy = {self._device(name) for name in moving}
        over = tuple(name for name in STOPPABLE if name not in busy and self._actors[name].repeating)
        if over:
            self.stop(StopMotion(over, "the motion has ended, its command is not repeated", drop_enable=False))

    def _drop_enable(self) -> None:
        self.enable_wanted.clear()
        if SAFETY in self._actors:
            self._actors[SAFETY].stop(RunEnable(on=False))

    def close(self) -> None:
        """Take no more commands: what the core decides after the last stop must not move anything."""
        self._closed = True

    async def stops_sent(self) -> None:
        """Returns when every stop so far was sent, or has failed."""
        for actor in self._actors.values():
            await actor.stops_sent()

    async def last_stop(self, limit_s: float) -> None:
        """Stop everything without queues or tasks: the way out of a controller that falls. Never raises.

        Each stop may take `limit_s`.
        """
        self.enable_wanted.clear()
        commands: tuple[Command, ...] = (RunEnable(on=False), *(Stop(name) for name in STOPPABLE))
        for command in (c for c in commands if device_of(c) in self._actors):
            with suppress(HalError, TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._send(command, urgent=True, still=lambda: True)

    async def repeat_request(self) -> None:
        """Send the standing request to the car again, if the gate lets it pass now. Raises `HalError`."""
        car = self._plant.car
        if car is not None and judge(RequestCar(car.mode), self._observer.image, self._limits) is None:
            await car.repeat()

    async def heartbeat(self) -> None:
        """One beat for the safety PLC, where the gate would still let it enable the drives. Raises `HalError`.

        It repeats a standing intent: not journalled.
        """
        if judge(RunEnable(on=True), self._observer.image, self._limits) is not None:
            return
        self._beats = (self._beats + 1) & 0xFFFF
        await self._send(Heartbeat(self._beats), urgent=True, still=lambda: True)

    def _device(self, name: str) -> str:
        return name if name in self._plant.devices else "platform"

    async def _intend(self, act: Act) -> None:
        row = Row("intent", _body(act.row, act.command), self._swap_id())
        if _only_takes_power(act.command):
            self._recorder.note(row)
        else:
            await self._recorder.intend(row)

    async def _send(self, command: Command, urgent: bool, still: Callable[[], bool]) -> None:
        if isinstance(command, RequestCar) and self._plant.car is not None:
            await self._plant.car.request(command.mode)
        elif isinstance(command, EnableCharger | SetCharger):
            await self._plant.chargers[device_of(command)].do(command, still=still)
        else:
            await self._plant.devices[device_of(command)].do(command, urgent=urgent, still=still)

    def _report(self, outcome: Outcome) -> None:
        act = outcome.act
        self._recorder.note(
            Row(
                "outcome",
                {**_body(act.row, act.command), "result": outcome.result, "why": outcome.text},
                self._swap_id(),
            )
        )
        if outcome.result == "refused":
            self._decide(Trouble(FaultCode.COMMAND_REFUSED, device_of(act.command), outcome.text, act.row))
        elif outcome.result == "failed" and (not isinstance(act.command, Stop) or self.enable_wanted.is_set()):
            # a stop that failed is told while the drives may still run; once run-enable is dropped they do not
            self._decide(Trouble(FaultCode.COMMAND_FAILED, device_of(act.command), outcome.text, act.row))


def _only_takes_power(command: Command) -> bool:
    """Like a stop it never waits for the disk: a charger off, smoke drawn out. It is kept after."""
    return isinstance(command, EnableCharger | Extract) and command.on is isinstance(command, Extract)


def _body(row: str, command: Command) -> dict[str, object]:
    return {"row": row, "command": type(command).__name__, **{k: _plain(v) for k, v in asdict(command).items()}}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


__all__ = ["Effector", "HalError", "JournalError"]
