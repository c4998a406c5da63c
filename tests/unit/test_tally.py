"""A long campaign says how far it is: on a screen in one line, elsewhere now and then."""

from io import StringIO

from sim.campaigns.tally import Tally


class Screen(StringIO):
    def isatty(self) -> bool:
        return True


class Watch:
    """A clock that is set by hand."""

    s = 100.0

    def __call__(self) -> float:
        return self.s


def test_in_a_log_a_line_each_ten_seconds_and_a_last_one() -> None:
    out, watch = StringIO(), Watch()
    tally = Tally("power cuts", 2000, out, watch)
    for _ in range(3):
        watch.s += 4
        tally.add(200, 1)
    assert out.getvalue() == "power cuts: 600 of 2,000, 3 wrong, 12 s, 28 s to go\n"
    tally.add(1400)
    tally.close()
    assert out.getvalue().splitlines()[1:] == ["power cuts: 2,000 of 2,000, 3 wrong, 12 s"]


def test_on_a_screen_one_line_is_written_over() -> None:
    out, watch = Screen(), Watch()
    tally = Tally("disk faults", 10, out, watch)
    watch.s += 1
    tally.add()
    tally.add()
    assert out.getvalue() == f"\r{'disk faults: 1 of 10, 0 wrong, 1 s, 9 s to go':<79}", (
        "not more often than one can read"
    )
    tally.close()
    assert out.getvalue().split("\r")[-1].rstrip(" \n") == "disk faults: 2 of 10, 0 wrong, 1 s, 4 s to go"
    assert out.getvalue().count("\n") == 1


def test_before_anything_is_done_nobody_knows_how_long_it_takes() -> None:
    out = StringIO()
    Tally("kills", 300, out, Watch()).close()
    assert out.getvalue() == "kills: 0 of 300, 0 wrong, 0 s\n"
