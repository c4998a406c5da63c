"""A slice of the power cuts, and that the cuts find what they are for. All of them: `make torture`."""

from functools import cache

import pytest

from firmware_py.shell.journal import Entry, Row, Stamp
from firmware_py.shell.journal_db import JournalDb
from hal.commands import DriverText, EnableCharger, Heartbeat, Lamp, RunEnable, Signal, Stop
from sim.campaigns.audit import audit, owed
from sim.campaigns.power_cuts import Left, Tape, cut, migration, swaps, upkeep


@cache
def happy() -> Tape:
    return swaps(["charger-fault", "happy", "controller-killed"])


def test_a_slice_of_cuts_in_swaps_and_restarts_loses_nothing() -> None:
    tape = happy()
    assert len(tape.rows) > 250
    assert sum(isinstance(event, Left) for event in tape.events) > 40
    verdict = cut(tape, 800, seed=2)
    assert verdict.cuts == 800
    assert (verdict.lost, verdict.corrupt, verdict.unaccounted) == ([], [], [])


def test_a_slice_of_cuts_in_a_migration_leaves_one_schema_or_the_other() -> None:
    verdict = cut(migration(), 300)
    assert (verdict.lost, verdict.corrupt) == ([], [])


def test_a_slice_of_cuts_while_old_rows_go_and_the_disk_is_full_loses_no_young_one() -> None:
    tape = upkeep()
    kinds = [entry.row.kind for entry in tape.rows.values()]
    assert kinds.count("thinned") >= 5
    assert kinds.count("ballast-freed") == 1
    verdict = cut(tape, 300)
    assert (verdict.lost, verdict.corrupt, verdict.unaccounted) == ([], [], [])


@pytest.mark.parametrize("setting", ["NORMAL", "OFF"])
def test_a_weaker_setting_is_found_out(setting: str) -> None:
    def weaken(db: JournalDb) -> None:
        db._connection.execute(f"PRAGMA synchronous = {setting}")

    verdict = cut(swaps(["journal-fails"], touch=weaken), 150)
    assert len(verdict.lost) > 30
    assert verdict.unaccounted, "and with the rows the intents of what was done"


def test_parts_of_the_cuts_are_all_of_them_together() -> None:
    tape = migration()
    assert sum(cut(tape, 90, part=part, parts=3).cuts for part in range(3)) == 90


# ---------------------------------------------------------------------------------------------------- the auditor

TAKEN = Row("order-taken", {"order_id": "o-1", "challenge": "b:0"}, "s-1")
RED = {"row": "", "command": "Signal", "lamp": "red", "text": "closed"}


def books(*rows: Row) -> list[Entry]:
    return [Entry(seq, Stamp(0.0, 0.0), row) for seq, row in enumerate(rows, 1)]


def test_every_effect_needs_an_intent_of_its_own() -> None:
    did = owed(Signal(Lamp.RED, DriverText.CLOSED))
    assert did is not None
    intent = Row("intent", RED)
    assert audit(books(intent), [did]) == []
    assert audit(books(intent, intent), [did, did]) == []
    assert audit(books(), [did]) == ['Signal {"lamp":"red","text":"closed"} left 1 times, the journal has 0 intents']
    assert len(audit(books(intent), [did, did])) == 1
    assert len(audit(books(Row("intent", {**RED, "lamp": "green"})), [did])) == 1, "another command's intent is none"


def test_of_a_restored_journal_only_what_came_after_counts() -> None:
    did, intent, restored = owed(Signal(Lamp.RED, DriverText.CLOSED)), Row("intent", RED), Row("restored")
    assert did is not None
    assert audit(books(intent, restored, intent), [did]) == []
    assert len(audit(books(intent, restored), [did])) == 1, "the intent is that of another command, long ago"


def test_what_only_takes_power_away_needs_none() -> None:
    for free in (Stop("lift"), Heartbeat(3), RunEnable(on=False), EnableCharger(2, on=False)):
        assert owed(free) is None
    assert owed(RunEnable(on=True)) is not None
    assert owed(EnableCharger(2, on=True)) is not None


def test_what_is_said_to_be_sent_stands_behind_its_intent() -> None:
    sent = Row("outcome", {**RED, "result": "sent", "why": ""})
    refused = Row("outcome", {**RED, "result": "refused", "why": "x"})
    assert audit(books(Row("intent", RED), sent), []) == []
    assert audit(books(refused), []) == []
    assert "without an intent" in audit(books(sent, Row("intent", RED)), [])[0]
    assert len(audit(books(Row("intent", RED), sent, sent), [])) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row("order-taken", {"order_id": "o-1", "challenge": "b:1"}, "s-2"), "order o-1 was taken 2 times"),
        (Row("order-taken", {"order_id": "o-2", "challenge": "b:0"}, "s-2"), "challenge b:0 was spent 2 times"),
        (Row("command-taken", {"id": "h-1", "challenge": "b:0"}), "challenge b:0 was spent 2 times"),
        (Row("order", {"order_id": "o-1", "swap_id": "s-1"}, "s-1"), "order o-1 began 2 swaps"),
        (Row("swap-ended", {}, "s-1"), "swap s-1 ended 2 times"),
    ],
)
def test_orders_swaps_and_challenges_happen_once(row: Row, said: str) -> None:
    once = [TAKEN, Row("order", {"order_id": "o-1", "swap_id": "s-1"}, "s-1"), Row("swap-ended", {}, "s-1")]
    assert audit(books(*once), []) == []
    assert audit(books(*once, row), []) == [said]


def test_no_swap_begins_before_its_order_has_spent_its_challenge() -> None:
    begun = Row("order", {"order_id": "o-1", "swap_id": "s-1"}, "s-1")
    said = ["swap s-1 began before its order had spent a challenge"]
    assert audit(books(begun), []) == said
    assert audit(books(begun, TAKEN), []) == said
    own = Row("order", {"order_id": "s-9", "swap_id": "s-9"}, "s-9")
    assert audit(books(own), []) == [], "a pack that is brought into isolation was ordered by nobody"


def test_a_row_that_is_missing_is_seen_unless_the_journal_says_that_it_was_old() -> None:
    one, two, three = books(Row("a"), Row("b"), Row("thinned", {"first": 2, "last": 2, "rows": 1}))
    assert audit([one, three], []) == []
    one, two, three = books(Row("a"), Row("b"), Row("c"))
    assert audit([one, three], []) == ["row 3 follows row 1"]
    assert audit([one, two, three], []) == []
