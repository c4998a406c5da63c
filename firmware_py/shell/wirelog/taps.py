"""Links that tell what passes them. Without a sink they hand each call through as it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, Protocol

from firmware_py.core.effects import Effect
from firmware_py.core.events import Event
from firmware_py.core.state import State
from firmware_py.shell.plant import Links
from firmware_py.shell.wirelog.kinds import CanBatch
from firmware_py.shell.wirelog.lines import decision, failure, line, payload
from hal.errors import HalError
from hal.ports import CanLink, Frame, LineLink, LinkState, Message, ModbusLink, MqttLink, Table

Clock = Callable[[], float]
Decided = Callable[[Event, tuple[Effect, ...], State], None]


class Sink(Protocol):
    """Where the lines go. Never blocks and never raises: what it cannot take it counts."""

    def put(self, entry: bytes, batch: CanBatch | None = None) -> None:
        """A line of `wires.jsonl`, and the frames that belong to it."""
        ...


class Tap:
    """All wires of one controller. `sink` may come and go at any time."""

    def __init__(self, clock: Clock, wall: Clock) -> None:
        self.sink: Sink | None = None
        self.clock = clock
        self._wall = wall
        self._boot_id = ""

    def tell(self, wire: str, **fields: Any) -> None:
        """One line."""
        if self.sink is not None:
            self.sink.put(line({"t": self.clock(), "w": self._wall(), "wire": wire, **fields}))

    def frames(self, link: str, frames: Iterable[Frame], *, sent: bool, **fields: Any) -> None:
        """Frames that were handed in or sent together."""
        if self.sink is None:
            return
        batch = CanBatch(link, tuple(frames), self._wall(), sent)
        way = "sent" if sent else "got"
        count = {way: len(batch.frames)}
        entry = {"t": self.clock(), "w": batch.wall_s, "wire": "can", "link": link, **count, **fields}
        self.sink.put(line(entry), batch)

    def controller(self, boot_id: str) -> Decided:
        """A controller begins: who hears its decisions. One before it, which is dead, is heard no more."""
        self.tell("core", start=boot_id)
        self._boot_id = boot_id

        def decided(event: Event, effects: tuple[Effect, ...], state: State) -> None:
            if self.sink is not None and self._boot_id == boot_id:
                self.tell("core", **decision(event, effects, state))

        return decided

    def links(self, links: Links) -> Links:
        """The same links, with an ear at each."""
        return Links(
            {name: TappedModbus(name, link, self) for name, link in links.modbus.items()},
            {name: TappedCan(name, link, self) for name, link in links.can.items()},
            TappedMqtt("cloud", links.cloud, self),
            {name: TappedLine(name, link, self) for name, link in links.lines.items()},
        )


class TappedModbus:
    """Implements `hal.ports.ModbusLink` over another one."""

    def __init__(self, name: str, link: ModbusLink, tap: Tap) -> None:
        self._name, self._link, self._tap = name, link, tap

    @property
    def state(self) -> LinkState:
        """See `ModbusLink`."""
        return self._link.state

    def read(
        self, unit: int, table: Table, address: int, count: int, *, timeout_s: float
    ) -> Coroutine[Any, Any, tuple[int, ...]]:
        """See `ModbusLink.read`."""
        asked = self._link.read(unit, table, address, count, timeout_s=timeout_s)
        if self._tap.sink is None:
            return asked
        return self._heard(asked, {"do": "read", "unit": unit, "table": table.value, "at": address, "count": count})

    def write(
        self,
        unit: int,
        table: Table,
        address: int,
        values: tuple[int, ...],
        *,
        multiple: bool,
        timeout_s: float,
        urgent: bool = False,
        still: Callable[[], bool] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """See `ModbusLink.write`."""
        asked = self._link.write(
            unit, table, address, values, multiple=multiple, timeout_s=timeout_s, urgent=urgent, still=still
        )
        if self._tap.sink is None:
            return asked
        request = {"do": "write", "unit": unit, "table": table.value, "at": address, "words": list(values)}
        return self._heard(asked, {**request, "multiple": multiple, "urgent": urgent})

    async def _heard(self, asked: Coroutine[Any, Any, Any], request: dict[str, Any]) -> Any:
        """`by` is the task that asks: the poller of the line, or the actor of a device."""
        request = {"link": self._name, "by": _asker(), "asked": self._tap.clock(), **request}
        try:
            answer = await asked
        except (HalError, asyncio.CancelledError) as error:
            self._tap.tell("modbus", **request, **failure(error))
            raise
        self._tap.tell("modbus", **request, **({} if answer is None else {"words": list(answer)}))
        return answer


class TappedCan:
    """Implements `hal.ports.CanLink` over another one. Hears what the first subscriber hears, right before it does."""

    def __init__(self, name: str, link: CanLink, tap: Tap) -> None:
        self._name, self._link, self._tap = name, link, tap
        self._hears = False

    @property
    def state(self) -> LinkState:
        """See `CanLink`."""
        return self._link.state

    @property
    def error(self) -> str:
        """See `CanLink`."""
        return self._link.error

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See `CanLink.on_state`."""
        self._link.on_state(changed)

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """See `CanLink.subscribe`."""
        if not self._hears:
            self._hears = True
            self._link.subscribe(self._heard)
        self._link.subscribe(on_frames)

    async def send(self, frame: Frame) -> None:
        """See `CanLink.send`."""
        try:
            await self._link.send(frame)
        except HalError as error:
            self._tap.frames(self._name, (), sent=True, can_id=frame.can_id, **failure(error))
            raise
        self._tap.frames(self._name, (frame,), sent=True)

    def _heard(self, frames: list[Frame]) -> None:
        self._tap.frames(self._name, frames, sent=False)


class TappedLine:
    """Implements `hal.ports.LineLink` over another one. Hears what the first subscriber hears, right before it does."""

    def __init__(self, name: str, link: LineLink, tap: Tap) -> None:
        self._name, self._link, self._tap = name, link, tap
        self._hears = False

    @property
    def state(self) -> LinkState:
        """See `LineLink`."""
        return self._link.state

    def subscribe(self, on_lines: Callable[[list[bytes]], None]) -> None:
        """See `LineLink.subscribe`."""
        if not self._hears:
            self._hears = True
            self._link.subscribe(self._heard)
        self._link.subscribe(on_lines)

    def _heard(self, lines: list[bytes]) -> None:
        self._tap.tell("line", link=self._name, got=[line.decode("ascii", "replace") for line in lines])


class TappedMqtt:
    """Implements `hal.ports.MqttLink` over another one. A message that comes in is heard when it is taken."""

    def __init__(self, name: str, link: MqttLink, tap: Tap) -> None:
        self._name, self._link, self._tap = name, link, tap

    @property
    def state(self) -> LinkState:
        """See `MqttLink`."""
        return self._link.state

    async def publish(self, message: Message) -> None:
        """See `MqttLink.publish`."""
        asked = self._tap.clock()
        try:
            await self._link.publish(message)
        except (HalError, asyncio.CancelledError) as error:
            self._told("publish", message, asked=asked, **failure(error))
            raise
        self._told("publish", message, asked=asked)

    async def messages(self) -> AsyncIterator[Message]:
        """See `MqttLink.messages`."""
        async for message in self._link.messages():
            self._told("take", message)
            yield message

    def subscribe(self, topic_filter: str) -> None:
        """See `MqttLink.subscribe`."""
        self._link.subscribe(topic_filter)

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See `MqttLink.on_state`."""
        self._link.on_state(changed)

    def _told(self, do: str, message: Message, **fields: Any) -> None:
        if self._tap.sink is not None:
            about = {"topic": message.topic, "qos": message.qos, "retain": message.retain, **payload(message.payload)}
            self._tap.tell("mqtt", link=self._name, do=do, **about, **fields)


def _asker() -> str:
    task = asyncio.current_task()
    return "" if task is None else task.get_name()
