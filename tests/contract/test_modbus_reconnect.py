"""How a Modbus link comes back: waits that grow, are jittered and capped; and what files say of links and units."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from firmware_py.shell.carriers import modbus_link
from hal.codecs.registers import UnitCodec
from hal.config.links import ModbusRtuConfig, ModbusTcpConfig
from hal.config.loader import load_station
from hal.devices.unit import ModbusUnit
from hal.errors import LinkDown, LinkTimeout
from hal.links.backoff import Backoff
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import LinkState, Table
from sim.reach.memory_pipe import PipeCarrier
from sim.vloop import run_virtual
from tests.contract.modbus_rig import LONG_S, Device, until
from tests.golden.framing import device_file, unit_of

CAP_S = 2.0


class Port:
    """Takes note of each attempt to connect. Refuses, or takes the connection and closes it at once."""

    def __init__(self, *, closes: bool = False) -> None:
        self.at: list[float] = []
        self._closes = closes
        self.carrier = PipeCarrier({1: Device()}, lambda: asyncio.get_running_loop().time())

    async def open_pipe(self, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        self.at.append(asyncio.get_running_loop().time())
        if not self._closes:
            raise ConnectionRefusedError
        wire = await self.carrier.open_pipe(protocol)
        asyncio.get_running_loop().call_later(0.001, wire.close)
        return wire


def attempts(port: Port, random: Callable[[], float], seconds: float) -> list[float]:
    """Waits between the attempts of a link that never gets an answer."""

    async def main() -> None:
        async with TcpModbusLink("memory", backoff=Backoff(random, cap_s=CAP_S), open_pipe=port.open_pipe):
            await asyncio.sleep(seconds)

    run_virtual(main())
    return [round(b - a, 3) for a, b in pairwise(port.at)]


def test_waits_grow_up_to_the_cap_and_stay_there() -> None:
    assert attempts(Port(), lambda: 1.0, 12.0) == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0]


def test_waits_are_jittered_over_their_whole_length() -> None:
    assert attempts(Port(), iter([0.5, 0.1, 1.0, 0.0001, *[0.9] * 50]).__next__, 3.0)[:4] == [0.05, 0.02, 0.4, 0.0]


def test_a_peer_that_takes_and_closes_connections_is_not_hammered() -> None:
    """A connection alone is no success: a gateway that is full takes it and closes it."""
    assert len(attempts(Port(closes=True), lambda: 1.0, 12.0)) <= 9


def test_an_answer_makes_the_next_wait_short_again() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        line = PipeCarrier({1: Device()}, loop.time)
        line.down = True
        back_s = []
        async with TcpModbusLink("memory", backoff=Backoff(lambda: 1.0), open_pipe=line.open_pipe) as link:
            await asyncio.sleep(10.0)
            for _ in range(2):
                line.down = False
                await until(link, LinkState.READY)
                await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
                line.down = True
                await asyncio.sleep(0)
                line.down = False
                began_s = loop.time()
                await until(link, LinkState.DISCONNECTED)
                with pytest.raises(LinkDown):
                    await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S)
                await until(link, LinkState.READY)
                back_s.append(round(loop.time() - began_s, 3))
        return back_s

    assert run_virtual(main()) == [0.1, 0.1]


def test_a_link_is_made_as_its_files_say() -> None:
    rtu = ModbusRtuConfig(
        kind="modbus-rtu", port="/dev/x", baudrate=19200, parity="E", stopbits=2, quiet_s=0.07, reconnect_max_s=0.5
    )
    tcp = ModbusTcpConfig(kind="modbus-tcp", host="h", port=1502, connect_timeout_s=0.4, reconnect_max_s=0.3)
    station = load_station("choco-14")
    line, socket = modbus_link(station, "lift_line", rtu), modbus_link(station, "locks", tcp)
    assert isinstance(line, RtuModbusLink)
    assert line._settings == (19200, 8, "E", 2)
    assert (line._quiet_s, line._backoff._cap_s) == (0.07, 0.5)
    assert line._gaps == {1: 0.002, 2: 0.002, 3: 0.002}
    assert (socket.name, socket._connect_timeout_s, socket._backoff._cap_s) == ("h:1502", 0.4, 0.3)


def test_a_unit_gives_up_after_the_time_out_of_its_own_model() -> None:
    """Two models on one silent line: the load cell's file says 50 ms, the screwdriver's 300 ms; no quiet time."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        line = PipeCarrier({}, loop.time, 115200)
        taken = []
        async with RtuModbusLink("memory", quiet_s=0.0, open_pipe=line.open_pipe) as link:
            await until(link, LinkState.READY)
            for name in ("generic/load-cell", "tightening/kolver-kducer"):
                unit = ModbusUnit(UnitCodec(unit_of(device_file(name))), link, loop.time)
                unit._is_known = True
                began_s = loop.time()
                with pytest.raises(LinkTimeout):
                    await unit.poll()
                taken.append(loop.time() - began_s)
        return taken

    fast_s, slow_s = run_virtual(main())
    assert 0.05 <= fast_s <= 0.06
    assert 0.3 <= slow_s <= 0.32
