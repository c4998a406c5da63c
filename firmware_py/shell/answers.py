"""What was answered to each command: kept before it is told, told until the broker has it, and again when asked."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from firmware_py.core.effects import Answer
from firmware_py.shell.journal import Entry, Journal, Query, Row
from firmware_py.shell.recorder import Recorder

_log = logging.getLogger(__name__)

ORDER: Final = "order"
COMMAND: Final = "command"
FAMILIES: Final = (ORDER, COMMAND)
"""Rows are called `order-taken`, `order-answer`, `order-told`; those of all other commands `command-...`."""
FINAL: Final = frozenset({Answer.COMPLETED, Answer.FAILED, Answer.REFUSED})
UNKNOWN: Final = "unknown"
"""Stands for the id of a message from which none can be read."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. `more`: further values of the answer, of the contract."""

    command: str
    id: str
    answer: Answer
    reason: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Ids are unique among commands of one name."""
        return self.command, self.id

    @property
    def final(self) -> bool:
        """Nothing more will be said of this command."""
        if self.command == ORDER:
            return self.answer in FINAL
        return True


@dataclass(frozen=True, slots=True)
class Taken:
    """A command that was taken, as the journal has it."""

    command: str
    id: str
    swap_id: str | None
    body: Mapping[str, Any]


class Tell(Protocol):
    """Tells the cloud. `sent` is called when the broker has it."""

    def __call__(self, said: Said, sent: Callable[[], None]) -> None: ...


class Answers:
    """Remembers the last answer to each of the last `kept` commands, and to all that are owed another.

    Older ones are told from new by the challenge.
    """

    def __init__(self, recorder: Recorder, tell: Tell, kept: int) -> None:
        self._recorder = recorder
        self._tell = tell
        self._kept = kept
        self._last: OrderedDict[tuple[str, str], Said] = OrderedDict()
        self._waiting: list[Said] = []
        self.open: dict[tuple[str, str], Taken] = {}
        """What was taken and has no final answer."""
        self.last_order: Said | None = None
        """The last answer to an order, for who comes to look."""

    # ---------------------------------------------------------------- at start

    async def recall(self, journal: Journal) -> None:
        """Remember what the journal has. Final answers that may never have reached the broker are told again."""
        told: set[tuple[str, str]] = set()
        for family in FAMILIES:
            taken = await self._newest(journal, f"{family}-taken")
            answers = await self._newest(journal, f"{family}-answer")
            last = _last(answers)
            owed = [entry for entry in taken if not _is_final(last.get(_key(entry)))]
            if owed:  # an order has several answers, and refused ones come between: they may stand further back
                last = _last([*answers, *await _since(journal, f"{family}-answer", owed[0].seq)])
                owed = [entry for entry in owed if not _is_final(last.get(_key(entry)))]
            self.open |= {_key(e): Taken(*_key(e), e.row.swap_id, e.row.body) for e in owed}
            for said in last.values():
                self._remember(said)
            told |= {_key(e) for e in await self._newest(journal, f"{family}-told")}
        for said in self._last.values():
            if said.final and said.key not in told and said.id != UNKNOWN:
                self._publish(said)

    async def _newest(self, journal: Journal, kind: str) -> list[Entry]:
        """The newest rows of a kind, oldest of them first."""
        return (await journal.rows(Query(kind=kind, newest_first=True, limit=self._kept)))[::-1]

    # ---------------------------------------------------------------- at work

    def known(self, command: str, command_id: str) -> Said | None:
        """The last answer to a command that was here before."""
        return self._last.get((command, command_id))

    def take(self, taken: Taken) -> None:
        """An order is taken: it owes an answer."""
        self.open[taken.command, taken.id] = taken

    def drop(self, command: str, command_id: str) -> None:
        """A command could not be kept: it was never here."""
        self.open.pop((command, command_id), None)
        self._last.pop((command, command_id), None)

    def give(self, said: Said, settled: Callable[[bool], None] = lambda _: None) -> None:
        """Answer: kept, then told to the cloud, and in the log for the person beside the station.

        One final answer to each command. What cannot be kept binds nobody and is not told, save a refusal. `settled` is
        told whether it is kept.
        """
        before = self._last.get(said.key)
        if before is not None and before.final and said.id != UNKNOWN:
            settled(True)
            return
        if said.final:
            self.open.pop(said.key, None)
        self._remember(said)
        self._heard(said)
        _log.info(said.command, {"id": said.id, "answer": said.answer.value, "reason": said.reason})
        self._waiting.append(said)
        self._recorder.note(answer_row(said), lambda kept: self._noted(said, settled, kept))

    def again(self, command: str, command_id: str) -> bool:
        """`True` where this command was here before: what was said to it is said again.

        What waits for the disk is said then; and what was taken and not yet decided on is answered when it is.
        """
        key = (command, command_id)
        said = self._last.get(key)
        if said is None:
            return key in self.open
        if said not in self._waiting:
            _log.info(said.command, {"id": said.id, "answer": said.answer.value, "again": True})
            self._tell(said, lambda: None)
        return True

    async def refuse(self, command: str, command_id: str, reason: str) -> bool:
        """Refuse what was never taken. `False` where the refusal cannot be kept either: it may come again."""
        said = Said(command, command_id, Answer.REFUSED, reason)
        if not self._recorder.error:
            return await self.settle(said)
        self._heard(said)
        self._tell(said, lambda: None)
        return False

    async def settle(self, said: Said) -> bool:
        """Answer, and return when it is kept, or cannot be."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.give(said, lambda done: None if kept.done() else kept.set_result(done))
        return await kept

    def _noted(self, said: Said, settled: Callable[[bool], None], kept: bool) -> None:
        self._waiting.remove(said)
        settled(kept)
        if kept:
            self._publish(said)
        elif said.answer is Answer.REFUSED:
            self._tell(said, lambda: None)

    def _publish(self, said: Said) -> None:
        self._tell(said, (lambda: self._recorder.note(_told_row(said))) if said.final else lambda: None)

    def _heard(self, said: Said) -> None:
        if said.command == ORDER:
            self.last_order = said

    def _remember(self, said: Said) -> None:
        self._last[said.key] = said
        self._last.move_to_end(said.key)
        while len(self._last) > self._kept:
            oldest = next((key for key in self._last if key not in self.open), None)
            if oldest is None:
                return  # all of them are owed more
            del self._last[oldest]


async def _since(journal: Journal, kind: str, seq: int) -> list[Entry]:
    """All rows of a kind after this one."""
    found: list[Entry] = []
    while page := await journal.rows(Query(after_seq=seq, kind=kind, limit=PAGE)):
        found += page
        seq = page[-1].seq
    return found


def _last(entries: Iterable[Entry]) -> dict[tuple[str, str], Said]:
    """The last answer to each command, the one that was answered the longest ago first."""
    found: dict[tuple[str, str], Said] = {}
    for entry in sorted(entries, key=lambda entry: entry.seq):
        said = _said(entry)
        found.pop(said.key, None)
        found[said.key] = said
    return found


def _is_final(said: Said | None) -> bool:
    return said is not None and said.final


def family_of(command: str) -> str:
    """Orders have rows of their own."""
    return ORDER if command == ORDER else COMMAND


def answer_row(said: Said) -> Row:
    """An answer as it is kept."""
    body = {"answer": said.answer.value, "reason": said.reason, **_named(said)}
    return Row(f"{family_of(said.command)}-answer", {**body, "more": dict(said.more)} if said.more else body)


def _told_row(said: Said) -> Row:
    return Row(f"{family_of(said.command)}-told", {"answer": said.answer.value, **_named(said)})


def _named(said: Said) -> dict[str, Any]:
    return {"order_id": said.id} if said.command == ORDER else {"command": said.command, "id": said.id}


def _key(entry: Entry) -> tuple[str, str]:
    body = entry.row.body
    return (ORDER, str(body["order_id"])) if "order_id" in body else (str(body["command"]), str(body["id"]))


def _said(entry: Entry) -> Said:
    body, (command, command_id) = entry.row.body, _key(entry)
    return Said(command, command_id, Answer(body["answer"]), str(body["reason"]), dict(body.get("more", {})))


def interrupted(open_orders: Iterable[Taken], swap_id: str | None) -> list[Taken]:
    """Orders that nothing works on any more: their swap is not the open one."""
    return [taken for taken in open_orders if swap_id is None or taken.swap_id != swap_id]
