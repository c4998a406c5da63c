"""The journal stays bounded over years, and keeps what is still needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Query, Row, Stamp, draft
from firmware_py.shell.journal_db import JournalDb
from firmware_py.shell.journal_retention import DAY_S, Keep
from firmware_py.shell.journal_schema import open_swaps

ALL = Query(limit=1_000_000)
EVER = 10**12


class Station:
    """A journal, and a clock that a test turns."""

    def __init__(self, path: Path, keep: Keep) -> None:
        self.path = path
        self.keep = keep
        self.now = Stamp(0.0, 1_700_000_000.0, ClockSource.NTP)
        self.db = JournalDb(path, keep=keep)
        self.restart()

    def later(self, days: float) -> None:
        self.now = self.now._replace(t_wall=self.now.t_wall + days * DAY_S)

    def write(self, *rows: Row) -> None:
        self.db.append(draft(rows, lambda: self.now))

    def tidy(self) -> int:
        steps = 0
        while self.db.tend(self.now):
            steps += 1
            assert steps < 10_000, "upkeep has no end"
        return steps

    @property
    def kinds(self) -> list[str]:
        return [entry.row.kind for entry in self.db.rows(ALL)]

    def restart(self) -> None:
        self.db.close()
        self.db = JournalDb(self.path, keep=self.keep)
        self.db._connection.execute("PRAGMA synchronous = OFF")  # years of commits, and no power is cut here


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    one = Station(tmp_path / "j.sqlite", Keep(age_s=30 * DAY_S, rows=100, most_bytes=EVER))
    yield one
    one.db.close()


def swap(number: int) -> list[Row]:
    swap_id = f"s-{number}"
    begun = Row("order", {"swap_id": swap_id, "order_id": f"o-{number}"}, swap_id)
    return [begun, *(Row("intent", {"n": n}, swap_id) for n in range(3)), Row("swap-ended", {}, swap_id)]


NOTES = [Row("note", {"text": "x" * 300})] * 100


def test_old_rows_go_and_say_so_and_young_ones_stay(station: Station) -> None:
    station.write(*(Row("old") for _ in range(70)))
    station.later(31)
    station.write(*(Row("young") for _ in range(100)))
    assert station.tidy() == 1
    assert station.kinds == ["young"] * 100 + ["thinned"]
    entries = station.db.rows(ALL)
    assert entries[-1].row.body == {"first": 1, "last": 70, "rows": 70}
    assert entries[0].seq == 71, "numbers go on"
    assert station.tidy() == 0


def test_the_newest_rows_stay_whatever_the_clock_says(station: Station) -> None:
    station.write(*(Row("a") for _ in range(100)))
    station.later(10_000)
    assert station.tidy() == 0
    assert station.kinds == ["a"] * 100


def test_without_a_clock_that_is_set_nothing_has_an_age(station: Station) -> None:
    station.write(*(Row("a") for _ in range(10)), *NOTES)
    station.later(10_000)
    good, station.now = station.now, station.now._replace(clock_source=ClockSource.NONE)
    assert station.tidy() == 0
    station.now = good
    assert station.tidy() > 0


def test_rows_of_an_open_swap_stay_and_do_not_keep_others(station: Station) -> None:
    station.write(*swap(1), *swap(2)[:-1], *swap(3))
    station.later(40)
    station.write(*NOTES)
    station.tidy()
    assert station.kinds == ["order", "intent", "intent", "intent", *["note"] * 100, "thinned"]
    assert open_swaps(station.db._connection) == ["s-2"]


def test_what_is_left_of_an_order_that_was_refused_goes_too(station: Station) -> None:
    station.write(*(Row("order-taken", {"order_id": f"o-{n}"}, f"never-begun-{n}") for n in range(500)))
    station.later(40)
    station.tidy()
    assert station.kinds.count("order-taken") == 100


@pytest.mark.parametrize("end", [Row("swap-ended", {}, "s-2"), Row("swap-cleared", {"swap_id": "s-2"})])
def test_the_end_of_a_swap_never_goes_before_its_beginning(station: Station, end: Row) -> None:
    station.write(*swap(2)[:-1])
    station.later(40)
    station.write(*NOTES)
    station.tidy()
    station.write(end)
    station.later(40)
    station.write(*NOTES)
    station.tidy()
    assert open_swaps(station.db._connection) == []
    station.restart()
    station.later(40)
    station.write(*NOTES)
    station.tidy()
    station.tidy()
    assert open_swaps(station.db._connection) == []
    assert not {"order", "swap-ended", "swap-cleared"} & set(station.kinds)


def test_what_the_next_start_compares_itself_with_stays(station: Station) -> None:
    old, new = Row("configuration", {"hash": "a"}), Row("configuration", {"hash": "b"})
    station.write(old, new, Row("restored", {"from": "x"}), *(Row("note") for _ in range(20)))
    station.later(40)
    station.write(*NOTES)
    station.tidy()
    assert station.kinds[:2] == ["configuration", "restored"]
    assert station.db.rows(ALL)[0].row == new


def test_beyond_its_size_the_oldest_rows_go_whatever_their_age(tmp_path: Path) -> None:
    station = Station(tmp_path / "j.sqlite", Keep(age_s=1000 * DAY_S, rows=100, most_bytes=400_000))
    for _ in range(30):
        station.write(*NOTES)
    station.tidy()
    assert 100 <= len(station.kinds) < 1500
    station.db.close()


def test_the_file_stays_bounded_over_years(tmp_path: Path) -> None:
    """Five years of 60 cars a week, with a restart each quarter and a swap that is cleared by a person now and then."""
    station = Station(tmp_path / "j.sqlite", Keep(age_s=60 * DAY_S, rows=300, most_bytes=EVER))
    sizes = []
    for week in range(5 * 52):
        rows = [row for each in range(60) for row in swap(60 * week + each)]
        if week % 30 == 29:
            rows = [*rows[:-1], Row("swap-cleared", {"swap_id": f"s-{60 * week + 59}"})]
        station.write(*rows)
        station.later(7)
        station.tidy()
        if week % 13 == 12:
            station.restart()
            sizes.append(station.path.stat().st_size)
    settled = max(sizes[1:4])
    assert max(sizes) <= 1.2 * settled
    assert len(station.kinds) < 10 * 310
    assert station.db.problems() == []
    assert open_swaps(station.db._connection) == []
    station.db.close()
