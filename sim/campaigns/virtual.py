"""A whole station in memory: world, emulators, broker and the production controller on one loop."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from firmware_py.shell.carriers import line_cutter
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.cloud import will_of
from firmware_py.shell.controller import Controller
from firmware_py.shell.host import Host
from firmware_py.shell.journal import Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.plant import Links
from firmware_py.shell.service import Notifier
from firmware_py.shell.wirelog.taps import Sink, Tap
from hal.config.bundle import Station
from hal.contract import OrderCommand, Topics
from hal.ports import CanLink, Message, ModbusLink
from sim.broker.core import BrokerCore
from sim.campaigns.memory_disk import MemoryDisk
from sim.campaigns.sender import Sender
from sim.campaigns.virtual_modbus import Line, frames_links, words_links
from sim.emulators import Emulators, build_emulators
from sim.faults import Rig
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import FOR_EVER, HubTimer
from sim.reach.lines import MemoryLineLink
from sim.reach.memory_can import MemoryCanLink
from sim.reach.memory_mqtt import MemoryMqttLink
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


JOURNAL_LATENCY_S = 0.0005
MQTT_LATENCY_S = 0.002
COALESCE_S = 1.0


@dataclass
class VirtualStation:
    """All parts of a running station in memory."""

    station: Station
    world: World
    emulators: Emulators
    broker: BrokerCore
    controller: Controller
    rig: Rig
    topics: Topics
    modbus: dict[str, ModbusLink]
    lines: dict[str, Line]
    """What the links run on: a line that is `down` is cut."""
    journal: InlineJournal
    wall: Wall
    trace: list[str] = field(default_factory=list)

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


class _Process:
    """The controller as a process that may be killed: nothing that it says on its way out reaches a device."""

    def __init__(self, running: VirtualStation, group: asyncio.TaskGroup, boot: Callable[[int], Controller]) -> None:
        self._running = running
        self._group = group
        self._boot = boot
        self._boots = 1
        self._is_dead = False
        self.task = group.create_task(running.controller.run(), name="controller")

    def kill(self, on: bool) -> None:
        """Kill it, or start it again on the same journal. Killing the dead and starting the living does nothing."""
        if on is self._is_dead:
            return
        self._is_dead = on
        if on:
            self._cut(down=True)
            self.task.cancel()
            return
        self._boots += 1
        self._running.controller = self._boot(self._boots)
        self.task = self._group.create_task(self._start(self.task), name=f"controller-{self._boots}")

    async def _start(self, before: asyncio.Task[None]) -> None:
        """The wires are whole again once nothing is left of the one before."""
        await asyncio.gather(before, return_exceptions=True)
        self._cut(down=self._is_dead)
        await self._running.controller.run()

    def _cut(self, *, down: bool) -> None:
        for line in self._running.lines.values():
            line.down = down


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
    """
    loop = asyncio.get_running_loop()
    clock = loop.time
    world = World(there or station, seed, speed, jitter=jitter, start=clock())
    emulators = build_emulators(world, there or station, coalesce_s=COALESCE_S)
    _only_what_is_wired(emulators, station, there)
    broker = BrokerCore()
    topics = Topics(station.config.station.site, station.name)
    boot_id = f"sim-{seed}"

    wall = wall or Wall()

    async with AsyncExitStack() as stack:
        if frames:
            modbus, lines = await frames_links(station, emulators, clock, seed, stack)
        else:
            modbus, lines = words_links(station, emulators, clock)
        hooks: dict[str, Callable[[bool], None]] = {}
        can, texts = _can_links(stack, world, emulators, clock, hooks), _text_lines(stack, station, emulators)
        cloud = await stack.enter_async_context(
            MemoryMqttLink(broker, station.name, latency_s=MQTT_LATENCY_S, will=will_of(topics, boot_id, wall.now_ms()))
        )
        disk = MemoryDisk(station.config.process.journal)
        kept = journal or InlineJournal(
            clock=wall.stamp, latency_s=JOURNAL_LATENCY_S, connect=disk.connect, reserve=disk
        )
        tap = Tap(clock, lambda: wall.stamp().t_wall)
        tap.sink = wire_log
        links = tap.links(Links(modbus, can, cloud, texts))

        def boot(number: int) -> Controller:
            name = boot_id if number == 1 else f"{boot_id}-{number}"
            return _shown(Controller(files.now, links, kept, _host(name, wall, tap)), booted)

        files = _Files(station)
        hooks |= _host_hooks(broker, clock) | _journal_hooks(kept, disk, wall) | {"other-files": files.change}
        rig = Rig(world, emulators, hooks)
        running = VirtualStation(station, world, emulators, broker, boot(1), rig, topics, modbus, lines, kept, wall)
        broker.subscribe_local("#", lambda m: running.trace.append(f"{clock():.6f} {m.topic} {m.payload.decode()}"))
        async with asyncio.TaskGroup() as group:
            process = _Process(running, group, boot)
            hooks["controller-dead"] = process.kill
            try:
                yield running
            finally:
                process.task.cancel()
        if journal is None:
            kept.close()


def _shown(controller: Controller, booted: Callable[[Controller], None]) -> Controller:
    booted(controller)
    return controller


class _Files:
    """What a controller is started with: the station's files, or others of the same station."""

    def __init__(self, station: Station) -> None:
        self.now = self._own = station

    def change(self, on: bool) -> None:
        """Somebody has edited them, or put them back."""
        self.now = replace(self._own, hash=hashlib.sha256(self._own.hash.encode()).hexdigest()) if on else self._own


def _host_hooks(broker: BrokerCore, clock: Callable[[], float]) -> dict[str, Callable[[bool], None]]:
    """What can happen beside the plant."""
    return {
        "broker-down": lambda on: broker.go_down(clock()) if on else broker.come_up(clock()),
        "broker-frozen": lambda on: broker.freeze() if on else broker.thaw(clock()),
    }


def _journal_hooks(kept: InlineJournal, disk: MemoryDisk, wall: Wall) -> dict[str, Callable[[bool], None]]:
    return {
        "journal-fails": lambda _: kept.fail("no space left on device"),
        "journal-backup": lambda _: disk.back_up(),
        "journal-restored": lambda _: disk.restore(wall.stamp()),
        "disk-hangs": kept.hang,
        "disk-full": disk.fill,
        "disk-low": disk.narrow,
    }


def _host(boot_id: str, wall: Wall, tap: Tap) -> Host:
    clock, decided = asyncio.get_running_loop().time, tap.controller(boot_id)
    source = lambda: wall.source  # noqa: E731 - it may change
    return Host(clock, wall.now_ms, boot_id, "sim", Notifier(None), decided=decided, clock_source=source)


def _text_lines(stack: AsyncExitStack, station: Station, emulators: Emulators) -> dict[str, MemoryLineLink]:
    """A link for each code reader, which sends lines by itself."""
    return {
        name: stack.enter_context(MemoryLineLink(talker, line_cutter(station, name)))
        for name, talker in emulators.lines.items()
    }


def _can_links(
    stack: AsyncExitStack,
    world: World,
    emulators: Emulators,
    clock: Callable[[], float],
    hooks: dict[str, Callable[[bool], None]],
) -> dict[str, CanLink]:
    """A channel for each CAN link; `hooks` can pull out its adapter and take it off the bus."""
    can: dict[str, CanLink] = {}
    for name, nodes in emulators.can.items():
        hub = CanHub(nodes)
        stack.enter_context(HubTimer(hub, FOR_EVER))
        world.watchers.append(_waker(hub))
        can[name] = link = stack.enter_context(MemoryCanLink(hub, clock))
        hooks[f"unplug {name}"] = _unplug(link)
        hooks[f"bus-off {name}"] = hub.set_bus_off
    return can


def _waker(hub: CanHub) -> Callable[[], None]:
    def wake() -> None:
        hub.wake()  # as it is then: a timer sets its own, and takes it away

    return wake


def _unplug(link: MemoryCanLink) -> Callable[[bool], None]:
    return lambda on: link.set_plugged(not on)
