"""Pace of a reader, and what it makes of text that is cut anywhere."""

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.links.can_bus import Batch, _Slcan, _Socketcand, _Stream
from hal.links.can_chip import ChipState, Report
from hal.links.can_reader import Pace
from hal.ports import Frame


def test_a_quiet_bus_is_looked_at_fifty_times_a_second() -> None:
    pace, now = Pace(0.0), 0.0
    for _ in range(100):
        now += 0.02
        assert pace.pause_s(6, now) == pytest.approx(0.02)


def test_a_backlog_is_taken_as_fast_as_it_comes() -> None:
    pace, now, waited = Pace(0.0), 0.0, 0.0
    for _ in range(64):
        now += 0.001
        waited += pace.pause_s(250, now)
    assert waited <= 0.02, "64 pauses of 0.2 ms"


def test_a_flood_is_held_to_what_the_fastest_bus_brings() -> None:
    """1 Mbit/s and 47 bits in the shortest frame: 21,277 frames/s."""
    pace, now, taken = Pace(0.0), 0.0, 0
    while now < 10.0:
        taken += 256
        now += 0.0005
        now += pace.pause_s(256, now)
    assert 16_384 + 10 * 21_277 < taken < 16_384 + 10 * 23_000


SOCKETCAND = (
    b"< ok >< frame 123 1.5 0A0B >< frame 18FF00E5 1.500001 0011223344556677 >< error 20000040 1.6 >"
    b"< frame 00000123 2.0  >< frame 7FF 23.424242 11 22 33 >"
)
SLCAN = b"z\rt1232ABCD\rT18FF00E580011223344556677\r\aF00\rT000001230\rt7ff3112233\r"
FRAMES = [
    Frame(0x123, b"\x0a\x0b", extended=False),
    Frame(0x18FF00E5, bytes.fromhex("0011223344556677")),
    Frame(0x123, b""),
    Frame(0x7FF, b"\x11\x22\x33", extended=False),
]


def read(kind: type[_Stream], pieces: list[bytes]) -> Batch:
    """All that the stream gives for these pieces."""
    out, into = os.pipe()
    stream = kind.__new__(kind)
    stream._open_stream(out)
    found = Batch()
    for piece in pieces:
        os.write(into, piece)
        batch = stream.drain(256)
        found.errors += [(before + len(found.frames), report) for before, report in batch.errors]
        found.frames += batch.frames
        found.ignored += batch.ignored
    os.close(into)
    with pytest.raises(ConnectionResetError):
        stream.drain(256)
    os.close(out)
    return found


@given(cuts=st.lists(st.integers(0, len(SOCKETCAND)), max_size=5))
def test_text_of_a_server_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SOCKETCAND)]
    found = read(_Socketcand, [SOCKETCAND[a:b] for a, b in pairwise(edges) if a < b])
    assert found.frames == [FRAMES[0], FRAMES[1], FRAMES[2], FRAMES[3]]
    assert found.errors == [(2, Report(ChipState.BUS_OFF))]
    assert found.ignored == 1


@given(cuts=st.lists(st.integers(0, len(SLCAN)), max_size=5))
def test_text_of_a_serial_adapter_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SLCAN)]
    found = read(_Slcan, [SLCAN[a:b] for a, b in pairwise(edges) if a < b])
    assert found.frames == [
        Frame(0x123, b"\xab\xcd", extended=False),
        FRAMES[1],
        FRAMES[2],
        FRAMES[3],
    ]
    assert found.ignored == 1, "the bell"


@given(noise=st.lists(st.binary(min_size=1, max_size=600), max_size=4), kind=st.sampled_from([_Socketcand, _Slcan]))
def test_noise_is_no_error_and_does_not_pile_up(noise: list[bytes], kind: type[_Stream]) -> None:
    found = read(kind, noise)
    assert all(0 <= frame.can_id <= 0x1FFFFFFF and len(frame.data) <= 8 for frame in found.frames)
