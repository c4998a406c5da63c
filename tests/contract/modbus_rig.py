"""Devices and ways to reach them, for the tests of Modbus carriers and servers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hal.links.backoff import Backoff
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import LinkState, Table
from sim.emulators.protocol import ModbusReject, ModbusSilence
from sim.reach.modbus_faults import WireFaults
from sim.reach.modbus_rtu import serve_rtu
from sim.reach.modbus_tcp import serve_tcp

SHORT_S = 0.02
LONG_S = 5.0
"""A time-out that no test can afford to reach."""


class Device:
    """Register n of a table holds n until written; 0xEE00 does not exist; a mute device takes note and says nothing."""

    functions = frozenset({1, 2, 3, 4, 5, 6, 15, 16})

    def __init__(self, reply_s: float = 0.0) -> None:
        self.reply_s = reply_s
        self.cells: dict[tuple[Table, int], int] = {}
        self.log: list[tuple[str, int]] = []
        self.mute = False
        self.asked = asyncio.Event()

    def _note(self, what: str, address: int) -> None:
        self.log.append((what, address))
        self.asked.set()
        if self.mute:
            raise ModbusSilence
        if address == 0xEE00:
            raise ModbusReject(2)

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        self._note("read", address)
        odd = 1 if table in (Table.COIL, Table.DISCRETE) else 0xFFFF
        return tuple(self.cells.get((table, n), n & odd) for n in range(address, address + count))

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        self._note("write", address)
        self.cells.update({(table, address + n): value for n, value in enumerate(values)})


@dataclass
class Rig:
    """One way to reach two devices. `serve` may be entered again after it was left: a device that restarts."""

    serve: Callable[[], AbstractAsyncContextManager[object]]
    connect: Callable[..., TcpModbusLink | RtuModbusLink]
    devices: dict[int, Device] = field(default_factory=dict)
    faults: WireFaults = field(default_factory=WireFaults)


def tcp_rig(unused_tcp_port: int) -> Rig:
    rig = Rig(
        serve=lambda: serve_tcp(rig.devices, port=unused_tcp_port, faults=rig.faults),
        connect=lambda **options: TcpModbusLink("127.0.0.1", unused_tcp_port, backoff=Backoff(lambda: 0.1), **options),
    )
    return rig


def rtu_rig(path: Path) -> Rig:
    def point_at(pty: str) -> None:
        path.unlink(missing_ok=True)
        path.symlink_to(pty)

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        async with serve_rtu(rig.devices, faults=rig.faults) as pty:
            point_at(pty)
            yield pty

    rig = Rig(serve=serve, connect=lambda **options: RtuModbusLink(str(path), backoff=Backoff(lambda: 0.1), **options))
    return rig


async def until(link: TcpModbusLink | RtuModbusLink, state: LinkState) -> None:
    reached = asyncio.Event()
    link.on_state(lambda now: reached.set() if now is state else None)
    if link.state is not state:
        async with asyncio.timeout(LONG_S):
            await reached.wait()


@asynccontextmanager
async def running(rig: Rig, **options: object) -> AsyncIterator[TcpModbusLink | RtuModbusLink]:
    """Devices 1 and 2 served, and a link that is ready."""
    rig.devices.update({unit: Device() for unit in (1, 2) if unit not in rig.devices})
    async with rig.serve(), rig.connect(**options) as link:
        await until(link, LinkState.READY)
        yield link


async def failing_within(limit_s: float, request: Awaitable[object], error: type[Exception]) -> None:
    started = time.perf_counter()
    with pytest.raises(error):
        await request
    assert time.perf_counter() - started < limit_s
