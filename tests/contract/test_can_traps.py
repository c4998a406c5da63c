"""Traps of CAN and of python-can: each test fails without the cure in `hal.links`."""

import asyncio
import errno
import os
import socket
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path

import can
import pytest

from hal.errors import ConfigError, LinkDown
from hal.links.can import PythonCanLink
from hal.links.can_bus import _Slcan
from hal.ports import Frame, LinkState
from sim.reach.can_hub import CanHub
from sim.reach.slcan import SlcanAdapter
from sim.reach.socketcand import serve_socketcand
from tests.contract.can_rig import (
    GROUP,
    LIMIT_S,
    Watch,
    backoff,
    channels,
    free_port,
    free_udp_port,
    opened,
    slcan_link,
)


async def test_error_and_remote_frames_are_counted_and_reach_nobody() -> None:
    channel = next(channels)
    async with opened(PythonCanLink("virtual", channel)) as (watch,):
        with can.Bus(interface="virtual", channel=channel) as peer:
            peer.send(can.Message(is_error_frame=True))
            peer.send(can.Message(arbitration_id=5, is_remote_frame=True))
            peer.send(can.Message(arbitration_id=6, data=b"\x01"))
            await watch.until(lambda: bool(watch.frames))
        assert watch.frames == [Frame(6, b"\x01")]
        assert (watch.link.chip.error_frames, watch.link.ignored) == (1, 1)


async def test_a_flood_while_the_loop_is_busy_is_bounded_and_the_newest_is_kept() -> None:
    channel = next(channels)
    sent = 1500
    async with opened(PythonCanLink("virtual", channel, queue_frames=50)) as (watch,):
        with can.Bus(interface="virtual", channel=channel) as peer:
            read = threading.Event()
            for number in range(sent):
                peer.send(can.Message(arbitration_id=number))
            while watch.link.dropped < 500:  # the loop stands still meanwhile, as it would in a long computation
                read.wait(0.005)
            await watch.until(lambda: bool(watch.frames) and watch.frames[-1].can_id == sent - 1)
        ids = [frame.can_id for frame in watch.frames]
        assert ids == sorted(ids)
        assert len(ids) + watch.link.dropped == sent


async def test_a_bus_that_cannot_be_opened_is_tried_again_and_says_why() -> None:
    link = PythonCanLink("no-such-interface", "can0", backoff=backoff())
    watch = Watch(link)
    async with link:
        await watch.until(lambda: watch.states.count(LinkState.DISCONNECTED) >= 3)
        assert "no-such-interface" in link.error
        assert LinkState.READY not in watch.states


async def test_server_gone_is_noticed_costs_nothing_and_is_found_again_on_the_same_port() -> None:
    hub = CanHub()
    port = free_port()
    link = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port, backoff=backoff(0.3))
    watch = Watch(link)
    async with link:
        for _ in range(2):
            async with serve_socketcand({"can0": hub}, port=port):
                await watch.ready()
                began, spent = time.perf_counter(), time.process_time()
            await watch.down()
            assert link.error
            with pytest.raises(LinkDown):
                await link.send(Frame(1, b""))
        async with serve_socketcand({"can0": hub}, port=port):
            await watch.ready()
            wall, processor = time.perf_counter() - began, time.process_time() - spent
            assert wall > 0.25, "the back-off was kept"
            assert processor < 0.3 * wall, "no thread spins while the adapter is away"
    assert link.openings == 3


async def test_a_server_that_never_greets_does_not_hold_the_link_at_its_end() -> None:
    accepted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)
    async with server:
        async with link:
            async with asyncio.timeout(LIMIT_S):
                await accepted.wait()
            assert link.state is LinkState.CONNECTING
            left = time.perf_counter()
        assert time.perf_counter() - left < 0.3


@pytest.mark.filterwarnings("ignore:.*unclosed.*socket")  # python-can forgets it where its constructor fails
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_channel_that_the_server_does_not_have_is_an_error_not_a_silence() -> None:
    async with serve_socketcand({"can0": CanHub()}) as port:
        link = PythonCanLink("socketcand", "can7", host="127.0.0.1", port=port, backoff=backoff())
        watch = Watch(link)
        async with link:
            await watch.until(lambda: watch.states.count(LinkState.DISCONNECTED) >= 2)
            assert LinkState.READY not in watch.states


def test_socketcand_without_an_address_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="host and port"):
        PythonCanLink("socketcand", "can0")


# the serial adapter


async def test_an_unplugged_adapter_costs_nothing_leaks_nothing_and_is_found_again(tmp_path: Path) -> None:
    with SlcanAdapter(CanHub(), tmp_path / "adapter") as adapter:
        link = PythonCanLink("slcan", str(adapter.path), bitrate=250_000, backoff=backoff(0.02))
        watch = Watch(link)
        async with link:
            await watch.ready()
            reader = link._reader
            assert reader is not None
            assert isinstance(reader._bus, _Slcan)
            port, files = reader._bus._port, len(os.listdir("/proc/self/fd"))
            adapter.set_plugged(False)
            began, spent, attempts = time.perf_counter(), time.process_time(), len(watch.states)
            await watch.down()
            with pytest.raises(LinkDown):
                await link.send(Frame(1, b""))
            await watch.until(lambda: len(watch.states) > attempts + 30)
            wall, processor = time.perf_counter() - began, time.process_time() - spent
            assert processor < 0.3 * wall, "no thread spins while the adapter is away"
            adapter.set_plugged(True)
            await watch.ready()
            assert not port.is_open, "the vanished port was given back"
            assert len(os.listdir("/proc/self/fd")) <= files
    assert link.openings == 2


async def test_a_quiet_serial_line_is_not_polled(tmp_path: Path) -> None:
    with SlcanAdapter(CanHub(), tmp_path / "adapter") as adapter:
        began = time.perf_counter()
        async with opened(slcan_link(adapter)):
            assert time.perf_counter() - began < 1.5, "the library sleeps for two seconds"
            spent = time.process_time()
            await asyncio.sleep(0.5)
            assert time.process_time() - spent < 0.02, "the library looks a thousand times a second"


async def test_noise_on_the_serial_line_is_counted_and_ends_nothing() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    link = PythonCanLink("slcan", os.ttyname(slave), bitrate=250_000, backoff=backoff())
    try:
        async with opened(link) as (watch,):
            for piece in (
                b"t1232ABCD\rt12\rt1238AB\rtXYZ1FF\r\a",  # a frame, three that are none, the bell
                b"T1FFFFF",
                b"FF10A\rr1230\r",  # a frame in two pieces, a remote frame
                b"\xff\xfe\x00\rz\r\rT" + b"q" * 300,  # a line of noise, answers, noise without an end
                b"\rt00100123\r",  # a frame with a time stamp
            ):
                os.write(master, piece)
                await asyncio.sleep(0.03)
            await watch.until(lambda: len(watch.frames) >= 3)
            assert watch.frames == [
                Frame(0x123, b"\xab\xcd", extended=False),
                Frame(0x1FFFFFFF, b"\x0a"),
                Frame(0x001, b"", extended=False),
            ]
            assert link.ignored == 6
            assert watch.states == [LinkState.CONNECTING, LinkState.READY]
    finally:
        os.close(slave)
        os.close(master)


async def test_an_adapter_that_takes_no_bytes_is_given_up_in_bounded_time() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(slave, False)
    link = PythonCanLink("slcan", os.ttyname(slave), bitrate=250_000, backoff=backoff())
    try:
        async with opened(link) as (watch,):
            for _ in range(5):  # the kernel moves what is there on, and has room again
                with suppress(BlockingIOError):
                    while True:
                        os.write(slave, bytes(4096))
                await asyncio.sleep(0.02)
            began = time.perf_counter()
            with pytest.raises(LinkDown):
                await link.send(Frame(1, bytes(8)))
            assert 0.5 < time.perf_counter() - began < 3.0
            await watch.down()
            os.set_blocking(master, False)
            with suppress(BlockingIOError):
                while True:
                    os.read(master, 65536)
            await watch.ready()
    finally:
        os.close(slave)
        os.close(master)


# multicast


async def test_other_groups_strays_and_own_frames_are_not_heard() -> None:
    port = free_udp_port()
    here = PythonCanLink("udp_multicast", GROUP, port=port, hop_limit=0, backoff=backoff())
    there = PythonCanLink("udp_multicast", GROUP, port=port, hop_limit=0, backoff=backoff())
    other = PythonCanLink("udp_multicast", "239.74.163.9", port=port, hop_limit=0, backoff=backoff())
    async with opened(here, there) as watches, opened(other):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
            for datagram in (b"", b"noise", b"\x80", b"\x81\xa1x\x01"):
                stranger.sendto(datagram, (GROUP, port))
        await other.send(Frame(0x99, b"other"))
        await here.send(Frame(0x11, b"mine"))
        await watches[1].until(lambda: bool(watches[1].frames))
        assert watches[1].frames == [Frame(0x11, b"mine")]
        assert watches[0].frames == []
        assert there.ignored == 4
        assert watches[1].states == [LinkState.CONNECTING, LinkState.READY]


# the chip


def error_frame(can_id: int, data: bytes = bytes(8)) -> can.Message:
    return can.Message(arbitration_id=can_id, is_error_frame=True, is_extended_id=False, data=data)


@pytest.mark.parametrize("sign_of_life", ["restarted", "a data frame"])
async def test_bus_off_is_a_link_that_is_down_until_the_chip_is_back(sign_of_life: str) -> None:
    channel = next(channels)
    async with opened(PythonCanLink("virtual", channel)) as (watch,):
        link = watch.link
        with can.Bus(interface="virtual", channel=channel) as peer:
            peer.send(error_frame(0x004, bytes([0, 0x30, 0, 0, 0, 0, 130, 5])))
            peer.send(error_frame(0x240, bytes([0, 0, 0, 0, 0, 0, 248, 7])))
            await watch.down()
            assert link.error == "bus-off, error counters 248 sending, 7 receiving"
            with pytest.raises(LinkDown, match="bus-off"):
                await link.send(Frame(1, b""))
            peer.send(error_frame(0x100) if sign_of_life == "restarted" else can.Message(arbitration_id=6))
            await watch.ready()
            await link.send(Frame(1, b""))
        assert (link.chip.error_frames, link.chip.bus_offs) == (2 + (sign_of_life == "restarted"), 1)
        assert watch.frames == ([] if sign_of_life == "restarted" else [Frame(6, b"")])
        assert link.openings == 1, "the adapter was there all the time"


async def test_bus_off_told_by_a_server() -> None:
    """socketcand tells the class of an error frame, but none of its bytes."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"< hi >")
        for _ in range(2):
            with suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b">")
            writer.write(b"< ok >")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(PythonCanLink("socketcand", "can0", host="127.0.0.1", port=port)) as (watch,):
        writers[-1].write(b"< frame 123 1.5 0A0B >< error 20000040 1.6 >")
        await watch.down()
        assert "bus-off" in watch.link.error
        writers[-1].write(b"< error 20000100 2.6 >< what >< frame 00000123 2.7 >")
        await watch.ready()
        await watch.until(lambda: len(watch.frames) == 2)
        assert watch.frames == [Frame(0x123, b"\x0a\x0b", extended=False), Frame(0x123, b"")]
        assert (watch.link.chip.error_frames, watch.link.ignored) == (2, 1)
        for writer in writers:
            writer.close()


async def test_a_storm_of_error_frames_wakes_nobody() -> None:
    channel = next(channels)
    async with opened(PythonCanLink("virtual", channel)) as (watch,):
        with can.Bus(interface="virtual", channel=channel) as peer:
            for _ in range(2000):
                peer.send(error_frame(0x088, bytes([0, 0, 4, 0, 0, 0, 0, 0])))
            peer.send(can.Message(arbitration_id=6))
            await watch.until(lambda: bool(watch.frames))
        assert watch.frames == [Frame(6, b"")]
        assert watch.link.chip.error_frames == 2000
        assert watch.states == [LinkState.CONNECTING, LinkState.READY]


async def test_a_full_transmit_queue_is_said_and_the_link_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(PythonCanLink("virtual", next(channels))) as (watch,):
        reader = watch.link._reader
        assert reader is not None
        assert reader._bus is not None

        def full(_: can.Message) -> None:
            raise can.CanOperationError("Failed to transmit: No buffer space available", 105)

        monkeypatch.setattr(reader._bus._bus, "send", full)
        with pytest.raises(LinkDown, match="No buffer space"):
            await watch.link.send(Frame(1, b""))
        monkeypatch.undo()
        await watch.link.send(Frame(1, b""))
        assert watch.states == [LinkState.CONNECTING, LinkState.READY]


async def test_an_interface_that_goes_down_ends_the_session_and_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`ip link set can0 down`: every receive fails with ENETDOWN from then on."""
    link = PythonCanLink("virtual", next(channels), backoff=backoff(0.05))
    async with opened(link) as (watch,):
        reader = link._reader
        assert reader is not None
        assert reader._bus is not None

        def down(_: float) -> None:
            raise can.CanOperationError("Error receiving: Network is down", errno.ENETDOWN)

        monkeypatch.setattr(reader._bus._bus, "recv", down)
        await watch.down()
        assert "Network is down" in link.error
        await watch.ready()
        assert link.openings == 2
        assert not reader.is_alive()
