"""The emulated station's Modbus servers: timing, masters that come and go, and a client of somebody else."""

import asyncio
import time

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from hal.links.modbus import RtuModbusLink
from hal.ports import LinkState, Table
from sim.reach.modbus_frames import mbap_frame
from sim.reach.modbus_rtu import serve_rtu
from sim.reach.modbus_tcp import serve_tcp
from tests.contract.modbus_rig import LONG_S, SHORT_S, Device, until


async def test_a_slow_device_answers_with_the_right_transaction() -> None:
    devices = {1: Device(reply_s=SHORT_S), 2: Device()}
    frames = [
        mbap_frame(transaction, 2 - transaction % 2, bytes((3, 0, transaction, 0, 1))) for transaction in range(1, 7)
    ]
    async with serve_tcp(devices) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(frames))
        answers = [await reader.readexactly(11) for _ in frames]
        writer.close()
        await writer.wait_closed()
    got = {int.from_bytes(answer[:2]): (answer[6], int.from_bytes(answer[9:])) for answer in answers}
    assert got == {transaction: (2 - transaction % 2, transaction) for transaction in range(1, 7)}
    assert [answer[6] for answer in answers] == [2, 2, 2, 1, 1, 1]


async def test_a_line_is_as_slow_as_its_baud_rate() -> None:
    async with serve_rtu({1: Device()}, 9600) as pty, RtuModbusLink(pty, 9600) as link:
        await until(link, LinkState.READY)
        started = time.perf_counter()
        await link.read(1, Table.HOLDING, 0, 10, timeout_s=0.03)
        assert time.perf_counter() - started >= (8 + 25) * 10 / 9600


async def test_a_line_serves_one_master_after_the_other() -> None:
    async with serve_rtu({1: Device()}) as pty:
        for _ in range(3):
            async with RtuModbusLink(pty) as link:
                await until(link, LinkState.READY)
                assert await link.read(1, Table.HOLDING, 8, 1, timeout_s=LONG_S) == (8,)


async def foreign_client(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> None:
    assert await client.connect()
    try:
        assert (await client.read_input_registers(10, count=2, device_id=1)).registers == [10, 11]
        assert (await client.read_discrete_inputs(0, count=8, device_id=1)).bits == [False, True] * 4
        assert not (await client.write_registers(3, [5, 6], device_id=1)).isError()
        assert not (await client.write_coils(0, [True, False, True], device_id=1)).isError()
        assert (await client.read_holding_registers(3, count=2, device_id=1)).registers == [5, 6]
        assert (await client.read_holding_registers(0xEE00, count=1, device_id=1)).exception_code == 2
        assert (await client.readwrite_registers(device_id=1, read_count=1, values=[1])).exception_code == 1
    finally:
        client.close()


async def test_a_client_we_did_not_write_reads_the_tcp_server() -> None:
    async with serve_tcp({1: Device()}) as port:
        await foreign_client(AsyncModbusTcpClient("127.0.0.1", port=port, reconnect_delay=0))


async def test_a_client_we_did_not_write_reads_the_serial_line() -> None:
    async with serve_rtu({1: Device()}) as pty:
        await foreign_client(AsyncModbusSerialClient(pty, baudrate=115200, reconnect_delay=0))
