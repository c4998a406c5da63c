"""Looking at one device, unit, pack position or charger of a station: decoded values, their age, what came in raw."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from firmware_py.shell.asking import Raw, Sample, is_ready, sample
from firmware_py.shell.carriers import can_link, line_link, modbus_link
from firmware_py.shell.hearing import CAR, CAR_PACK, Hearing, chargers_of, places_of
from hal.codecs.fields import ROLES
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.links import CanConfig, LineSerialConfig, LineTcpConfig, ModbusRtuConfig, ModbusTcpConfig
from hal.config.station import ReaderDevice, UnitsDevice
from hal.devices.bus_nodes import NEVER
from hal.devices.code_reader import CodeReader
from hal.errors import HalError
from hal.links.can import PythonCanLink
from hal.links.line import LineLink
from hal.links.modbus import RtuModbusLink, TcpModbusLink

PACKS: Final = "packs"
LISTEN_S: Final = 2.0
"""How long a sender has to say all that it says."""
_STEP_S: Final = 0.1
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One unit or speaker. All values are of one age; `age_s` is `None` where nothing came yet.

    `raw`: what came in by value (a unit) or by CAN id in hexadecimal (a speaker). `internal`: names that are no role.
    `optional`: there may be nobody, as in an empty bay.
    """

    name: str
    where: str
    values: Mapping[str, Any]
    raw: Mapping[str, Raw | str]
    internal: frozenset[str] = frozenset()
    age_s: float | None = None
    took_s: float | None = None
    error: str = ""
    optional: bool = False


def names(station: Station) -> tuple[str, ...]:
    """Everything that can be looked at."""
    places = [place for place in places_of(station) if place not in station.devices]
    return (*station.devices, *station.units, PACKS, *places, *chargers_of(station))


async def looks(station: Station, name: str, every_s: float) -> AsyncGenerator[tuple[Part, ...], None]:
    """Look again and again, at once and then every `every_s`; takes a name of `names`. Reads and listens only."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        eyes = await _eyes(station, name, stack)
        due = loop.time()
        while True:
            parts: list[Part] = []
            for eye in eyes:
                parts += await eye.look()
            yield tuple(parts)
            due = max(due + every_s, loop.time())
            await asyncio.sleep(due - loop.time())


class _UnitEye:
    """Keeps the last good sample: values that do not come any more grow old in sight."""

    def __init__(self, codec: UnitCodec, link: TcpModbusLink | RtuModbusLink) -> None:
        unit = codec.unit
        self._codec = codec
        self._link = link
        self._clock = asyncio.get_running_loop().time
        self._last: Sample | None = None
        self._empty = Part(unit.name, f"unit {unit.unit} on {unit.link} ({link.name}), {unit.device.name}", {}, {})

    async def look(self) -> list[Part]:
        try:
            if not await is_ready(self._link):
                return [self._shown(self._link.error or "no connection")]
            self._last = await sample(self._codec, self._link, self._clock)
        except HalError as error:
            return [self._shown(str(error))]
        return [self._shown("; ".join(self._last.refused.values()))]

    def _shown(self, error: str) -> Part:
        last = self._last
        if last is None:
            return replace(self._empty, error=error)
        return replace(
            self._empty,
            values=last.values,
            raw=last.raw,
            internal=frozenset(name for name in last.values if name not in ROLES),
            age_s=self._clock() - last.at_s,
            took_s=last.took_s,
            error=error,
        )


class _BusEye:
    """The first look waits until everybody of interest has said all, or `LISTEN_S`."""

    def __init__(self, station: Station, channel: str, link: PythonCanLink, places: tuple[str, ...]) -> None:
        self._clock = asyncio.get_running_loop().time
        self._hearing = Hearing(station, channel, link, self._clock)
        self._link = link
        self._channel = channel
        self._places = places
        self._waited = False

    async def look(self) -> list[Part]:
        if not await is_ready(self._link):
            return [Part(place, f"on {self._channel}", {}, {}, error=self._link.error) for place in self._places]
        if not self._waited:
            await self._wait()
        return [self._shown(place) for place in self._places]

    async def _wait(self) -> None:
        self._waited = True
        for _ in range(round(LISTEN_S / _STEP_S)):
            if all(self._hearing.name_of(place) for place in self._places):
                return
            await asyncio.sleep(_STEP_S)

    def _shown(self, place: str) -> Part:
        node, where = self._hearing.nodes[place], f"on {self._channel} ({self._link.name})"
        if node.at_s == NEVER:
            return Part(place, where, {}, {}, error="not heard", optional=True)
        reading = self._hearing.reading(place)
        values = {field.name: getattr(reading, field.name) for field in fields(reading) if field.name != "at_s"}
        frames = {f"{i:X}": frame.data.hex(" ") for i, frame in self._hearing.last.items() if i in node.codec.ids}
        return Part(place, where, values, frames, age_s=self._clock() - node.at_s)


class _ChargerEye:
    """Asks the module; its values are told as long as they are fresh."""

    def __init__(self, station: Station, name: str, channel: str, link: PythonCanLink) -> None:
        self._clock = asyncio.get_running_loop().time
        self._hearing = Hearing(station, channel, link, self._clock)
        self._node = next(node for node in self._hearing.chargers if node.name == name)
        self._link = link
        self._where = f"on {channel} ({link.name}), {self._node.codec.kind.name}"

    async def look(self) -> list[Part]:
        node = self._node
        began, error = self._clock(), ""
        if not await is_ready(self._link):
            return [Part(node.name, self._where, {}, {}, error=self._link.error or "no connection")]
        for _ in range(TRIES):  # a server may take a client into the channel after it said so
            try:
                await node.poll()
            except HalError as failure:
                error = str(failure)
            else:
                error = ""
                break
        if node.at_s == NEVER:
            return [Part(node.name, self._where, {}, {}, error=error)]
        reading = node.reading(self._clock())
        values = {field.name: getattr(reading, field.name) for field in fields(reading) if field.name != "at_s"}
        frames = {f"{i:X}": frame.data.hex(" ") for i, frame in self._hearing.last.items() if i in node.codec.ids}
        age_s = self._clock() - node.at_s
        return [Part(node.name, self._where, values, frames, age_s=age_s, took_s=self._clock() - began, error=error)]


class _LineEye:
    """The first look waits for a line, or `LISTEN_S`."""

    def __init__(self, name: str, reader: CodeReader, link: LineLink) -> None:
        self._clock = asyncio.get_running_loop().time
        self._name, self._reader, self._link = name, reader, link
        self._last = ""
        self._waited = False
        link.subscribe(self._heard)

    def _heard(self, lines: list[bytes]) -> None:
        self._last = lines[-1].decode("ascii", "replace")
        self._reader.take(lines)

    async def look(self) -> list[Part]:
        where = f"on {self._reader.link} ({self._link.name})"
        if not await is_ready(self._link):
            return [Part(self._name, where, {}, {}, error=self._link.error)]
        for _ in range(0 if self._waited else round(LISTEN_S / _STEP_S)):
            if self._last:
                break
            await asyncio.sleep(_STEP_S)
        self._waited = True
        raw = {"line": self._last} if self._last else {}
        if self._reader.at_s == NEVER:
            return [Part(self._name, where, {}, raw, error="not heard" if not raw else "no reading in what it sends")]
        now = self._clock()
        return [Part(self._name, where, {"code": self._reader.reading(now).code}, raw, age_s=now - self._reader.at_s)]


_Eye = _UnitEye | _BusEye | _ChargerEye | _LineEye


async def _eyes(station: Station, name: str, stack: AsyncExitStack) -> list[_Eye]:
    device = station.devices.get(name)
    if isinstance(device, ReaderDevice):
        line = station.config.links[device.link]
        assert isinstance(line, LineTcpConfig | LineSerialConfig)  # the loader has checked it
        link = await stack.enter_async_context(line_link(station, device.link, line))
        clock = asyncio.get_running_loop().time
        return [_LineEye(name, CodeReader(name, device, clock, station.config.freshness.periods), link)]
    if isinstance(device, UnitsDevice):
        return await _unit_eyes(station, device.units, stack)
    if name in station.units:
        return await _unit_eyes(station, (name,), stack)
    if name in chargers_of(station):
        channel = chargers_of(station)[name]
        config = station.config.links[channel]
        assert isinstance(config, CanConfig)  # the loader has checked it
        return [_ChargerEye(station, name, channel, await stack.enter_async_context(can_link(config)))]
    channels: dict[str, list[str]] = {}
    for place, channel in places_of(station).items():
        wanted = place in {CAR, CAR_PACK} if name == CAR else name == place
        if wanted or (name == PACKS and place != CAR):
            channels.setdefault(channel, []).append(place)
    eyes: list[_Eye] = []
    for channel, places in channels.items():
        config = station.config.links[channel]
        assert isinstance(config, CanConfig)  # the loader has checked it
        bus = await stack.enter_async_context(can_link(config))
        eyes.append(_BusEye(station, channel, bus, tuple(places)))
    return eyes


async def _unit_eyes(station: Station, units: tuple[str, ...], stack: AsyncExitStack) -> list[_Eye]:
    lines: dict[str, TcpModbusLink | RtuModbusLink] = {}
    for link in dict.fromkeys(station.units[name].link for name in units):
        config = station.config.links[link]
        assert isinstance(config, ModbusRtuConfig | ModbusTcpConfig)  # the loader has checked it
        lines[link] = await stack.enter_async_context(modbus_link(station, link, config))
    return [_UnitEye(UnitCodec(station.units[name]), lines[station.units[name].link]) for name in units]
