"""Devices and every way to reach them, for the tests of Modbus carriers and servers."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hal.links.backoff import Backoff
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import LinkState, ModbusLink, Table
from sim.emulators.faults import ModbusFault
from sim.emulators.protocol import ModbusReject, ModbusSilence, heed
from sim.reach.memory_modbus import MemoryModbusLink, rtu_carrier, tcp_carrier
from sim.reach.memory_pipe import PipeCarrier
from sim.reach.modbus_rtu import serve_rtu
from sim.reach.modbus_tcp import serve_tcp
from sim.vloop import run_virtual

SHORT_S = 0.02
LONG_S = 5.0
"""A time-out that no test can afford to reach."""
SETTLE_TURNS = 3
Link = TcpModbusLink | RtuModbusLink


class Device:
    """Register n of a table holds n until written; 0xEE00 does not exist; a mute device takes note and says nothing."""

    functions = frozenset({1, 2, 3, 4, 5, 6, 15, 16})

    def __init__(self, reply_s: float = 0.0) -> None:
        self.reply_s = reply_s
        self.fault = ModbusFault()
        self.cells: dict[tuple[Table, int], int] = {}
        self.log: list[tuple[str, int]] = []
        self.at: list[float] = []
        self.mute = False
        self.asked = asyncio.Event()

    def _note(self, what: str, address: int) -> None:
        heed(self.fault)
        self.log.append((what, address))
        self.at.append(asyncio.get_running_loop().time())
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

    name: str
    serve: Callable[[], AbstractAsyncContextManager[object]]
    connect: Callable[..., Link]
    play: Callable[[Coroutine[Any, Any, None]], None]
    devices: dict[int, Device] = field(default_factory=dict)

    @property
    def serial(self) -> bool:
        return "rtu" in self.name


def _backoff() -> Backoff:
    return Backoff(lambda: 0.1)


def tcp_rig(port: int) -> Rig:
    rig = Rig(
        "tcp",
        serve=lambda: serve_tcp(rig.devices, port=port),
        connect=lambda **options: TcpModbusLink("127.0.0.1", port, backoff=_backoff(), **options),
        play=asyncio.run,
    )
    return rig


def rtu_rig(path: Path) -> Rig:
    def point_at(pty: str) -> None:
        path.unlink(missing_ok=True)
        path.symlink_to(pty)

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        async with serve_rtu(rig.devices) as pty:
            point_at(pty)
            yield pty

    def connect(**options: Any) -> RtuModbusLink:
        return RtuModbusLink(str(path), backoff=_backoff(), **options)

    rig = Rig("rtu", serve, connect, asyncio.run)
    return rig


def frames_rig(baudrate: int | None) -> Rig:
    """The production link over bytes in memory, in virtual time."""
    line: list[PipeCarrier] = []

    def carrier() -> PipeCarrier:
        if not line:
            line.append(PipeCarrier(rig.devices, lambda: asyncio.get_running_loop().time(), baudrate))
            line[0].down = True
        return line[0]

    @asynccontextmanager
    async def serve() -> AsyncIterator[PipeCarrier]:
        carrier().down = False
        try:
            yield carrier()
        finally:
            carrier().down = True

    def connect(**options: Any) -> Link:
        if baudrate is None:
            return TcpModbusLink("memory", backoff=_backoff(), open_pipe=carrier().open_pipe, **options)
        return RtuModbusLink("memory", baudrate, backoff=_backoff(), open_pipe=carrier().open_pipe, **options)

    rig = Rig("frames-tcp" if baudrate is None else "frames-rtu", serve, connect, run_virtual)
    return rig


class Words(MemoryModbusLink):
    """The fast way, entered as the others are; it is ready at once."""

    async def __aenter__(self) -> "Words":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.down = True


def words_rig(baudrate: int | None) -> Rig:
    """Words instead of frames, in virtual time."""
    made: list[Words] = []
    carrier = tcp_carrier() if baudrate is None else rtu_carrier(baudrate, 0.1)

    @asynccontextmanager
    async def serve() -> AsyncIterator[None]:
        yield
        for link in made:
            link.down = True

    def connect() -> Any:
        made.append(Words("memory", rig.devices, carrier, lambda: asyncio.get_running_loop().time()))
        return made[-1]

    rig = Rig("words-tcp" if baudrate is None else "words-rtu", serve, connect, run_virtual)
    return rig


WAYS = ("tcp", "rtu", "frames-tcp", "frames-rtu", "words-tcp", "words-rtu")
BY_FRAMES = WAYS[:4]


def make_rig(way: str, folder: Path, port: int) -> Rig:
    match way:
        case "tcp":
            return tcp_rig(port)
        case "rtu":
            return rtu_rig(folder / "line")
        case _:
            baudrate = 115200 if way.endswith("rtu") else None
            return frames_rig(baudrate) if way.startswith("frames") else words_rig(baudrate)


def played(test: Callable[[Rig], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test runs in the loop that its way needs: a real one, or virtual time. No task may outlive it."""

    @functools.wraps(test)
    def run(rig: Rig, **arguments: Any) -> None:
        async def main() -> None:
            await test(rig, **arguments)
            for _ in range(SETTLE_TURNS):
                await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}  # noqa: TID251 - a leak has no owner to ask
            assert not left, f"tasks outlived the test: {left}"

        rig.play(main())

    return run


async def until(link: Link, state: LinkState) -> None:
    reached = asyncio.Event()
    link.on_state(lambda now: reached.set() if now is state else None)
    if link.state is not state:
        async with asyncio.timeout(LONG_S):
            await reached.wait()


@asynccontextmanager
async def running(rig: Rig, **options: object) -> AsyncIterator[ModbusLink]:
    """Devices 1 and 2 served, and a link that is ready."""
    rig.devices.update({unit: Device() for unit in (1, 2) if unit not in rig.devices})
    async with rig.serve(), rig.connect(**options) as link:
        if not isinstance(link, Words):
            await until(link, LinkState.READY)
        yield link


async def failing_within(limit_s: float, request: Awaitable[object], error: type[Exception]) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(error):
        await request
    assert loop.time() - started < limit_s
