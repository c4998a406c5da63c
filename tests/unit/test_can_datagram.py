"""Datagrams of CAN frames: bytes typed from the msgpack specification, and what is no frame."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.links.can_chip import ChipState, Report
from hal.links.can_datagram import pack, unpack
from hal.ports import Frame


def test_a_frame_as_bytes_and_back() -> None:
    frame = Frame(0x18FF00E5, b"\x01\xff")
    data = pack(frame, "me")
    assert data[0] == 0x8B, "a map of eleven"
    assert b"\xaearbitration_id\xce\x18\xff\x00\xe5" in data
    assert b"\xa4data\xc4\x02\x01\xff" in data
    assert b"\xa7channel\xa2me" in data
    assert unpack(data) == (frame, "me")


def test_an_error_frame_is_a_report() -> None:
    data = bytes.fromhex(
        "85" "ae6172626974726174696f6e5f6964" "40" "ae69735f657874656e6465645f6964" "c2"
        "ae69735f6572726f725f6672616d65" "c3" "a464617461" "c400" "a3646c63" "00"
    )  # fmt: skip
    assert unpack(data)[0] == Report(ChipState.BUS_OFF)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\xc1",
        b"noise",
        b"\x93\x01\x02\x03",
        pack(Frame(0x800, b"", extended=False), ""),
        pack(Frame(0x20000000, b""), ""),
        pack(Frame(1, bytes(9)), ""),
        pack(Frame(True, b""), ""),  # type: ignore[arg-type]
        pack(Frame(1, "text"), ""),  # type: ignore[arg-type]
        pack(Frame(1, b""), "")[:-3],
    ],
)
def test_what_is_no_frame(data: bytes) -> None:
    assert unpack(data)[0] is None


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.binary(max_size=10)
FIELDS = st.sampled_from(["arbitration_id", "data", "is_extended_id", "is_error_frame", "is_fd", "channel", "dlc"])


@given(fields=st.dictionaries(FIELDS, SCALARS | st.integers(0, 0x7FF)), cut=st.integers(0, 3))
def test_any_map_is_a_frame_that_fits_or_none(fields: dict[str, object], cut: int) -> None:
    data = msgpack.packb(fields)
    found, _ = unpack(data[: len(data) - cut])
    if isinstance(found, Frame):
        assert 0 <= found.can_id <= (0x1FFFFFFF if found.extended else 0x7FF)
        assert len(found.data) <= 8


@given(data=st.binary(max_size=64))
def test_any_bytes_are_taken_in_silence(data: bytes) -> None:
    unpack(data)
