"""A client of the local socket that misbehaves takes no more than its share, and nobody else notices."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell import line_socket
from firmware_py.shell.line_client import ask, ask_async, hear
from firmware_py.shell.line_socket import BOUNDS, Bounds, LineServer, Request, RequestError
from firmware_py.shell.peer import Peer

LIMIT_S = 10.0
QUICK = Bounds(line_s=0.3, take_s=0.3, talks=6, talks_each=4, wrong=5)
BIG = "x" * 50_000


@pytest.fixture(name="path")
def _path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:  # a socket's path has 107 bytes
        yield Path(folder) / "control.sock"


async def count() -> AsyncIterator[Mapping[str, Any]]:
    number = 0
    while True:
        number += 1
        yield {"ok": True, "number": number}
        await asyncio.sleep(0.01)


async def flood() -> AsyncIterator[Mapping[str, Any]]:
    while True:
        yield {"big": BIG}


async def answer(request: Request, peer: Peer) -> Any:
    match request.get("action"):
        case "count":
            return count()
        case "flood":
            return flood()
        case "big":
            return {"ok": True, "big": BIG}
        case "long":
            await asyncio.sleep(0.5)
        case "nonsense":
            raise RequestError("not that")
    return {"ok": True, "uid": peer.uid}


async def fine(path: Path) -> None:
    """Somebody with a good request is served."""
    assert (await ask_async(path, {"action": "status"}, LIMIT_S))["ok"] is True


@contextmanager
def raw(path: Path, *, read: int | None = None) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        if read is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read)
        connection.connect(str(path))
        connection.setblocking(False)
        yield connection


async def until_closed(connection: socket.socket) -> bytes:
    """What was said before the server closed."""
    loop, said = asyncio.get_running_loop(), b""
    async with asyncio.timeout(LIMIT_S):
        try:
            while part := await loop.sock_recv(connection, 65536):
                said += part
        except ConnectionResetError:
            pass
    return said


async def test_a_line_that_never_ends_is_given_up_in_time(path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with LineServer(path, answer, bounds=QUICK):
        with raw(path) as slow:
            began = loop.time()
            for letter in b'{"action"':
                try:
                    await loop.sock_sendall(slow, bytes([letter]))
                except (BrokenPipeError, ConnectionResetError):
                    break
                await asyncio.sleep(0.1)
                await fine(path)
            await until_closed(slow)
            assert loop.time() - began < 2.0


async def test_who_does_not_read_his_answers_is_dropped_and_nothing_is_kept_for_him(path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with LineServer(path, answer, bounds=QUICK) as server:
        with raw(path, read=4096) as deaf:
            await loop.sock_sendall(deaf, b'{"action": "flood"}\n')
            async with asyncio.timeout(LIMIT_S):
                while not server._talks:
                    await asyncio.sleep(0.01)
                while server._talks:
                    await asyncio.sleep(0.01)
        await fine(path)


async def test_a_thousand_lines_of_garbage_end_the_connection(path: Path) -> None:
    async with LineServer(path, answer):
        with raw(path) as noisy:
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for _ in range(1000):
                    await asyncio.get_running_loop().sock_sendall(noisy, b"\x00garbage\xff\n" * 100)
            said = (await until_closed(noisy)).decode().splitlines()
        assert len(said) <= BOUNDS.wrong + 1
        await fine(path)


async def test_garbage_and_good_requests_mixed_go_on(path: Path) -> None:
    async with LineServer(path, answer, bounds=QUICK):
        reader, writer = await asyncio.open_unix_connection(path)
        for _ in range(2 * QUICK.wrong):
            writer.write(b'garbage\n{"action": "status"}\n')
            assert [json.loads(await reader.readline())["ok"] for _ in range(2)] == [False, True]
        writer.close()


async def test_requests_of_one_user_come_at_a_bounded_rate(path: Path) -> None:
    bounds = Bounds(requests_s=50.0, at_once=10)
    loop = asyncio.get_running_loop()
    async with LineServer(path, answer, bounds=bounds):
        began, served = loop.time(), 0

        async def ask() -> int:
            reader, writer = await asyncio.open_unix_connection(path)
            for number in range(15):
                writer.write(b"{}\n")
                assert json.loads(await reader.readline())["ok"], number
            writer.close()
            return 15

        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask()) for _ in range(4)]
        served = sum(task.result() for task in asked)
        assert served / (loop.time() - began) < 75, "10 at once and 50 a second of 60"


async def test_one_user_s_silent_connections_make_room_for_the_next(path: Path) -> None:
    async with LineServer(path, answer, bounds=QUICK) as server:
        held = [await asyncio.open_unix_connection(path) for _ in range(QUICK.talks_each)]
        async with asyncio.timeout(LIMIT_S):
            while len(server._talks) < QUICK.talks_each:
                await asyncio.sleep(0.01)
        await fine(path)
        async with asyncio.timeout(LIMIT_S):
            assert await held[0][0].read() == b"", "the one that has been silent the longest"
        for _, writer in held:
            writer.close()


async def test_a_connection_that_waits_for_its_answer_is_not_the_one_that_goes(path: Path) -> None:
    async with LineServer(path, answer, bounds=QUICK), asyncio.TaskGroup() as group:
        busy = [group.create_task(ask_async(path, {"action": "long"}, LIMIT_S)) for _ in range(QUICK.talks_each)]
        await asyncio.sleep(0.2)
        with raw(path) as late:
            assert b"too many connections" in await until_closed(late)
        assert all([(await task)["ok"] for task in busy])


async def test_who_only_listens_makes_room_for_who_has_a_request(path: Path) -> None:
    async with LineServer(path, answer, bounds=QUICK):
        streams = [hear(path, {"action": "count"}, LIMIT_S) for _ in range(QUICK.talks_each)]
        for stream in streams:
            await anext(stream)
        await fine(path)
        with pytest.raises(OSError, match="closed"):
            while True:
                await anext(streams[0])
        for stream in streams[1:]:
            assert (await anext(stream))["ok"]
            await stream.aclose()


async def test_a_hundred_connections_and_lines_of_a_megabyte_leave_others_alone(path: Path) -> None:
    """All of one user, who is also the one that asks meanwhile."""
    loop = asyncio.get_running_loop()
    async with LineServer(path, answer) as server:
        held = [await asyncio.open_unix_connection(path) for _ in range(100)]
        with raw(path) as heavy:
            with suppress(BrokenPipeError, ConnectionResetError):
                await loop.sock_sendall(heavy, (1 << 20) * b"x")
            assert b"at most 8192 bytes" in await until_closed(heavy)
        async with asyncio.timeout(LIMIT_S):
            while len(server._talks) > BOUNDS.talks_each:
                await asyncio.sleep(0.01)
        await fine(path)
        for _, writer in held:
            writer.close()


async def test_a_stream_lasts_until_its_client_goes_or_speaks(path: Path) -> None:
    async with LineServer(path, answer) as server:
        stream = hear(path, {"action": "count"}, LIMIT_S)
        assert [(await anext(stream))["number"] for _ in range(3)] == [1, 2, 3]
        await stream.aclose()
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"action": "count"}\n')
        await reader.readline()
        writer.write(b"\n")
        async with asyncio.timeout(LIMIT_S):
            await reader.read()
            while server._talks:
                await asyncio.sleep(0.01)
        writer.close()


CONNECTS = """
import socket, sys, time
end = time.monotonic() + 3.0
while time.monotonic() < end:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(sys.argv[1])
            connection.sendall(b"garbage\\n" * 50)
        except OSError:
            pass
"""


def of_another_user(connection: socket.socket) -> Peer:
    """Another process passes for another user."""
    pid, uid, gid = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(uid if pid == os.getpid() else 61234, gid)


async def test_while_a_process_storms_the_socket_the_loop_goes_on_and_others_are_served(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_socket, "peer_of", of_another_user)
    loop, spent, served = asyncio.get_running_loop(), [], 0
    async with LineServer(path, answer):
        storm = subprocess.Popen([sys.executable, "-c", CONNECTS, str(path)])  # noqa: ASYNC220 - returns at once
        began, cpu = loop.time(), time.process_time()
        while storm.poll() is None:
            before = time.process_time()
            await asyncio.sleep(0.01)
            spent.append(time.process_time() - before)
            if len(spent) % 20 == 0:
                assert (await loop.run_in_executor(None, ask, path, {"action": "status"}, LIMIT_S))["ok"]
                served += 1
        share = (time.process_time() - cpu) / (loop.time() - began)
    assert served >= 2
    assert share < 0.25, "of one core, whatever else the machine does"
    assert sorted(spent)[int(len(spent) * 0.99)] < 0.02, "s of work between two looks of the loop"
