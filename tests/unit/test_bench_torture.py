"""What the torture of the journal has counted becomes figures that one loss breaks."""

import pytest

from bench import bench_disk_faults, bench_power_cuts
from sim.campaigns.power_cuts import Tape, Verdict
from sim.campaigns.torture import Struck

TAPES = {"swaps": Tape(ops=900), "upkeep": Tape(ops=100)}


def test_enough_cuts_without_a_loss_keep_every_bound() -> None:
    figures = bench_power_cuts.figures(TAPES, {"swaps": Verdict(18_000), "upkeep": Verdict(2_000)})
    assert [figure.value for figure in figures] == [20_000, 0, 0, 0]
    assert all(figure.kept for figure in figures)
    assert "each of 1,000 operations of 2 runs" in figures[0].note


def test_too_few_cuts_are_not_enough() -> None:
    assert not bench_power_cuts.figures(TAPES, {"swaps": Verdict(19_999)})[0].kept


@pytest.mark.parametrize(("index", "kind"), [(1, "lost"), (2, "corrupt"), (3, "unaccounted")])
def test_one_bad_cut_breaks_its_bound_and_is_told(index: int, kind: str) -> None:
    bad = Verdict(20_000, **{kind: ["cut 7: what was found"]})
    figures = bench_power_cuts.figures(TAPES, {"swaps": bad, "upkeep": Verdict(0)})
    assert [figure.kept for figure in figures] == [number != index for number in range(4)]
    assert figures[index].note == "cut 7: what was found"


def test_one_missing_reaction_breaks_the_bound() -> None:
    good = [Struck(call, kind, ()) for call in (1, 2) for kind in ("EIO", "fsync")]
    (figure,) = bench_disk_faults.figures(good)
    assert (figure.value, figure.kept) == (100, True)
    assert figure.note == "4 runs: EIO, fsync at each of 2 calls of the journal of a swap"
    (figure,) = bench_disk_faults.figures([*good[:3], Struck(2, "fsync", ("nobody was told",))])
    assert (figure.value, figure.kept) == (75, False)
    assert figure.note == "fsync at call 2: nobody was told"


def test_no_run_at_all_proves_nothing() -> None:
    assert not bench_disk_faults.figures([])[0].kept
