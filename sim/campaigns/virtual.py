"""A whole station in memory: world, emulators, broker and the production controller on one loop."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from firmware_py.core.effects import Told
from firmware_py.core.events import Operator
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.cloud import will_of
from firmware_py.shell.controller import Controller
from firmware_py.shell.host import Host
from firmware_py.shell.journal import Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.service import Notifier
from firmware_py.shell.wirelog.taps import Sink, Tap
from hal.config.bundle import Station
from hal.contract import OrderCommand, Topics
from hal.ports import Message, ModbusLink
from sim.broker.core import BrokerCore
from sim.campaigns.computer import Computer, Life, Process
from sim.campaigns.memory_disk import JournalFile
from sim.campaigns.sender import Sender
from sim.campaigns.virtual_modbus import Line
from sim.campaigns.wiring import Wiring
from sim.emulators import Emulators, build_emulators
from sim.faults import Rig
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import FOR_EVER, HubTimer
from sim.world import World

EPOCH_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC: where virtual wall time begins."""


@dataclass
class Wall:
    """The wall clock of the machine: it may be stepped, and nobody may set it. ms since 1970 UTC."""

    began_ms: int = EPOCH_MS
    source: ClockSource = ClockSource.NTP

    def now_ms(self) -> int:
        """What it shows."""
        return self.began_ms + round(asyncio.get_running_loop().time() * 1000)

    def stamp(self) -> Stamp:
        """Time of a row."""
        return Stamp(asyncio.get_running_loop().time(), self.now_ms() / 1000, self.source)


COALESCE_S = 1.0


@dataclass
class VirtualStation:
    """All parts of a running station in memory."""

    station: Station
    world: World
    emulators: Emulators
    broker: BrokerCore
    computer: Computer
    rig: Rig
    topics: Topics
    wall: Wall
    trace: list[str] = field(default_factory=list)

    @property
    def controller(self) -> Controller:
        """The one that runs, or that ran last."""
        return self.computer.process.controller

    @property
    def journal(self) -> InlineJournal:
        """As that controller has it open."""
        return self.computer.process.journal

    @property
    def modbus(self) -> Mapping[str, ModbusLink]:
        """Its links."""
        return self.computer.process.wires.links.modbus

    @property
    def lines(self) -> dict[str, Line]:
        """What the links run on: a line that is `down` is cut."""
        return self.computer.process.wires.lines

    async def operate(self, operator: Operator) -> Told:
        """An operator's act beside the station. Raises JournalError, and Dead where no controller runs."""
        return await self.computer.ask(self.controller.operate(operator))

    def now_ms(self) -> int:
        """What the clocks of everybody else show."""
        return Wall().now_ms()

    @property
    def sender(self) -> Sender:
        """Sends commands as the cloud does."""
        return Sender(self.broker, self.topics, asyncio.get_running_loop().time, self.now_ms)

    def order(self, name: str, vin: str | None = None, **other: Any) -> OrderCommand:
        """Order a swap for a car that comes now, or for that of the VIN."""
        vehicle = self.station.config.station.vehicles[0]
        return self.sender.order(name, vin or self.world.queue_car().vin, vehicle, **other)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish as some client of the broker."""
        self.broker.publish_local(Message(topic, payload), asyncio.get_running_loop().time())


def _only_what_is_wired(emulators: Emulators, station: Station, there: Station | None) -> None:
    """The links are those of the controller's files: at one that the station has not, nobody answers."""
    if there is None:
        return
    of_kind: dict[str, set[str]] = {"modbus": set(), "can": set(), "line": set()}
    for name, link in station.config.links.items():
        of_kind.setdefault(link.kind.partition("-")[0], set()).add(name)
    emulators.modbus = {name: emulators.modbus.get(name, {}) for name in of_kind["modbus"]}
    emulators.can = {name: emulators.can.get(name, []) for name in of_kind["can"]}
    emulators.lines = {name: talker for name, talker in emulators.lines.items() if name in of_kind["line"]}


@asynccontextmanager
async def virtual_station(
    station: Station,
    seed: int,
    *,
    jitter: float = 0.0,
    speed: float = 1.0,
    frames: bool = False,
    journal: InlineJournal | None = None,
    wire_log: Sink | None = None,
    there: Station | None = None,
    booted: Callable[[Controller], None] = lambda _: None,
    wall: Wall | None = None,
) -> AsyncIterator[VirtualStation]:
    """Build and run a station; it is stopped on exit. Same seed, same trace.

    With `frames` the production Modbus links run over bytes in memory, framing and checksums included; without, words
    take their place, which is several times faster. `wire_log` is told all that its wires carry. `there` is the station
    that is really there, where the controller has been given the files of another one. `wall` is its wall clock.
    `booted` is told of each controller.
    """
    clock = asyncio.get_running_loop().time
    world = World(there or station, seed, speed, jitter=jitter, start=clock())
    emulators = build_emulators(world, there or station, coalesce_s=COALESCE_S)
    _only_what_is_wired(emulators, station, there)
    broker = BrokerCore()
    topics = Topics(station.config.station.site, station.name)
    wall = wall or Wall()
    wiring = Wiring(station, seed, emulators, broker, frames=frames)
    file = JournalFile(station.config.process.journal, wall.stamp, journal)
    files, tap = _Files(station), Tap(clock, lambda: wall.stamp().t_wall)
    tap.sink = wire_log

    def boot(number: int, life: Life) -> Process:
        name = f"sim-{seed}" if number == 1 else f"sim-{seed}-{number}"
        wires, kept = wiring.wires(life, number, will_of(topics, name, wall.now_ms())), file.open()
        controller = Controller(files.now, tap.links(wires.links), kept, _host(name, wall, tap))
        booted(controller)
        return Process(controller, wires, kept)

    async with AsyncExitStack() as stack:
        for hub in wiring.hubs.values():
            stack.enter_context(HubTimer(hub, FOR_EVER))
            world.watchers.append(_waker(hub))
        async with asyncio.TaskGroup() as group:
            computer = Computer(group, boot)
            hooks = {
                **wiring.hooks(),
                **file.hooks(),
                "controller-dead": computer.switch_off,
                "other-files": files.change,
            }
            rig = Rig(world, emulators, hooks)
            running = VirtualStation(station, world, emulators, broker, computer, rig, topics, wall)
            broker.subscribe_local("#", lambda m: running.trace.append(f"{clock():.6f} {m.topic} {m.payload.decode()}"))
            try:
                yield running
            finally:
                await computer.end()
        file.close()


class _Files:
    """What a controller is started with: the station's files, or others of the same station."""

    def __init__(self, station: Station) -> None:
        self.now = self._own = station

    def change(self, on: bool) -> None:
        """Somebody has edited them, or put them back."""
        self.now = replace(self._own, hash=hashlib.sha256(self._own.hash.encode()).hexdigest()) if on else self._own


def _host(boot_id: str, wall: Wall, tap: Tap) -> Host:
    clock, decided = asyncio.get_running_loop().time, tap.controller(boot_id)
    source = lambda: wall.source  # noqa: E731 - it may change
    return Host(clock, wall.now_ms, boot_id, "sim", Notifier(None), decided=decided, clock_source=source)


def _waker(hub: CanHub) -> Callable[[], None]:
    def wake() -> None:
        hub.wake()  # as it is then: a timer sets its own, and takes it away

    return wake
