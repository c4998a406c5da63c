"""The journal's auditor: does what was kept account for what was done? It knows the rows and the commands alone.

The referee of the plant judges physics from the truth; this one judges the books. Neither asks the controller.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

from firmware_py.shell.journal import Entry, canonical
from firmware_py.shell.look_back import RESTORED
from hal.commands import Command, EnableCharger, Extract, Heartbeat, RunEnable, Stop


def owed(command: Command) -> str | None:
    """A command that reached a device, in words that its intent must have too; None where it needs none.

    Stops, the beat of the heart and what only takes power away never wait for a disk.
    """
    match command:
        case Stop() | Heartbeat() | RunEnable(on=False) | EnableCharger(on=False) | Extract(on=True):
            return None
        case _:
            return _words(type(command).__name__, asdict(command))


def audit(entries: Sequence[Entry], effects: Iterable[str]) -> list[str]:
    """What is wrong. `effects` is what `owed` gave for the commands so far, repetitions of standing ones aside: of a
    journal that was restored for those since then, see `restored_at`.
    """
    return [*_numbers(entries), *_orders(entries), *_outcomes(entries), *_effects(entries, effects)]


_FREE: Final = frozenset({"Stop", "Heartbeat", "EnableCharger", "Extract"})
"""Commands whose intent may be missing, for some of their arguments at least: judged by their effects."""


def thinned(entries: Sequence[Entry]) -> range:
    """Numbers of rows that may have been removed as old, by what the journal itself says: the oldest go first."""
    last = max((int(entry.row.body["last"]) for entry in entries if entry.row.kind == "thinned"), default=0)
    return range(1, last + 1)


def _numbers(entries: Sequence[Entry]) -> Iterable[str]:
    gone = thinned(entries)
    for before, after in pairwise(entries):
        if any(seq not in gone for seq in range(before.seq + 1, after.seq)):
            yield f"row {after.seq} follows row {before.seq}"


def _orders(entries: Sequence[Entry]) -> Iterable[str]:
    taken = Counter(str(e.row.body["order_id"]) for e in entries if e.row.kind == "order-taken")
    yield from (f"order {order_id} was taken {count} times" for order_id, count in taken.items() if count > 1)
    begun = Counter(str(e.row.body["order_id"]) for e in entries if e.row.kind == "order")
    yield from (f"order {order_id} began {count} swaps" for order_id, count in begun.items() if count > 1)
    yield from _challenges(entries)
    ended = Counter(e.row.swap_id for e in entries if e.row.kind == "swap-ended")
    yield from (f"swap {swap_id} ended {count} times" for swap_id, count in ended.items() if count > 1)


def _challenges(entries: Sequence[Entry]) -> Iterable[str]:
    """Each is spent once, by the row that an order is taken with; no swap of an order begins without that row."""
    taken = [e for e in entries if e.row.kind in {"order-taken", "command-taken"}]
    spent = Counter(str(e.row.body["challenge"]) for e in taken)
    yield from (f"challenge {challenge} was spent {count} times" for challenge, count in spent.items() if count > 1)
    if not thinned(entries):
        swaps = {e.row.swap_id: e.seq for e in taken}
        for entry in entries:
            ordered = (
                entry.row.kind == "order" and entry.row.body["order_id"] != entry.row.swap_id
            )  # else the station's own
            if ordered and not swaps.get(entry.row.swap_id, entry.seq) < entry.seq:
                yield f"swap {entry.row.swap_id} began before its order had spent a challenge"


def _outcomes(entries: Sequence[Entry]) -> Iterable[str]:
    """Sent means: an intent stood before."""
    meant: Counter[str] = Counter()
    for entry in entries:
        body = entry.row.body
        if entry.row.kind == "intent":
            meant[_of(body)] += 1
        elif entry.row.kind == "outcome" and body["result"] == "sent" and body["command"] not in _FREE:
            if not meant[_of(body)]:
                yield f"row {entry.seq}: {_of(body)} was sent without an intent"
            meant[_of(body)] -= 1


def restored_at(entries: Sequence[Entry]) -> Entry | None:
    """The row of the last restore: the journal knows nothing of what was done between the backup and this."""
    return next((entry for entry in reversed(entries) if entry.row.kind == RESTORED), None)


def _effects(entries: Sequence[Entry], effects: Iterable[str]) -> Iterable[str]:
    restored = restored_at(entries)
    after = 0 if restored is None else restored.seq
    meant = Counter(_of(e.row.body) for e in entries if e.row.kind == "intent" and e.seq > after)
    for words, count in Counter(effects).items():
        if count > meant[words]:
            yield f"{words} left {count} times, the journal has {meant[words]} intents"


def _of(body: Any) -> str:
    return _words(str(body["command"]), {k: v for k, v in body.items() if k not in {"row", "command", "result", "why"}})


def _words(name: str, arguments: dict[str, Any]) -> str:
    return f"{name} {canonical(arguments)}"
