"""Ports of the shell that do as they are told: a journal that waits, links that hang, a clock that stands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from firmware_py.shell.journal import ALL, Entry, JournalError, Query, Row
from hal.errors import HalError, LinkTimeout
from hal.ports import LinkState, Message
from sim.vloop import run_virtual

T = TypeVar("T")


def virtual(main: Coroutine[Any, Any, T], seed: int = 1) -> T:
    """Run in virtual time."""
    return run_virtual(main, seed)


@dataclass
class Journal:
    """Keeps rows after `latency_s`; `broken` makes every call fail."""

    latency_s: float = 0.0
    broken: str = ""
    batches: list[list[Row]] = field(default_factory=list)

    async def append(self, rows: Sequence[Row]) -> None:
        """See the port."""
        await asyncio.sleep(self.latency_s)
        if self.broken:
            raise JournalError(self.broken)
        self.batches.append(list(rows))

    async def rows(self, query: Query = ALL) -> list[Entry]:
        """Nothing was kept before."""
        return []

    def watch(self, space: object, failed: object) -> None:
        """There is room."""

    @property
    def kinds(self) -> list[str]:
        """Kinds of the rows that are durable."""
        return [row.kind for batch in self.batches for row in batch]


@dataclass
class Broker:
    """A session with a broker: `refuse` answers what the next publishes come to."""

    state: LinkState = LinkState.READY
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    refuse: list[HalError | None] = field(default_factory=list)
    watchers: list[Callable[[LinkState], None]] = field(default_factory=list)
    before: Callable[[Message], None] = lambda _message: None
    latency_s: float = 0.01

    async def publish(self, message: Message) -> None:
        """See the port."""
        await asyncio.sleep(self.latency_s)
        self.before(message)
        error = self.refuse.pop(0) if self.refuse else None
        if error is not None:
            raise error
        self.sent.append((message.topic, message.payload))

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See the port."""
        self.watchers.append(changed)

    def become(self, state: LinkState) -> None:
        """Change state and tell."""
        self.state = state
        for watcher in self.watchers:
            watcher(state)

    def subscribe(self, topic_filter: str) -> None:
        """Nothing comes in."""

    async def messages(self) -> AsyncIterator[Message]:
        """Nothing comes in."""
        await asyncio.Event().wait()
        yield Message("", b"")


class Dead:
    """A Modbus or CAN link that nobody answers on."""

    state = LinkState.READY

    async def read(self, *_: object, timeout_s: float) -> tuple[int, ...]:
        """Times out."""
        await asyncio.sleep(timeout_s)
        raise LinkTimeout("nobody")

    async def write(self, *_: object, timeout_s: float, **__: object) -> None:
        """Times out."""
        await asyncio.sleep(timeout_s)
        raise LinkTimeout("nobody")

    def subscribe(self, on_frames: object) -> None:
        """Nothing comes in."""

    async def send(self, frame: object) -> None:
        """Gone."""
