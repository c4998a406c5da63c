"""The wires between a station in memory and its controller: each process has links of its own on the same plant."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from firmware_py.shell.carriers import line_cutter
from firmware_py.shell.plant import Links
from hal.config.bundle import Station
from hal.ports import Message
from sim.broker.core import BrokerCore
from sim.campaigns.computer import Life, Wires
from sim.campaigns.virtual_modbus import frames_links, words_links
from sim.emulators import Emulators
from sim.reach.can_hub import CanHub
from sim.reach.lines import MemoryLineLink
from sim.reach.memory_can import MemoryCanLink
from sim.reach.memory_mqtt import MemoryMqttLink

MQTT_LATENCY_S = 0.002


class Wiring:
    """Makes the links of each process. What people do to the wires outlasts it: an adapter that is out stays out."""

    def __init__(self, station: Station, seed: int, emulators: Emulators, broker: BrokerCore, *, frames: bool) -> None:
        self._station = station
        self._seed = seed
        self._emulators = emulators
        self._broker = broker
        self._frames = frames
        self.hubs = {name: CanHub(nodes) for name, nodes in emulators.can.items()}
        self._can: dict[str, MemoryCanLink] = {}
        self._unplugged: set[str] = set()

    def wires(self, life: Life, number: int, will: Message) -> Wires:
        """Links for the process of that number; CAN and text lines are open."""
        station, emulators, clock = self._station, self._emulators, asyncio.get_running_loop().time
        if self._frames:
            name = f"{self._seed}" if number == 1 else f"{self._seed}-{number}"
            modbus, lines, opening = frames_links(station, emulators, clock, name)
        else:
            modbus, lines, opening = words_links(station, emulators, clock)
        stack = ExitStack()
        self._can = {name: MemoryCanLink(hub, clock, life.inside) for name, hub in self.hubs.items()}
        for name, link in self._can.items():
            stack.enter_context(link)
            link.set_plugged(name not in self._unplugged)
        texts = {
            name: stack.enter_context(MemoryLineLink(talker, line_cutter(station, name)))
            for name, talker in emulators.lines.items()
        }
        cloud = MemoryMqttLink(self._broker, station.name, latency_s=MQTT_LATENCY_S, will=will)
        return Wires(Links(modbus, {**self._can}, cloud, texts), lines, opening, cloud, stack)

    def hooks(self) -> dict[str, Callable[[bool], None]]:
        """What can happen to the wires, and to the broker behind one of them."""
        clock, broker = asyncio.get_running_loop().time, self._broker
        return {
            **{f"unplug {name}": partial(self._unplug, name) for name in self.hubs},
            **{f"bus-off {name}": hub.set_bus_off for name, hub in self.hubs.items()},
            "broker-down": lambda on: broker.go_down(clock()) if on else broker.come_up(clock()),
            "broker-frozen": lambda on: broker.freeze() if on else broker.thaw(clock()),
        }

    def _unplug(self, name: str, on: bool) -> None:
        (self._unplugged.add if on else self._unplugged.discard)(name)
        self._can[name].set_plugged(not on)
