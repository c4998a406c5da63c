"""Frames per second of our CAN link beside bare python-can, on the same socketcand server.

Run as a program it is the server, until its input ends: `< send 7FE ... >` asks it for a burst, and after each
`SENT` frames of other ids it says 7FD.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from statistics import median
from typing import Final

import can

from bench.figure import Comparison, Figure
from hal.links.can import PythonCanLink
from hal.ports import Frame, LinkState

BURST: Final = 12_000
"""Frames that the server sends at once. Our reader takes 16,384 at full speed; a longer flood it holds to 22,000/s."""
SENT: Final = 4_000
ROUNDS: Final = 11
REST_S: Final = 0.6
"""Between rounds, so that the reader may take another burst at full speed."""
LIMIT_S: Final = 20.0
CALL, DONE = Frame(0x7FE, b"", extended=False), Frame(0x7FD, b"", extended=False)
OURS: Final = Frame(0x18FF00E5, bytes(range(8)))
SUBJECT: Final = (
    *("hal/links/can*.py", "hal/links/inbox.py", "hal/ports.py"),
    *("bench/links_can.py", "pyproject.toml"),
)
COMMAND: Final = "make bench NAMES=links"


class _Ours:
    """Our link with a count of what it brought."""

    def __init__(self, port: int) -> None:
        self.link = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)
        self.link.subscribe(self._take)
        self._count = 0
        self._wanted = 0
        self._full = asyncio.Event()

    def _take(self, frames: list[Frame]) -> None:
        self._count += len(frames)
        if self._count >= self._wanted:
            self._full.set()

    async def _heard(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            await self._full.wait()
        if self.link.dropped or self._count != count:
            raise RuntimeError(f"{self._count} of {count} frames came, {self.link.dropped} dropped")

    def _expect(self, count: int) -> None:
        self._count, self._wanted = 0, count
        self._full.clear()

    async def received_per_s(self) -> float:
        """From the call to the last frame of a burst."""
        loop = asyncio.get_running_loop()
        self._expect(BURST)
        began = loop.time()
        await self.link.send(CALL)
        await self._heard(BURST)
        return BURST / (loop.time() - began)

    async def sent_per_s(self) -> float:
        """Until the server has them all."""
        loop = asyncio.get_running_loop()
        self._expect(1)
        began = loop.time()
        for _ in range(SENT):
            await self.link.send(OURS)
        await self._heard(1)
        return SENT / (loop.time() - began)


class _Bare:
    """python-can in its own thread, as a plain program uses it: a message made for each frame, TCP not delayed."""

    def __init__(self, port: int) -> None:
        self._bus = can.Bus(interface="socketcand", channel="can0", host="127.0.0.1", port=port, tcp_tune=True)

    def close(self) -> None:
        """Give the socket back."""
        self._bus.shutdown()

    def _heard(self, count: int) -> None:
        while count:
            count -= self._bus.recv(LIMIT_S) is not None

    def received_per_s(self, clock: asyncio.AbstractEventLoop) -> float:
        """As `_Ours.received_per_s`."""
        began = clock.time()
        self._bus.send(can.Message(arbitration_id=CALL.can_id, is_extended_id=False))
        self._heard(BURST)
        return BURST / (clock.time() - began)

    def sent_per_s(self, clock: asyncio.AbstractEventLoop) -> float:
        """As `_Ours.sent_per_s`."""
        began = clock.time()
        for _ in range(SENT):
            self._bus.send(can.Message(arbitration_id=OURS.can_id, data=OURS.data))
        self._heard(1)
        return SENT / (clock.time() - began)


async def _measure() -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    loop = asyncio.get_running_loop()
    received, sent = [], []
    async with _served() as port:
        ours = _Ours(port)
        async with ours.link:
            async with asyncio.timeout(LIMIT_S):
                while ours.link.state is not LinkState.READY:
                    await asyncio.sleep(0.01)
            with closing(await loop.run_in_executor(None, _Bare, port)) as bare:
                for _ in range(ROUNDS + 1):
                    await asyncio.sleep(REST_S)
                    received.append(
                        (await ours.received_per_s(), await loop.run_in_executor(None, bare.received_per_s, loop))
                    )
                    sent.append((await ours.sent_per_s(), await loop.run_in_executor(None, bare.sent_per_s, loop)))
    return received[1:], sent[1:]


@asynccontextmanager
async def _served() -> AsyncIterator[int]:
    """The server in a process of its own: its work is not ours to count."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.links_can", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def figures() -> list[Figure]:
    """Two for each direction: our rate, and its ratio to the library's."""
    found = []
    received, sent = asyncio.run(_measure())
    notes = f"bursts of {BURST:,} over socketcand", f"{SENT:,} one after the other over socketcand"
    for way, rounds, note in (("received", received, notes[0]), ("sent", sent, notes[1])):
        rate = median(mine for mine, _ in rounds)
        ratio = median(mine / other for mine, other in rounds)
        name = f"CAN, our link, frames {way}"
        found += [
            Figure(name, "", Comparison.NONE, rate, "1/s", COMMAND, SUBJECT, note),
            Figure(f"{name}, against bare python-can", "0.8", Comparison.AT_LEAST, ratio, "", COMMAND, SUBJECT, note),
        ]
    return found


def _serve() -> None:
    burst = b"".join(b"< frame 18FF00E5 1.000000 %016X >" % number for number in range(BURST))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        threading.Thread(target=_accept, args=(listening, burst), daemon=True).start()
        sys.stdin.read()


def _accept(listening: socket.socket, burst: bytes) -> None:
    while True:
        client, _ = listening.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_talk, args=(client, burst), daemon=True).start()


def _talk(client: socket.socket, burst: bytes) -> None:
    client.sendall(b"< hi >")
    count, rest = 0, b""
    while data := client.recv(1 << 16):
        *commands, rest = (rest + data).split(b">")
        for command in commands:
            if b"send 7FE" in command:
                client.sendall(burst)
            elif b"send" in command:
                count += 1
                if count % SENT == 0:
                    client.sendall(b"< frame 7FD 1.000000  >")
            else:
                client.sendall(b"< ok >")


if __name__ == "__main__":
    _serve()
