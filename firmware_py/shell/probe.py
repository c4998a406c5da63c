"""Who answers on every wire of a station, and how fast. Reads and listens.

It writes no register, and sends on CAN only what asks a charger module for its readings.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from firmware_py.shell.asking import identity, is_ready, read_block
from firmware_py.shell.carriers import can_link, guest_link, line_link, modbus_link
from firmware_py.shell.hearing import CAR, Hearing
from hal.codecs.identity import marks_of
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.links import (
    CanConfig,
    LineSerialConfig,
    LineTcpConfig,
    LinkConfig,
    ModbusRtuConfig,
    ModbusTcpConfig,
    MqttConfig,
    SocketcandConfig,
)
from hal.config.station import ReaderDevice
from hal.devices.charger import ChargerNode
from hal.devices.unit import GATEWAY_CODES
from hal.errors import DeviceRefused, HalError, LinkDown, LinkError
from hal.links.modbus import RtuModbusLink, TcpModbusLink

READS: Final = 5
GIVE_UP: Final = 2
"""So many failures and no answer: the unit is silent."""
LISTEN_S: Final = 2.0
ROUNDS: Final = 2
"""So often a device that speaks by itself must have had its turn."""
NAMES_S: Final = 2.0
"""How much longer to listen for the names of those that were heard: a serial number travels in parts."""
_LOOK_S: Final = 0.1
MARGIN_S: Final = 1.0
CANNOT_TELL: Final = "cannot tell"

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """One unit or speaker of a wire. `p50_s`: median time of a read. `identity`: product, serial number or VIN."""

    name: str
    good: bool
    text: str
    p50_s: float | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """One carrier and who was found on it. `where`: port or address."""

    name: str
    kind: str
    where: str
    good: bool
    text: str
    found: tuple[Found, ...] = ()

    @property
    def all_answer(self) -> bool:
        """The carrier works, and so does everybody who has to answer on it."""
        return self.good and all(found.good for found in self.found)


async def probe_station(station: Station, told: Told, listen_s: float = LISTEN_S) -> tuple[Wire, ...]:
    """All wires at once, in the order of the file. `told` hears of each that is done."""
    links = station.config.links
    done = 0

    async def one(name: str, config: LinkConfig) -> Wire:
        nonlocal done
        wire = await _wire(station, name, config, listen_s)
        done += 1
        told(f"{done} of {len(links)} wires: {name}: {wire.text}")
        return wire

    told(f"asking on {len(links)} wires, listening {listen_s:g} s on CAN")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name, config), name=f"probe {name}") for name, config in links.items()]
    return tuple(task.result() for task in tasks)


def where(config: LinkConfig) -> str:
    """Port or address of a carrier, for people."""
    match config:
        case ModbusRtuConfig() | LineSerialConfig():
            return f"{config.port} at {config.baudrate} Bd"
        case SocketcandConfig():
            return f"{config.interface} {config.channel} at {config.host}:{config.port}"
        case CanConfig():
            return f"{config.interface} {config.channel}"
        case _:
            return f"{config.host}:{config.port}"


async def _wire(station: Station, name: str, config: LinkConfig, listen_s: float) -> Wire:
    match config:
        case ModbusRtuConfig() | ModbusTcpConfig():
            return await _modbus(station, name, config)
        case CanConfig():
            return await _can(station, name, config, listen_s)
        case LineTcpConfig() | LineSerialConfig():
            return await _line(station, name, config, listen_s)
        case MqttConfig():
            return await _mqtt(name, config)


async def _modbus(station: Station, name: str, config: ModbusRtuConfig | ModbusTcpConfig) -> Wire:
    codecs = [UnitCodec(unit) for unit in station.units.values() if unit.link == name]
    found: list[Found] = []
    async with modbus_link(station, name, config) as link:
        if not await is_ready(link):
            lost = tuple(Found(codec.unit.name, False, "not asked") for codec in codecs)
            return Wire(name, config.kind, where(config), False, link.error or "no connection", lost)
        for codec in codecs:
            found.append(await _unit(codec, link))
    answer = sum(unit.good for unit in found)
    return Wire(name, config.kind, where(config), True, f"{answer} of {len(found)} units answer", tuple(found))


async def _unit(codec: UnitCodec, link: TcpModbusLink | RtuModbusLink) -> Found:
    name, blocks = codec.unit.name, codec.blocks
    clock = asyncio.get_running_loop().time
    took: list[float] = []
    refusals: dict[str, None] = {}
    failures: list[HalError] = []
    asked = (*blocks[:1] * READS, *blocks[1:])
    for block in asked:
        if not await is_ready(link):  # a silence may have cost the connection
            failures.append(LinkDown(link.error))
            break
        began = clock()
        try:
            await read_block(codec, link, block)
            took.append(clock() - began)
        except DeviceRefused as error:
            if error.code in GATEWAY_CODES:
                failures.append(error)
            else:
                took.append(clock() - began)
                refusals.setdefault(str(error))
        except LinkError as error:
            failures.append(error)
        if len(failures) >= GIVE_UP and not took:
            break
    if not took:
        return Found(name, False, str(failures[0]) if failures else "its file names nothing to read")
    said = [f"answers {len(took)} of {len(took) + len(failures)} reads", *refusals]
    told, wrong = await _identity(codec, link)
    said += [f"NOT THE PRODUCT OF ITS FILE: {wrong}"] if wrong else []
    return Found(name, not (failures or refusals or wrong), ", ".join(said), median(took), told)


async def _identity(codec: UnitCodec, link: TcpModbusLink | RtuModbusLink) -> tuple[str, str]:
    try:
        told, wrong = await identity(codec, link)
    except HalError as error:
        expected = any(mark.expect for mark in marks_of(codec.unit.device))
        return f"does not tell: {error}", "it does not tell" if expected else ""
    return told or CANNOT_TELL, wrong


async def _can(station: Station, name: str, config: CanConfig, listen_s: float) -> Wire:
    async with can_link(config) as link:
        hearing = Hearing(station, name, link, asyncio.get_running_loop().time)
        if not await is_ready(link):
            return Wire(name, config.kind, where(config), False, link.error or "does not open")
        await asyncio.sleep(listen_s)
        await _names(hearing)
        heard = [_heard(hearing, place) for place in hearing.heard]
        asked = [await _charger(node) for node in hearing.chargers]
        silent = ", ".join(place for place in hearing.nodes if place not in hearing.heard)
        answer = sum(each.good for each in asked)
        said = [f"{len(heard)} heard in {listen_s:g} s"] if hearing.nodes else []
        said += [f"{answer} of {len(asked)} chargers answer"] if asked else []
        text = ", ".join(("open", *said, f"{hearing.frames} frames"))
        text += f"; not heard: {silent}" if silent else ""
        if hearing.strangers:
            text += f"; {len(hearing.strangers)} unknown ids: {' '.join(f'{i:X}' for i in hearing.strangers[:5])}"
    # a lane may be empty; a rack without a single pack is a wire that is cut
    good = bool(heard or asked) or CAR in hearing.nodes
    return Wire(name, config.kind, where(config), good, text, (*heard, *asked))


def _heard(hearing: Hearing, place: str) -> Found:
    wrong = hearing.wrong(place)
    told = hearing.name_of(place) or hearing.maker_of(place) or CANNOT_TELL
    return Found(place, not wrong, wrong or "heard", None, told)


async def _charger(node: ChargerNode) -> Found:
    """A module speaks only when it is asked. What it may be set to is all that it says of itself."""
    clock = asyncio.get_running_loop().time
    exchanges = len(node.codec.kind.reads) - 1
    took: list[float] = []
    failures: list[HalError] = []
    while len(took) + len(failures) < READS and len(failures) < GIVE_UP:
        began = clock()
        try:
            await node.poll()
            took.append((clock() - began) / exchanges)
        except HalError as error:
            failures.append(error)
    if not took:
        return Found(node.name, False, str(failures[0]))
    limits = ", ".join(f"{name} {value:g}" for name, value in node.limits.items() if isinstance(value, int | float))
    text = f"answers {len(took)} of {len(took) + len(failures)} times"
    return Found(node.name, not failures, text, median(took), limits or CANNOT_TELL)


async def _names(hearing: Hearing) -> None:
    for _ in range(round(NAMES_S / _LOOK_S)):
        if all(hearing.name_of(place) for place in hearing.heard):
            return
        await asyncio.sleep(_LOOK_S)


async def _line(station: Station, name: str, config: LineTcpConfig | LineSerialConfig, listen_s: float) -> Wire:
    heard: list[bytes] = []
    readers = (d for d in station.devices.values() if isinstance(d, ReaderDevice) and d.link == name)
    listen_s = max(listen_s, *(ROUNDS * reader.every_s for reader in readers), 0.0)
    link = line_link(station, name, config)
    link.subscribe(heard.extend)
    async with link:
        if not await is_ready(link):
            return Wire(name, config.kind, where(config), False, link.error or "does not open")
        await asyncio.sleep(listen_s)
    last = f", last {heard[-1].decode('ascii', 'replace')!r}" if heard else ""
    text = f"open, {len(heard)} lines heard in {listen_s:g} s{last}; {link.junk} thrown away"
    return Wire(name, config.kind, where(config), bool(heard), text)


async def _mqtt(name: str, config: MqttConfig) -> Wire:
    clock = asyncio.get_running_loop().time
    began = clock()
    async with guest_link(config, "probe") as link:
        ready = await is_ready(link, config.connect_timeout_s + MARGIN_S)
        text = f"connected in {(clock() - began) * 1000:.0f} ms" if ready else link.error or "no answer"
    return Wire(name, config.kind, where(config), ready, text)
