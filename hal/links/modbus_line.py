"""The conversation on one Modbus carrier: one request at a time, each sent once, each ended by exactly one outcome."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self

from hal.errors import DeviceRefused, HalError, LinkDown, LinkError, LinkGarbage, LinkTimeout, LinkWithdrawn
from hal.links.backoff import Backoff
from hal.ports import LinkState

_LONGEST_ADU = 260


@dataclass(frozen=True, slots=True)
class Ask:
    """A request PDU and what a good answer to it looks like: its first bytes and its length."""

    pdu: bytes
    head: bytes
    length: int

    @property
    def function(self) -> int:
        return self.pdu[0]

    @property
    def writes(self) -> bool:
        return self.pdu[0] > 4


@dataclass(slots=True)
class Exchange:
    """One request on its way. `answer` is set once, unless the caller has gone."""

    unit: int
    ask: Ask
    timeout_s: float
    answer: asyncio.Future[bytes]
    still: Callable[[], bool] | None = None
    """Asked when its turn has come: a write that is not wanted any more does not leave."""

    def end(self, outcome: bytes | HalError) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, HalError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class _Pipe(asyncio.Protocol):
    """One connection. `ended` is true once it is lost."""

    def __init__(self, on_data: Callable[[bytes], None], on_end: Callable[["_Pipe"], None]) -> None:
        self.ended = False
        self._on_data = on_data
        self._on_end = on_end

    def data_received(self, data: bytes) -> None:
        if not self.ended:
            self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._on_end(self)


class ModbusLine(ABC):
    """Queue, timers and reconnecting of a carrier. An async context manager that owns the reconnect task.

    The conversation runs in callbacks, so a caller that is cancelled leaves the line as it is: a waiting request is
    never sent, one in flight runs to its answer or time-out. A connection that breaks under a request ends it at once
    with `LinkTimeout` (it was sent, the effect is unknown); waiting requests get `LinkDown` (nothing was sent).
    `min_gap_s` is the silence in seconds kept before a request to a unit and after its answer: for all, or by unit.
    """

    def __init__(
        self,
        name: str,
        *,
        min_gap_s: float | Mapping[int, float],
        frame_gap_s: float,
        backoff: Backoff | None,
        connect_timeout_s: float,
    ) -> None:
        self.name = name
        self._connect_timeout_s = connect_timeout_s
        self.error = ""
        """Why there is no connection."""
        self._gaps = min_gap_s if isinstance(min_gap_s, Mapping) else {}
        self._frame_gap_s = frame_gap_s if isinstance(min_gap_s, Mapping) else max(frame_gap_s, min_gap_s)
        self._backoff = backoff or Backoff(Random().random)
        self._state = LinkState.DISCONNECTED
        self._watchers: list[Callable[[LinkState], None]] = []
        self._urgent: deque[Exchange] = deque()
        self._normal: deque[Exchange] = deque()
        self._flight: Exchange | None = None
        self._buffer = b""
        self._quiet_until = self._last_end = float("-inf")
        self._last_unit = -1
        self._expiry: asyncio.TimerHandle | None = None
        self._resume: asyncio.TimerHandle | None = None
        self._pipe: _Pipe | None = None
        self._transport: asyncio.WriteTransport | None = None

    # What a carrier adds.

    @abstractmethod
    async def _open(self, pipe: asyncio.Protocol) -> asyncio.WriteTransport:
        """Connect; raises OSError."""

    @abstractmethod
    def _frame(self, exchange: Exchange) -> bytes:
        """The bytes of a request; called once, right before they leave."""

    @abstractmethod
    def _cut(self, exchange: Exchange) -> bytes | None:
        """The answer PDU out of `_buffer`, None while it is not complete; raises LinkGarbage."""

    @abstractmethod
    def _mistrust(self, exchange: Exchange, error: LinkError) -> None:
        """No valid answer came: make sure that none can be taken for the answer to a later request."""

    def _transmit(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame)

    def _wire_s(self, exchange: Exchange, frame: bytes) -> float:
        """Seconds the bytes of request and answer need on the wire; the time-out comes on top."""
        return 0.0

    # State and life.

    @property
    def state(self) -> LinkState:
        return self._state

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        self._watchers.append(changed)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._group = await asyncio.TaskGroup().__aenter__()
        self._keeper = self._group.create_task(self._keep_connected(), name=f"modbus {self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        if not isinstance(error, asyncio.CancelledError):
            kind = error = trace = None  # the group would wrap an error of the body, which is not its business
        await self._group.__aexit__(kind, error, trace)

    async def _keep_connected(self) -> None:
        try:
            while True:
                self._set_state(LinkState.CONNECTING)
                self._ended.clear()
                if await self._connect():
                    await self._ended.wait()
                self._set_state(LinkState.DISCONNECTED)
                await asyncio.sleep(self._backoff.next_s())
        finally:
            self._drop(f"{self.name} closed")

    async def _connect(self) -> bool:
        pipe = _Pipe(self._received, self._lost)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                transport = await self._open(pipe)
        except TimeoutError:
            self.error = f"no connection within {self._connect_timeout_s:g} s"
            return False
        except OSError as error:
            self.error = os.strerror(error.errno) if error.errno else str(error)
            return False
        if pipe.ended:
            return False
        self._pipe, self._transport, self.error = pipe, transport, ""
        self._set_state(LinkState.READY)
        return True

    def _set_state(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            for changed in self._watchers:
                changed(state)

    def _lost(self, pipe: _Pipe) -> None:
        if pipe is self._pipe:
            self._drop(f"{self.name}: connection lost")

    def _drop(self, reason: str) -> None:
        """End the connection and everything that waits for it."""
        self.error = reason
        for timer in (self._expiry, self._resume):
            if timer is not None:
                timer.cancel()
        if self._pipe is not None and self._transport is not None:
            self._pipe.ended = True
            self._transport.close()
        self._pipe = self._transport = None
        self._set_state(LinkState.DISCONNECTED)
        if self._flight is not None:
            self._flight.end(LinkTimeout(f"{reason}, request to unit {self._flight.unit} was under way"))
            self._flight = None
        for exchange in (*self._urgent, *self._normal):
            exchange.end(LinkDown(reason))
        self._urgent.clear()
        self._normal.clear()
        self._ended.set()

    # One request after the other.

    async def _exchange(
        self, unit: int, ask: Ask, timeout_s: float, *, urgent: bool = False, still: Callable[[], bool] | None = None
    ) -> bytes:
        """The answer PDU, checked against `ask`. Raises LinkError and DeviceRefused."""
        if self._transport is None:
            raise LinkDown(f"{self.name} is {self._state}")
        exchange = Exchange(unit, ask, timeout_s, self._loop.create_future(), still)
        (self._urgent if urgent else self._normal).append(exchange)
        if self._flight is None:
            self._pump()
        return await exchange.answer

    def _pump(self) -> None:
        """Send the next request, or come back when the line may be used again."""
        while queue := self._urgent or self._normal:
            if queue[0].answer.done():
                queue.popleft()
                continue
            if queue[0].still is not None and not queue[0].still():
                queue.popleft().end(LinkWithdrawn(f"{self.name}: withdrawn before it was sent"))
                continue
            gap_s = max(self._frame_gap_s, self._gaps.get(queue[0].unit, 0.0), self._gaps.get(self._last_unit, 0.0))
            due = max(self._quiet_until, self._last_end + gap_s)
            if self._resume is not None:
                self._resume.cancel()
                self._resume = None
            if due > self._loop.time():
                self._resume = self._loop.call_at(due, self._pump)
            else:
                self._send(queue.popleft())
            return

    def _send(self, exchange: Exchange) -> None:
        self._flight, self._buffer = exchange, b""
        frame = self._frame(exchange)
        self._transmit(frame)
        limit_s = exchange.timeout_s + self._wire_s(exchange, frame)
        self._expiry = self._loop.call_later(limit_s, self._expired, exchange)

    def _received(self, data: bytes) -> None:
        exchange = self._flight
        if exchange is None:
            return  # nobody asked: a late answer
        self._buffer += data
        try:
            pdu = self._cut(exchange)
            if pdu is None:
                if len(self._buffer) > _LONGEST_ADU:
                    raise LinkGarbage(f"{self.name} unit {exchange.unit}: more bytes than an answer has")
                return
            self._finish(exchange, self._judge(exchange, pdu))
        except LinkGarbage as garbage:
            self._finish(exchange, garbage)

    def _judge(self, exchange: Exchange, pdu: bytes) -> bytes | DeviceRefused:
        ask = exchange.ask
        if len(pdu) == ask.length and pdu.startswith(ask.head):
            return pdu
        if len(pdu) == 2 and pdu[0] == ask.function | 0x80:
            text = f"{self.name} unit {exchange.unit} refuses function {ask.function}: exception {pdu[1]}"
            return DeviceRefused(text, pdu[1])
        raise LinkGarbage(f"{self.name} unit {exchange.unit}: {pdu.hex(' ')} does not answer {ask.pdu.hex(' ')}")

    def _expired(self, exchange: Exchange) -> None:
        where = f"{self.name} unit {exchange.unit}"
        if self._buffer:
            self._finish(exchange, LinkGarbage(f"{where}: {self._buffer.hex(' ')} is no answer"))
        else:
            self._finish(exchange, LinkTimeout(f"{where}: no answer within {exchange.timeout_s} s"))

    def _finish(self, exchange: Exchange, outcome: bytes | HalError) -> None:
        assert self._expiry is not None
        self._expiry.cancel()
        self._flight = None
        self._last_end, self._last_unit = self._loop.time(), exchange.unit
        if isinstance(outcome, LinkError):
            self._mistrust(exchange, outcome)
        else:
            self._backoff.reset()
        exchange.end(outcome)
        self._pump()
