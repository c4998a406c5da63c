"""A slice of the campaign of kills: one swap over real wires, its controller killed by signal 9 again and again."""

import tempfile
from functools import partial
from pathlib import Path

import pytest

from firmware_py.core.recovery_words import Outcome
from sim.campaigns.kills import KNOWN_S, chain
from sim.campaigns.kills_words import Swapped, Wishes

SPEED = 4.0
KILLS = 4


@pytest.mark.timeout(150)
async def test_a_swap_under_kills_comes_to_its_end() -> None:
    told: list[Swapped] = []
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:
        wishes = Wishes("choco-14", "one", 3, 1, KILLS, Path(folder), SPEED, overtime=0)
        found = await chain(wishes, partial(told.append))
    assert found.found == []
    assert [swap.number for swap in found.swaps] == [1]
    assert found.swaps == told
    assert len(found.kills) >= KILLS / 2, "its shots are spread over all of it"
    for kill in found.kills:
        assert kill.outcome in {*Outcome, "killed again"}
        assert kill.known_s is None or kill.known_s <= KNOWN_S
