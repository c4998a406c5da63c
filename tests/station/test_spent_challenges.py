"""The power goes while orders are taken: no order without its challenge spent, no spent challenge without an answer.

The disk of three swaps is cut off at every operation around each order, some of them again and again; what it holds
then is opened by the production code, and the desk of orders comes back on it.
"""

import asyncio
import random
from bisect import bisect_left
from collections import Counter
from functools import cache
from pathlib import Path

from firmware_py.core.effects import Answer
from firmware_py.core.events import OrderIn
from firmware_py.shell.admission import Moment
from firmware_py.shell.answers import FINAL, Answers
from firmware_py.shell.checkpoint import last_word
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Entry, Query, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.orders import OrderDesk
from firmware_py.shell.recorder import Recorder
from sim.campaigns.power_cuts import FILE, Kept, Tape, lay_out, swaps
from sim.disk.power_cut import Platter
from sim.disk.vfs import Op
from tests.unit.shell.fakes import virtual

ALL = Query(limit=1_000_000)
AROUND = 16
"""Operations of the disk after an order's first row was kept: its decision, its first answers and intents."""
EACH = 2


@cache
def tape() -> Tape:
    return swaps(["happy", "estop-while-another-waits", "controller-killed"])


def moments() -> set[int]:
    """Numbers of the disk's operations from before each order's first row was written to well after it was kept."""
    taken = [seq for seq, entry in tape().rows.items() if entry.row.kind == "order-taken"]
    ops, kept, found, since = 0, 0, set[int](), list[int]()
    ends: list[int] = []
    for event in tape().events:
        match event:
            case Op():
                ops += 1
                since.append(ops)
                if ends and ops <= ends[-1]:
                    found.add(ops)
            case Kept(rows):
                if bisect_left(taken, kept + 1) < bisect_left(taken, rows + 1):
                    found |= set(since)
                    ends.append(ops + AROUND)
                kept, since = rows, []
            case _:
                pass
    return found


async def come_back(path: Path) -> tuple[list[Entry], Answers, str | None]:
    """The rows that are there, and the answers once the desk has recalled them."""
    clock = asyncio.get_running_loop().time
    journal = InlineJournal(path, clock=lambda: Stamp(clock(), 0.0))
    rows = await journal.rows(ALL)
    interrupted = await last_word(journal, "the power went")
    open_swap = None if interrupted is None else interrupted.swap.id
    recorder = Recorder(journal, lambda text: None)
    answers = Answers(recorder, lambda said, sent: sent(), 100)

    def decide(event: OrderIn) -> None:
        raise AssertionError(f"{event} was decided on at a start")

    desk = OrderDesk(answers, recorder, decide, str, lambda: Moment("", 0, ClockSource.NONE), None)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(recorder.run())
        await desk.recall(journal, open_swap)
        await asyncio.sleep(1.0)
        writing.cancel()
    journal.close()
    return rows, answers, open_swap


def test_whenever_the_power_goes_an_order_and_its_challenge_are_kept_together_and_answered(tmp_path: Path) -> None:
    platter, draw, number, due = Platter(), random.Random(1), 0, moments()
    cuts, met = 0, Counter[str]()
    for event in tape().events:
        if not isinstance(event, Op):
            continue
        platter.done(event)
        number += 1
        for _ in range(EACH if number in due else 0):
            cuts += 1
            lay_out(tmp_path, platter, draw)
            met += judged(tmp_path / FILE)
    assert cuts > 150
    assert min(met[what] for what in ("no order", "interrupted", "answered", "open")) > 10, met


def judged(path: Path) -> Counter[str]:
    rows, answers, open_swap = virtual(come_back(path))
    taken = {e.row.swap_id: e for e in rows if e.row.kind == "order-taken"}
    spent = [e.row.body["challenge"] for e in taken.values()]
    assert len(spent) == len(set(spent))
    for begun in (e for e in rows if e.row.kind == "order"):
        assert taken[begun.row.swap_id].seq < begun.seq, "no order begins without its challenge spent"
    met = Counter[str]() if taken else Counter(["no order"])
    for swap_id, entry in taken.items():
        order_id = str(entry.row.body["order_id"])
        said = answers.known("order", order_id)
        if swap_id == open_swap:
            assert said is not None
            assert said.answer not in FINAL, "its swap is open: a person ends it"
            met["open"] += 1
        else:
            assert said is not None, "a spent challenge has its answer"
            assert said.answer in FINAL
            interrupted = said.answer is Answer.FAILED and said.reason.startswith("interrupted")
            met["interrupted" if interrupted else "answered"] += 1
    return met
