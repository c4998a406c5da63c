"""What lies in the serial port's own buffer when a question leaves is not its answer."""

import asyncio
import os
import tty

from hal.links.backoff import Backoff
from hal.links.modbus import RtuModbusLink
from hal.ports import LinkState, Table
from tests.golden.framing import crc

LIMIT_S = 5.0
GAP_S = 0.01
"""Longer than the silence before a frame at 115,200 Bd: the next question leaves in the turn in which it is asked."""


def answer(value: int) -> bytes:
    """Unit 1, function 3, one register."""
    body = bytes((1, 3, 2, value >> 8, value & 0xFF))
    return body + crc(body)


async def gap() -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(GAP_S, over.set)
    await over.wait()


async def test_bytes_that_came_before_the_question_are_dropped() -> None:
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    loop = asyncio.get_running_loop()

    def reply() -> None:
        os.read(master, 256)
        os.write(master, answer(200))

    loop.add_reader(master, reply)
    ready = asyncio.Event()
    link = RtuModbusLink(os.ttyname(slave), 115_200, backoff=Backoff(lambda: 0.1))
    link.on_state(lambda state: ready.set() if state is LinkState.READY else None)
    try:
        async with asyncio.timeout(LIMIT_S), link:
            await ready.wait()
            for _ in range(20):
                await gap()
                os.write(master, answer(100))  # a late one, in the port before the loop has seen it
                assert await link.read(1, Table.HOLDING, 7, 1, timeout_s=LIMIT_S) == (200,)
    finally:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)
