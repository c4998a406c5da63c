"""The Modbus links of a station in memory: words (fast), or the production links over real frames."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from random import Random

from firmware_py.shell.carriers import modbus_link
from hal.config.bundle import Station
from hal.config.links import ModbusRtuConfig, ModbusTcpConfig
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import ModbusLink
from sim.emulators import Emulators
from sim.reach.memory_modbus import MemoryModbusLink, rtu_carrier, tcp_carrier
from sim.reach.memory_pipe import PipeCarrier

Line = MemoryModbusLink | PipeCarrier
"""What a fault cuts: `down`."""


Opening = Callable[[AsyncExitStack], Awaitable[None]]
"""Opens links that need the loop for it."""


async def _open_already(_stack: AsyncExitStack) -> None:
    """Nothing is to be opened."""


def words_links(
    station: Station, emulators: Emulators, clock: Callable[[], float]
) -> tuple[dict[str, ModbusLink], dict[str, Line], Opening]:
    """Links that hand words to the emulators; the lines under them; and how they are opened."""
    links: dict[str, MemoryModbusLink] = {}
    for name, units in emulators.modbus.items():
        config = station.config.links[name]
        rtu = config if isinstance(config, ModbusRtuConfig) else None
        carrier = tcp_carrier() if rtu is None else rtu_carrier(rtu.baudrate, rtu.quiet_s)
        links[name] = MemoryModbusLink(name, units, carrier, clock)
    return {**links}, {**links}, _open_already


def frames_links(
    station: Station, emulators: Emulators, clock: Callable[[], float], seed: str
) -> tuple[dict[str, ModbusLink], dict[str, Line], Opening]:
    """The links that a real station has, with every option of its files; and the lines under them."""
    links: dict[str, TcpModbusLink | RtuModbusLink] = {}
    lines: dict[str, Line] = {}
    for name, units in emulators.modbus.items():
        config = station.config.links[name]
        assert isinstance(config, ModbusRtuConfig | ModbusTcpConfig)
        baudrate = config.baudrate if isinstance(config, ModbusRtuConfig) else None
        lines[name] = line = PipeCarrier(units, clock, baudrate)
        links[name] = modbus_link(station, name, config, line.open_pipe, Random(f"{seed} {name}").random)

    async def open_all(stack: AsyncExitStack) -> None:
        for link in links.values():
            await stack.enter_async_context(link)

    return {**links}, lines, open_all
