"""Answers that do not fit: what a Modbus carrier makes of a peer that talks nonsense, late, or not at all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from hal.errors import LinkGarbage, LinkTimeout
from hal.links.backoff import Backoff
from hal.links.modbus import RtuModbusLink, TcpModbusLink
from hal.ports import LinkState, Table
from sim.reach.modbus_frames import mbap_frame, rtu_frame
from tests.contract.modbus_rig import LONG_S, SHORT_S, until


class Answers:
    """A TCP server that answers every request with bytes made from its transaction, unit and PDU."""

    def __init__(self, make: Callable[[int, int, bytes], bytes]) -> None:
        self._make = make
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.read(7):
                pdu = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
                writer.write(self._make(int.from_bytes(head[:2]), head[6], pdu))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def answered_by(make: Callable[[int, int, bytes], bytes]) -> AsyncIterator[tuple[TcpModbusLink, Answers]]:
    answers = Answers(make)
    server = await asyncio.start_server(answers.serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    async with server, TcpModbusLink("127.0.0.1", port, backoff=Backoff(lambda: 0.1)) as link:
        await until(link, LinkState.READY)
        yield link, answers
        # The link leaves first, so that the serving tasks see the end of their streams.


@pytest.mark.parametrize(
    "make",
    [
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, bytes.fromhex("04 02 00 07")),  # function
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, bytes.fromhex("03 04 00 07 00 08")),  # byte count
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, bytes.fromhex("03 02 00 07 00")),  # length
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, bytes.fromhex("03 03 00 07")),  # short
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, b""),
        lambda transaction, unit, pdu: mbap_frame(transaction, unit + 1, bytes.fromhex("03 02 00 07")),
        lambda transaction, unit, pdu: bytes(300),
        lambda transaction, unit, pdu: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 12,
        lambda transaction, unit, pdu: mbap_frame(transaction, unit, bytes.fromhex("03 02 00 07"))[:-1],
    ],
)
async def test_an_answer_that_does_not_fit_is_garbage_and_costs_the_connection(
    make: Callable[[int, int, bytes], bytes],
) -> None:
    async with answered_by(make) as (link, answers):
        with pytest.raises(LinkGarbage):
            await link.read(1, Table.HOLDING, 0, 1, timeout_s=0.1)
        assert link.state is LinkState.DISCONNECTED
        await until(link, LinkState.READY)
    assert answers.connections == 2


async def test_a_write_echo_that_differs_is_garbage() -> None:
    async with answered_by(lambda transaction, unit, pdu: mbap_frame(transaction, unit, pdu[:-1] + b"\x09")) as (
        link,
        _,
    ):
        with pytest.raises(LinkGarbage):
            await link.write(1, Table.HOLDING, 0, (1,), multiple=False, timeout_s=LONG_S)


async def test_an_answer_of_an_earlier_transaction_is_skipped() -> None:
    def make(transaction: int, unit: int, pdu: bytes) -> bytes:
        stale, fresh = bytes.fromhex("03 02 00 01"), bytes.fromhex("03 02 00 02")
        return mbap_frame(transaction - 1, unit, stale) + mbap_frame(transaction, unit, fresh)

    async with answered_by(make) as (link, _):
        assert await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S) == (2,)


async def test_a_peer_that_stays_silent_is_connected_anew() -> None:
    async with answered_by(lambda transaction, unit, pdu: b"") as (link, _):
        for _ in range(3):
            assert link.state is LinkState.READY
            with pytest.raises(LinkTimeout):
                await link.read(1, Table.HOLDING, 0, 1, timeout_s=SHORT_S)
        assert link.state is LinkState.DISCONNECTED


async def test_a_silent_write_that_never_got_through_costs_the_connection() -> None:
    ours, theirs = socket.socketpair()  # nobody reads the other end: as a TCP peer whose cable is out

    async def open_pipe(pipe: asyncio.Protocol) -> asyncio.WriteTransport:
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: pipe, sock=ours)
        return transport

    with theirs:
        async with TcpModbusLink("192.0.2.1", open_pipe=open_pipe) as link:
            await until(link, LinkState.READY)
            seen: list[LinkState] = []
            link.on_state(seen.append)
            with pytest.raises(LinkTimeout):
                await link.read(1, Table.HOLDING, 0, 1, timeout_s=SHORT_S)
            assert seen == []
            with pytest.raises(LinkTimeout):
                await link.write(1, Table.HOLDING, 0, (1,), multiple=False, timeout_s=SHORT_S)
            assert seen == [LinkState.DISCONNECTED]


class Memory(asyncio.WriteTransport):
    """A line in memory: every request gets the same bytes."""

    def __init__(self, pipe: asyncio.Protocol, reply: bytes) -> None:
        super().__init__()
        self._pipe = pipe
        self._reply = reply

    def write(self, data: object) -> None:
        asyncio.get_running_loop().call_soon(self._pipe.data_received, self._reply)

    def close(self) -> None:
        asyncio.get_running_loop().call_soon(self._pipe.connection_lost, None)


@pytest.mark.parametrize("noise", ["00", "FF 01", "02 03 02 00 07 FC 46"])
async def test_noise_before_an_answer_does_no_harm(noise: str) -> None:
    reply = bytes.fromhex(noise) + rtu_frame(1, bytes.fromhex("03 02 00 09"))

    async def open_pipe(pipe: asyncio.Protocol) -> asyncio.WriteTransport:
        return Memory(pipe, reply)

    async with RtuModbusLink("memory", open_pipe=open_pipe) as link:
        await until(link, LinkState.READY)
        assert await link.read(1, Table.HOLDING, 0, 1, timeout_s=LONG_S) == (9,)
