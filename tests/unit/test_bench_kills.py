"""What a campaign of kills has counted becomes figures that one breach, one lost order or one slow restart breaks."""

import pytest

from bench.bench_kills import figures
from sim.campaigns.kills_words import Chain, Kill, Swapped

KILLED, SWAPS, BREACHES, ORDERS, WRONG, KNOWN, READY = range(7)


def chains(*, known_s: float = 0.2) -> list[Chain]:
    """Two stations, fifteen swaps each, ten kills in each swap."""
    kills = [Kill(1, 7, "lift_drive", "soon", "6", "at S1", "", 1.9, known_s)] * 10
    return [Chain([Swapped(name, k, 150.0, kills=kills) for k in range(1, 16)]) for name in ("left", "right")]


def test_three_hundred_kills_without_harm_keep_every_bound() -> None:
    found = figures(chains(), 1)
    assert [figure.value for figure in found] == [300, 30, 0, 0, 0, 0.2, 1.9]
    assert all(figure.kept for figure in found)


@pytest.mark.parametrize(
    ("where", "broken"), [("breaches", {BREACHES, WRONG}), ("wrong", {WRONG}), ("orders", {ORDERS, WRONG})]
)
def test_one_thing_that_must_not_be_breaks_its_bound_and_is_told(where: str, broken: set[int]) -> None:
    bad = chains()
    getattr(bad[1] if where == "orders" else bad[1].swaps[3], where).append("what was found")
    found = figures(bad, 1)
    assert {number for number, figure in enumerate(found) if not figure.kept} == broken
    assert all("what was found" in found[number].note for number in broken)


def test_a_swap_that_was_not_ended_does_not_count() -> None:
    short = chains()
    short[0].swaps[-1].took_s = 0.0
    assert not figures(short, 1)[SWAPS].kept


def test_a_restart_that_knows_too_late_breaks_the_bound() -> None:
    assert not figures(chains(known_s=2.01), 1)[KNOWN].kept


def test_no_kill_at_all_proves_nothing() -> None:
    found = figures([], 1)
    assert not any(found[number].kept for number in (KILLED, SWAPS, KNOWN))
