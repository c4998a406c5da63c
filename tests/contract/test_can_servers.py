"""The simulator's ends of CAN wires, spoken to by hand and by tools of others."""

import asyncio
import os
import select
import socket
from pathlib import Path

import can
import pytest

from hal.links.can import PythonCanLink
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub
from sim.reach.slcan import SlcanAdapter
from sim.reach.socketcand import Channels, serve_socketcand
from tests.contract.can_rig import LIMIT_S, opened


class Pack:
    """Sends its frame each 5 ms and remembers what it hears."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.next = 0.0
        self.heard: asyncio.Queue[Frame] = asyncio.Queue()

    def on_frame(self, frame: Frame, now: float) -> None:
        self.heard.put_nowait(frame)

    def due(self, now: float) -> list[Frame]:
        if now < self.next:
            return []
        self.next = now + 0.005
        return [self.frame]

    def next_due(self) -> float:
        return self.next


async def test_a_python_can_tool_reads_an_emulated_frame_and_writes_one() -> None:
    pack = Pack(Frame(0x1801F3E8, bytes(range(8))))
    loop = asyncio.get_running_loop()

    def tool(port: int) -> can.Message | None:
        with can.Bus(interface="socketcand", channel="can0", host="127.0.0.1", port=port) as bus:
            bus.send(can.Message(arbitration_id=0x7A, data=b"\x01\x02", is_extended_id=False))
            return bus.recv(LIMIT_S)

    async with serve_socketcand({"can0": CanHub([pack])}) as port:
        message = await loop.run_in_executor(None, tool, port)
        async with asyncio.timeout(LIMIT_S):
            assert await pack.heard.get() == Frame(0x7A, b"\x01\x02", extended=False)
    assert message is not None
    assert (message.arbitration_id, message.data, message.is_extended_id) == (0x1801F3E8, bytes(range(8)), True)


async def _raw_client(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.readuntil(b">") == b"< hi >"
    return reader, writer


async def test_protocol_by_hand() -> None:
    pack = Pack(Frame(0x0F1, b"\xab", extended=False))
    pack.next = float("inf")
    async with serve_socketcand({"can0": CanHub([pack])}) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await _raw_client(port)

        async def ask(command: bytes) -> bytes:
            writer.write(command)
            return await reader.readuntil(b">")

        assert await ask(b"< echo >") == b"< echo >"
        assert b"error" in await ask(b"< rawmode >")
        assert b"error" in await ask(b"< open can9 >")
        assert await ask(b"< open can0 >") == b"< ok >"
        assert await ask(b"< rawmode >") == b"< ok >"
        for wrong in (
            b"< send 800 0 >",
            b"< send 1FFFFFFFF 0 >",
            b"< send 123 2 01 >",
            b"< send 123 9 >",
            b"<send x 0>",
        ):
            assert b"error" in await ask(wrong)
        writer.write(b"< send 00000123 0  >< send 1")
        writer.write(b"23 2 A 0B >")
        assert await pack.heard.get() == Frame(0x123, b"")
        assert await pack.heard.get() == Frame(0x123, b"\x0a\x0b", extended=False)
        pack.next = 0.0
        text = await reader.readuntil(b">")
        assert text.startswith(b"< frame 0F1 ")
        assert text.endswith(b" AB >")
        writer.close()
        await writer.wait_closed()


async def test_garbage_without_an_end_closes_the_connection() -> None:
    async with serve_socketcand({"can0": CanHub()}) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await _raw_client(port)
        writer.write(b"x" * 1000)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    hub = CanHub()
    batch = [Frame(0x18FF0000 + number, bytes(8)) for number in range(200)]
    async with serve_socketcand({"can0": hub}) as port, asyncio.timeout(2 * LIMIT_S):
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", port))
            slow.send(b"< open can0 >< rawmode >")
            async with opened(PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)) as (watch,):
                while len(hub._listeners) < 2:
                    await asyncio.sleep(0.001)
                rounds = 0
                while len(hub._listeners) == 2:
                    watch.frames.clear()
                    hub._give(batch, None)
                    await watch.until(lambda: len(watch.frames) >= len(batch))
                    rounds += 1
                assert watch.frames == batch
                assert rounds > 10, "a short pause of a client is no reason to drop it"
                assert watch.states == [LinkState.CONNECTING, LinkState.READY]


async def test_a_channel_that_is_pulled_out_loses_its_clients_and_takes_no_others() -> None:
    channels = Channels({"can0": CanHub(), "can1": CanHub()})
    async with serve_socketcand(channels) as port, asyncio.timeout(LIMIT_S):
        one, two = await _raw_client(port), await _raw_client(port)
        for number, (reader, writer) in enumerate((one, two)):
            writer.write(b"< open can%d >" % number)
            assert await reader.readuntil(b">") == b"< ok >"
        channels.set_plugged("can0", False)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await one[0].readexactly(1)
        three = await _raw_client(port)
        three[1].write(b"< open can0 >")
        assert b"error" in await three[0].readuntil(b">")
        two[1].write(b"< echo >")
        assert await two[0].readuntil(b">") == b"< echo >", "the other channel goes on"
        channels.set_plugged("can0", True)
        three[1].write(b"< open can0 >")
        assert await three[0].readuntil(b">") == b"< ok >"
        for _, writer in (one, two, three):
            writer.close()


async def test_serial_protocol_by_hand(tmp_path: Path) -> None:
    """Commands and answers of the CAN232 manual."""
    pack = Pack(Frame(0x0F1, b"\xab", extended=False))
    pack.next = float("inf")
    hub = CanHub([pack])
    with SlcanAdapter(hub, tmp_path / "adapter") as adapter:
        line = os.open(adapter.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

        async def ask(command: bytes) -> bytes:
            os.write(line, command)
            async with asyncio.timeout(LIMIT_S):
                while not select.select([line], [], [], 0)[0]:
                    await asyncio.sleep(0.005)
            return os.read(line, 100)

        assert await ask(b"V\r") == b"V1013\r"
        assert await ask(b"t1230\r") == b"\a", "closed"
        assert await ask(b"S5\r") == b"\r"
        assert await ask(b"O\r") == b"\r"
        assert await ask(b"S5\r") == b"\a", "open"
        assert await ask(b"O\r") == b"\a"
        for wrong in (b"t1232AA\r", b"t12\r", b"t1239\r", b"T200000000\r", b"hello\r"):
            assert await ask(wrong) == b"\a"
        assert await ask(b"t1232aB0C\r") == b"z\r"
        assert await ask(b"T18FF00E50\r") == b"Z\r"
        assert await pack.heard.get() == Frame(0x123, b"\xab\x0c", extended=False)
        assert await pack.heard.get() == Frame(0x18FF00E5, b"")
        pack.next = 0.0
        hub.run_due(asyncio.get_running_loop().time())
        assert os.read(line, 100) == b"t0F11AB\r"
        assert await ask(b"C\r") == b"\r"
        pack.next = 0.0
        hub.run_due(asyncio.get_running_loop().time() + 1)
        assert not select.select([line], [], [], 0)[0], "closed again"
        os.close(line)
    assert not adapter.path.exists()


async def test_a_simulated_chip_goes_off_the_bus_and_is_restarted() -> None:
    hub = CanHub()
    async with serve_socketcand({"can0": hub}) as port:
        links = [PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port) for _ in range(2)]
        async with opened(*links) as (here, there):
            hub.set_bus_off(True)
            await here.down()
            await there.down()
            hub.set_bus_off(False)
            await here.ready()
            await there.ready()
            await here.link.send(Frame(2, b""))
            await there.until(lambda: bool(there.frames))
            assert there.frames == [Frame(2, b"")]
            assert (here.link.chip.bus_offs, here.link.chip.error_frames, here.link.openings) == (1, 2, 1)
