"""A simulated station on real wires: world, emulators and broker behind loopback ports and a pseudo terminal."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from firmware_py.shell.clock import system_wall_clock
from hal.config.bundle import Station
from hal.config.links import CanConfig, LineSerialConfig, LineTcpConfig, ModbusRtuConfig, ModbusTcpConfig, MqttConfig
from hal.contract import OrderCommand, ReserveCommand, SimulatorNotice, Topics
from hal.contract.messages import SimulatorValues
from hal.ports import Message
from sim.broker.core import BrokerCore
from sim.broker.server import serve_broker
from sim.campaigns.sender import Sender
from sim.campaigns.serve_can import Hooks, serve_can
from sim.emulators import Emulators, build_emulators
from sim.faults import Rig
from sim.reach.lines import serve_line_pty, serve_line_tcp
from sim.reach.modbus_rtu import serve_rtu
from sim.reach.modbus_tcp import serve_tcp
from sim.world import Car, World

HOST: Final = "127.0.0.1"
DEFAULT_VIN: Final = "LNAUTS0A0PX000001"
VIN_PATTERN: Final = "[A-HJ-NPR-Z0-9]{17}"
_VIN_STEM: Final = DEFAULT_VIN[:-6]

HOLD_S: Final = 600.0
"""For how long a pack is reserved where nothing else is wished."""

ANSWER_S: Final = 3.0

LinkTable = dict[str, dict[str, Any]]


class Broker:
    """The broker on one port that it keeps. `set_down(True)` kills it: connections drop and nobody listens."""

    def __init__(self, core: BrokerCore) -> None:
        self.core = core
        self.port = 0
        self.listening = asyncio.Event()
        self._down = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()

    def set_down(self, down: bool) -> None:
        """Kill it, or start it again. Takes effect in the next turns of the loop."""
        (self._down if down else self._up).set()
        (self._up if down else self._down).clear()

    def set_frozen(self, frozen: bool) -> None:
        """Answer nobody, or go on with what came in meanwhile. Connections stay open."""
        if frozen:
            self.core.freeze()
        else:
            self.core.thaw(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Keep it as it is wanted, for ever. Raises OSError where its port was taken meanwhile."""
        while True:
            await self._up.wait()
            async with serve_broker(self.core, HOST, self.port) as server:
                self.port = server.port
                self.listening.set()
                await self._down.wait()
            self.listening.clear()


@dataclass
class Served:
    """A simulated station that is served now."""

    station: Station
    world: World
    emulators: Emulators
    rig: Rig
    broker: Broker
    topics: Topics
    links: LinkTable
    """`[links]` of an overlay file that leads to this simulator."""
    run_id: str
    orders: int = 0
    reservations: int = 0
    _vins: int = field(default=0, repr=False)

    @property
    def overlay(self) -> str:
        """The overlay file as TOML."""
        return overlay_text(self.links)

    def car(self, vin: str | None = None, soc_pct: float = 18.0) -> Car:
        """A car joins the queue outside the lane; without a VIN it has one of its own. Raises ValueError for no VIN."""
        if vin is None:
            vin = self.next_vin
            self._vins += 1
        _checked(vin)
        self.world.advance(asyncio.get_running_loop().time())
        return self.world.queue_car(vin, soc_pct=soc_pct)

    def order(self, vin: str | None = None) -> OrderCommand:
        """Publish an order as the cloud would, for the first car of the queue. Raises LookupError where none waits,
        and where the station has told no challenge; ValueError for no VIN.
        """
        queue = self.world.cars.queue
        if vin is None and not queue:
            raise LookupError("no car waits outside: send one first")
        wanted, vehicle = _checked(vin or queue[0].vin), self._vehicle
        self.orders += 1
        return self._sender.order(f"{self.run_id}-order-{self.orders}", wanted, vehicle)

    def reserve(self, vin: str | None = None, hold_s: float = HOLD_S) -> ReserveCommand:
        """Ask for a pack to be held as the cloud would, for the next car of the series. Raises as `order` does."""
        wanted, vehicle = _checked(vin or self.next_vin), self._vehicle
        self.reservations += 1
        return self._sender.reserve(f"{self.run_id}-reserve-{self.reservations}", wanted, vehicle, hold_s)

    async def answer_to(self, command: str, command_id: str) -> dict[str, Any] | None:
        """The station's first answer to a command that was just sent; None where it has not answered in `ANSWER_S`."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def heard(message: Message) -> None:
            values = json.loads(message.payload)["values"]
            if values.get("order_id", values.get("command_id")) == command_id and not answer.done():
                answer.set_result({"answer": values["answer"], "reason": values["reason"]})

        forget = self.broker.core.subscribe_local(self.topics.reply(command), heard)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return None
        finally:
            forget()

    @property
    def next_vin(self) -> str:
        """Of the next car that comes without a VIN of its own."""
        return f"{_VIN_STEM}{self._vins + 1:06d}"

    @property
    def _vehicle(self) -> str:
        if not self.station.config.station.vehicles:
            raise LookupError(f"{self.station.name} serves no car")
        return self.station.config.station.vehicles[0]

    @property
    def _sender(self) -> Sender:
        return Sender(self.broker.core, self.topics, asyncio.get_running_loop().time, wall_ms)

    def publish(self, message: Message) -> None:
        """Publish as some client of the broker."""
        self.broker.core.publish_local(message, asyncio.get_running_loop().time())

    def send_car(self, vin: str | None = None) -> OrderCommand:
        """A car arrives and is ordered for."""
        return self.order(self.car(vin).vin)


def _checked(vin: str) -> str:
    if not re.fullmatch(VIN_PATTERN, vin):
        raise ValueError(f"{vin!r} is no VIN: 17 capital letters and digits, without I, O, Q")
    return vin


@asynccontextmanager
async def serve_station(
    station: Station, seed: int, *, speed: float = 1.0, jitter: float = 0.0
) -> AsyncIterator[Served]:
    """Serve every link of the station on ephemeral loopback ports. `speed` scales motion and energy, never the wires.

    Time is the running loop's. Raises OSError where a port or terminal cannot be had.
    """
    loop = asyncio.get_running_loop()
    world = World(station, seed, speed, jitter=jitter, start=loop.time())
    emulators = build_emulators(world, station)
    broker = Broker(BrokerCore())
    topics = Topics(station.config.station.site, station.name)
    links: LinkTable = {}
    async with AsyncExitStack() as stack:
        hooks: Hooks = {"broker-down": broker.set_down, "broker-frozen": broker.set_frozen}
        await _open_wires(stack, station, emulators, links, hooks)
        keeper = loop.create_task(broker.run(), name="broker")
        stack.push_async_callback(_end, keeper)
        await _listening(broker, keeper)
        for name, config in station.config.links.items():
            if isinstance(config, MqttConfig):
                links[name] = _mqtt_entry(config, broker.port)
        rig = Rig(world, emulators, hooks)
        served = Served(station, world, emulators, rig, broker, topics, links, f"sim-{wall_ms()}")
        served.publish(_notice(served, speed))
        yield served


def overlay_text(links: Mapping[str, Mapping[str, Any]]) -> str:
    """A `[links]` table in TOML. Values are strings and numbers."""
    lines = ["# Written by the simulator: leads every link to it.", "[links]"]
    for name, entry in links.items():
        parts = ", ".join(f"{key} = {_toml(value)}" for key, value in entry.items())
        lines.append(f"{name} = {{ {parts} }}")
    return "\n".join(lines) + "\n"


def wall_ms() -> int:
    """Wall clock for stamps, ms since 1970 UTC."""
    return round(system_wall_clock() * 1000)


async def _open_wires(
    stack: AsyncExitStack, station: Station, emulators: Emulators, links: LinkTable, hooks: Hooks
) -> None:
    can: dict[str, CanConfig] = {}
    for name, config in station.config.links.items():
        match config:
            case ModbusTcpConfig():
                port = await stack.enter_async_context(serve_tcp(emulators.modbus.get(name, {}), HOST))
                links[name] = {"kind": config.kind, "host": HOST, "port": port}
            case ModbusRtuConfig():
                line = serve_rtu(emulators.modbus.get(name, {}), config.baudrate)
                path = await stack.enter_async_context(line)
                paced = {"baudrate": config.baudrate, "quiet_s": config.quiet_s}
                links[name] = {"kind": config.kind, "port": path, **paced}
            case LineTcpConfig() if name in emulators.lines:
                port = await stack.enter_async_context(serve_line_tcp(emulators.lines[name], HOST))
                links[name] = {"kind": config.kind, "host": HOST, "port": port}
            case LineSerialConfig() if name in emulators.lines:
                path = await stack.enter_async_context(serve_line_pty(emulators.lines[name]))
                links[name] = {"kind": config.kind, "port": path, "baudrate": config.baudrate}
            case CanConfig():
                can[name] = config
    links |= await serve_can(stack, can, emulators, hooks, HOST)


def _mqtt_entry(config: MqttConfig, port: int) -> dict[str, Any]:
    """The station's own session, at our broker: it asks for no password."""
    return {**config.model_dump(exclude={"username", "credential"}), "host": HOST, "port": port}


def _notice(served: Served, speed: float) -> Message:
    values = SimulatorValues(station=served.station.name, speed=speed)
    notice = SimulatorNotice(ts=wall_ms(), id=f"{served.run_id}-notice", seq=0, values=values)
    return Message(served.topics.simulator, notice.model_dump_json().encode(), retain=True)


async def _listening(broker: Broker, keeper: asyncio.Task[None]) -> None:
    """Wait for the port, or for the reason why there is none."""
    keeper.add_done_callback(lambda _: broker.listening.set())
    await broker.listening.wait()
    if keeper.done():
        keeper.result()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
