"""A short slice of the fuzz, and that the harness sees what it is there for."""

from random import Random

import pytest

from tests.fuzz.harness import GROWTH_FREE, Outcome, run
from tests.fuzz.targets import STATION_FILE, TARGETS

INPUTS, FILES = 1500, 40
SHARE = 0.9


@pytest.mark.parametrize("name", TARGETS)
def test_a_slice_of_each_target_reaches_the_fields_and_finds_nothing(name: str) -> None:
    outcome = run(name, TARGETS[name], FILES if name == STATION_FILE else INPUTS, seed=20)
    assert not outcome.finding
    assert outcome.share >= SHARE
    assert outcome.refused > 0, "an input that is never wrong tests nothing"


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = (run("m", TARGETS["MQTT order"], 500, seed=3) for _ in range(2))
    assert (first.reached, first.refused) == (second.reached, second.refused)


class Falls:
    """Raises at its tenth input."""

    count = 0

    def feed(self, rng: Random) -> tuple[bool, bool]:
        self.count += 1
        if self.count == 10:
            raise IndexError("out of range")
        return True, False


class Grows:
    """Keeps what it is fed."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def feed(self, rng: Random) -> tuple[bool, bool]:
        self.kept.append(f"input {rng.random()}")
        return rng.random() < 0.5, False


def test_an_unexpected_exception_is_a_finding_with_its_seed() -> None:
    assert run("falls", Falls, 100, 5).finding == "input 9 of seed 5: IndexError: out of range"


def test_what_piles_up_is_seen_and_so_is_what_stays_shallow() -> None:
    outcome = run("grows", Grows, 20_000, 5)
    assert outcome.grew
    assert outcome.share < SHARE
    assert not run("MQTT order", TARGETS["MQTT order"], 5000, 5).grew


def test_parts_of_a_run_add_up() -> None:
    one, two = Outcome("x", 10, 9, 1, 5, 2.0), Outcome("x", 30, 30, 2, GROWTH_FREE, 1.0, "found")
    whole = one + two
    assert (whole.inputs, whole.reached, whole.refused, whole.grown, whole.seconds) == (40, 39, 3, GROWTH_FREE, 2.0)
    assert whole.finding == "found"
    assert whole.share == 39 / 40
