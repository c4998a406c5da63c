"""After swaps under kills: do the journal and what was told over MQTT agree, and is no order lost or doubled?"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from firmware_py.shell import journal_tools
from firmware_py.shell.journal import Entry, Row, Stamp
from sim.campaigns.audit import audit
from sim.campaigns.observed import FINAL


def books(path: Path) -> tuple[list[Entry], list[str]]:
    """All rows of a journal that nobody writes any more, and what is not whole. Raises JournalError."""
    report = journal_tools.check(path)
    entries = [_entry(row) for row in journal_tools.export(path)]
    return entries, [*report.problems, *(f"swap {swap} is open" for swap in report.open_swaps)]


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(row["seq"], Stamp(row["t_mono"], row["t_wall"]), Row(row["kind"], row["body"], row["swap_id"]))


def judge(
    entries: Sequence[Entry], told: Mapping[str, Sequence[tuple[str, str]]], words: Mapping[str, int]
) -> list[str]:
    """What is wrong. `told`: answers over MQTT by order; `words` of a person that were accepted, by name."""
    return [*audit(entries, ()), *_forgotten(entries, told, words)]


def lost_or_doubled(
    entries: Sequence[Entry], orders: Collection[str], told: Mapping[str, Sequence[tuple[str, str]]]
) -> list[str]:
    """Orders that have not one end, the same in the journal and over MQTT, or for it not one swap and one record."""
    begun = Counter(str(e.row.body["order_id"]) for e in entries if e.row.kind == "order")
    records = Counter(str(e.row.body["order_id"]) for e in entries if e.row.kind == "record")
    wrong = list[str]()
    for order in orders:
        ends, heard = _finals(_answers(entries, order)), set(_finals(told.get(order, ())))
        swaps = 1 if "completed" in ends else 0
        if len(ends) != 1 or heard != set(ends) or (begun[order], records[order]) != (swaps, swaps):
            wrong.append(
                f"{order}: kept ends: {', '.join(ends) or 'none'}; told: {', '.join(sorted(heard)) or 'none'}; "
                f"{begun[order]} swaps, {records[order]} records"
            )
    return wrong


def _forgotten(
    entries: Sequence[Entry], told: Mapping[str, Sequence[tuple[str, str]]], words: Mapping[str, int]
) -> Iterable[str]:
    """What was told to the cloud or to a person binds: it is kept."""
    for order, answers in told.items():
        kept = {answer for answer, _ in _answers(entries, order)}
        yield from (f"{order} was told {a!r}, which is not kept" for a in {a for a, _ in answers} - kept)
    acts = Counter(str(e.row.body["action"]) for e in entries if e.row.kind == "operator")
    yield from (f"{n} {word} were accepted, {acts[word]} are kept" for word, n in words.items() if acts[word] < n)


def _answers(entries: Sequence[Entry], order: str) -> list[tuple[str, str]]:
    rows = [e.row.body for e in entries if e.row.kind == "order-answer" and e.row.body["order_id"] == order]
    return [(str(body["answer"]), str(body["reason"])) for body in rows]


def _finals(answers: Iterable[tuple[str, str]]) -> list[str]:
    return [answer for answer, _ in answers if answer in FINAL]
