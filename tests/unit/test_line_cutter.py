"""Lines out of a stream: whatever came before, the next good line is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.links.cutter import LineCutter


def cutter(start: bytes = b"", end: bytes = b"\r\n", most: int = 24) -> LineCutter:
    return LineCutter(start=start, end=end, most=most)


def test_lines_come_whole_however_the_bytes_are_cut() -> None:
    for step in (1, 2, 3, 7, 100):
        cut, seen = cutter(), []
        data = b"ABC\r\nNOREAD\r\nXYZ\r\n"
        for at in range(0, len(data), step):
            seen += cut.feed(data[at : at + step])
        assert seen == [b"ABC", b"NOREAD", b"XYZ"]
        assert cut.junk == 0


@pytest.mark.parametrize("junk", [b"\x00\xff\xfe", b"A" * 1000, b"ABC\rDEF", b"\x1b[2J", b"AB\x80C"])
def test_junk_costs_its_own_line_alone(junk: bytes) -> None:
    cut = cutter()
    assert cut.feed(junk + b"\r\nGOOD\r\n") == [b"GOOD"]
    assert cut.junk == 1


def test_an_endless_line_is_forgotten_and_its_end_is_no_line() -> None:
    cut = cutter(most=8)
    for _ in range(100):
        assert cut.feed(b"A" * 50) == []
        assert len(cut._buffer) <= 10
    assert cut.feed(b"BC\r\nGOOD\r\n") == [b"GOOD"]


def test_an_end_that_is_cut_in_two_behind_an_overlong_line_is_seen() -> None:
    cut = cutter(most=4)
    assert cut.feed(b"ABCDEFGHIJ\r") == []
    assert cut.feed(b"\nGOOD\r\n") == [b"GOOD"]


def test_a_line_has_its_start_and_what_stands_before_it_is_noise() -> None:
    cut = cutter(start=b"\x02", end=b"\x03")
    assert cut.feed(b"noise\x02ABC\x03no start\x03\x02CUT\x02WHOLE\x03") == [b"ABC", b"WHOLE"]
    assert cut.junk == 1


def test_an_empty_line_is_none_and_no_junk() -> None:
    cut = cutter()
    assert cut.feed(b"\r\n\r\nABC\r\n") == [b"ABC"]
    assert cut.junk == 0


def test_what_is_begun_before_a_break_is_not_joined_with_what_comes_after() -> None:
    cut = cutter()
    cut.feed(b"001PB20ABC")
    cut.clear()
    assert cut.feed(b"DEF\r\nNEXT\r\n") == [b"DEF", b"NEXT"]


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_give_only_lines_that_are_allowed_and_a_good_one_comes_through(chunks: list[bytes]) -> None:
    cut = cutter(most=12)
    for chunk in chunks:
        for line in cut.feed(chunk):
            assert 0 < len(line) <= 12
            assert all(32 <= byte < 127 for byte in line)
        assert len(cut._buffer) <= 14
    assert cut.feed(b"\r\nGOOD\r\n")[-1] == b"GOOD"
