"""The page about restarts names each conclusion that the core can come to, and no other."""

from pathlib import Path

from firmware_py.core.recovery_words import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "recovery.md"


def test_the_page_has_the_closed_list() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [outcome.value for outcome in Outcome]
