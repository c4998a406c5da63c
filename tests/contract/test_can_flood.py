"""A babbling channel costs itself: the loop and the other channels go on."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from hal.links.can import PythonCanLink
from hal.ports import Frame
from sim.reach.can_hub import CanHub
from sim.reach.socketcand import serve_socketcand
from tests.contract.can_rig import opened

FLOOD_S = 1.0
PIECE = b"".join(b"< frame 18FF%04X 1.000000 0011223344556677 >" % number for number in range(500))


@contextmanager
def babbler() -> Iterator[int]:
    """A server that sends frames as fast as TCP takes them; gives its port."""
    halt = threading.Event()

    def serve(listening: socket.socket) -> None:
        while not halt.is_set():
            client, _ = listening.accept()
            with client:
                client.settimeout(5.0)
                try:
                    client.sendall(b"< hi >")
                    if b"open" not in client.recv(256):
                        continue  # the link looks first whether there is anybody
                    client.sendall(b"< ok >")
                    client.recv(256)
                    client.sendall(b"< ok >")
                    halt.wait(0.05)
                    while not halt.is_set():
                        client.sendall(PIECE)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        halt.set()
        socket.create_connection(listening.getsockname()).close()  # wakes it from its wait for a client
        thread.join()


async def test_a_flood_on_one_channel_leaves_the_loop_and_the_other_channel_alone() -> None:
    loop = asyncio.get_running_loop()
    with babbler() as loud:
        async with serve_socketcand({"can1": CanHub()}) as port:
            flooded = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=loud)
            quiet = [PythonCanLink("socketcand", "can1", host="127.0.0.1", port=port) for _ in range(2)]
            opening = time.perf_counter()
            async with opened(*quiet) as (here, there), opened(flooded) as (flood,):
                sizes: list[int] = []
                flooded.subscribe(lambda frames: sizes.append(len(frames)))
                lags, trips = [], []
                spent, began = time.process_time(), time.perf_counter()
                while time.perf_counter() - began < FLOOD_S:
                    asked = loop.time()
                    await asyncio.sleep(0.005)
                    lags.append(loop.time() - asked - 0.005)
                    there.frames.clear()
                    await here.link.send(Frame(7, b""))
                    await there.until(lambda: bool(there.frames))
                    trips.append(loop.time() - asked)
                processor = time.process_time() - spent
                heard, lasted = len(flood.frames) + flooded.dropped, time.perf_counter() - opening
    assert heard > 16_000, "the flood was there"
    assert heard < 16_384 + 22_000 * lasted + 5000, "held to what the fastest bus brings"
    assert max(sizes) <= 256
    assert median(lags) < 0.02
    assert median(trips) < 0.1
    assert (quiet[0].dropped, quiet[1].dropped) == (0, 0)
    assert processor < 0.8 * FLOOD_S
