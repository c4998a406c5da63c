"""Transactions per second of our Modbus links beside the bare library's client, against one simulated unit.

Run as a program it is the unit, on a TCP port and at the end of pseudo terminals, until its input ends.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from typing import Final

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from bench.figure import Comparison, Figure
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import LinkState, Table
from sim.emulators.faults import ModbusFault
from sim.reach.modbus_rtu import serve_rtu
from sim.reach.modbus_tcp import serve_tcp

UNIT: Final = 1
COUNT: Final = 10
TIMEOUT_S: Final = 1.0
ROUND_S: Final = 0.5
ROUNDS: Final = 11
"""Ours and theirs take turns, so that what else the machine does meets both; the figure is the median of the ratios."""
SLOW_BD: Final = 19_200
"""What Modbus over Serial Line V1.02, 2.2.1, makes the default."""
FAST_BD: Final = 115_200
SUBJECT: Final = (
    *("hal/links/modbus*.py", "hal/ports.py", "sim/reach/modbus_*.py"),
    *("bench/links_modbus.py", "pyproject.toml"),
)
COMMAND: Final = "make bench NAMES=links"

Ask = Callable[[], Awaitable[object]]
OurLink = TcpModbusLink | RtuModbusLink
BareClient = AsyncModbusTcpClient | AsyncModbusSerialClient


class Registers:
    """A unit that answers at once: register n holds n."""

    functions = frozenset({3})
    reply_s = 0.0
    fault = ModbusFault()

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """See `ModbusEmulator`."""
        return tuple(range(address, address + count))

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """Nothing is kept."""


async def _per_s(ask: Ask) -> float:
    loop = asyncio.get_running_loop()
    done, began = 0, loop.time()
    while loop.time() - began < ROUND_S:
        await ask()
        done += 1
    return done / (loop.time() - began)


async def _side_by_side(our_link: OurLink, client: BareClient) -> tuple[float, float]:
    """Our rate, and its ratio to theirs."""

    async def ours() -> None:
        await our_link.read(UNIT, Table.HOLDING, 0, COUNT, timeout_s=TIMEOUT_S)

    async def theirs() -> None:
        assert not (await client.read_holding_registers(0, count=COUNT, device_id=UNIT)).isError()

    async with our_link:
        await client.connect()
        async with asyncio.timeout(TIMEOUT_S):
            while our_link.state is not LinkState.READY:
                await asyncio.sleep(0.01)
        await _per_s(ours)
        await _per_s(theirs)
        rounds = [(await _per_s(ours), await _per_s(theirs)) for _ in range(ROUNDS)]
        client.close()
    return median(mine for mine, _ in rounds), median(mine / other for mine, other in rounds)


async def _serve() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    units = {UNIT: Registers()}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serve_tcp(units))
        lines = [await stack.enter_async_context(serve_rtu(units, b)) for b in (SLOW_BD, SLOW_BD, FAST_BD, FAST_BD)]
        print(port, *lines, flush=True)
        await ended.wait()


@asynccontextmanager
async def _served() -> AsyncIterator[list[str]]:
    """The unit in a process of its own: its work is not ours to count."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.links_modbus", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()
    finally:
        process.stdin.close()
        await process.wait()


def _bare_serial(pty: str, baudrate: int) -> AsyncModbusSerialClient:
    return AsyncModbusSerialClient(pty, baudrate=baudrate, retries=0, reconnect_delay=0)


async def _measure() -> list[tuple[str, float, float]]:
    async with _served() as (port, slow, also_slow, fast, also_fast):
        bare_tcp = AsyncModbusTcpClient("127.0.0.1", port=int(port), retries=0, reconnect_delay=0)
        return [
            ("TCP", *await _side_by_side(TcpModbusLink("127.0.0.1", int(port)), bare_tcp)),
            *[
                (f"RTU at {b} Bd", *await _side_by_side(RtuModbusLink(mine, b), _bare_serial(other, b)))
                for mine, other, b in ((slow, also_slow, SLOW_BD), (fast, also_fast, FAST_BD))
            ],
        ]


def figures() -> list[Figure]:
    """Two for each carrier: our rate, and its ratio to the library's."""
    found = []
    for carrier, rate, ratio in asyncio.run(_measure()):
        note = f"reads of {COUNT} registers, unit in a process of its own"
        name = f"Modbus {carrier}, our link"
        bound, comparison = "0.8", Comparison.AT_LEAST
        if str(FAST_BD) in carrier:  # the silence is longer than half a transaction: Serial Line V1.02, 2.5.1.1
            bound, comparison, note = "", Comparison.NONE, "we keep 1.75 ms between frames, the library does not"
        found += [
            Figure(f"{name}, transactions", "", Comparison.NONE, rate, "1/s", COMMAND, SUBJECT, note),
            Figure(f"{name}, against the bare pymodbus client", bound, comparison, ratio, "", COMMAND, SUBJECT, note),
        ]
    return found


if __name__ == "__main__":
    asyncio.run(_serve())
