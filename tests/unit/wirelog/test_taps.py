"""What the taps tell of links, and that they change nothing of what passes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from firmware_py.shell.wirelog.kinds import CanBatch
from firmware_py.shell.wirelog.lines import candump
from firmware_py.shell.wirelog.taps import Tap, TappedCan, TappedModbus, TappedMqtt
from hal.errors import DeviceRefused, LinkDown, LinkTimeout
from hal.ports import Frame, LinkState, Message, Table
from tests.unit.shell.fakes import virtual

FRAME = Frame(0x18A40001, b"\x01\x02")


@dataclass
class Sheet:
    """A sink that keeps everything."""

    said: list[dict[str, Any]] = field(default_factory=list)
    frames: bytes = b""

    def put(self, entry: bytes, batch: CanBatch | None = None) -> None:
        self.said.append(json.loads(entry))
        if batch is not None:
            self.frames += candump(batch.link, batch.frames, batch.wall_s, sent=batch.sent)


@dataclass
class Line:
    """A Modbus link that answers 7 for each word after 0.25 s, or raises."""

    error: Exception | None = None
    wrote: list[tuple[Any, ...]] = field(default_factory=list)
    state: LinkState = LinkState.READY

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        await asyncio.sleep(0.25)
        if self.error is not None:
            raise self.error
        return (7,) * count

    async def write(self, *what: Any, **how: Any) -> None:
        await asyncio.sleep(0.25)
        if self.error is not None:
            raise self.error
        self.wrote.append((*what, how))


def _tap(sheet: Sheet | None) -> Tap:
    tap = Tap(asyncio.get_running_loop().time, lambda: 1000.0)
    tap.sink = sheet
    return tap


def test_a_read_is_told_with_who_asked_when_and_the_words() -> None:
    async def main() -> Sheet:
        sheet = Sheet()
        link = TappedModbus("lift_line", Line(), _tap(sheet))
        task = asyncio.get_running_loop().create_task(
            link.read(3, Table.HOLDING, 100, 2, timeout_s=0.5), name="poll-lift_line"
        )
        assert await task == (7, 7)
        return sheet

    assert virtual(main()).said == [
        {
            "t": 0.25, "w": 1000.0, "wire": "modbus", "link": "lift_line", "by": "poll-lift_line", "asked": 0.0,
            "do": "read", "unit": 3, "table": "holding", "at": 100, "count": 2, "words": [7, 7],
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LinkTimeout("silent"), {"error": "LinkTimeout", "why": "silent"}),
        (DeviceRefused("no", 2), {"error": "DeviceRefused", "why": "no", "code": 2}),
    ],
)
def test_an_error_is_told_and_raised(error: Exception, told: dict[str, Any]) -> None:
    async def main() -> Sheet:
        sheet = Sheet()
        link = TappedModbus("lift_line", Line(error), _tap(sheet))
        with pytest.raises(type(error)):
            await link.write(3, Table.COIL, 4, (1,), multiple=False, timeout_s=0.5, urgent=True)
        return sheet

    (said,) = virtual(main()).said
    assert {key: said[key] for key in ("do", "table", "at", "words", "multiple", "urgent")} == {
        "do": "write", "table": "coil", "at": 4, "words": [1], "multiple": False, "urgent": True,
    }  # fmt: skip
    assert {key: said[key] for key in told} == told


def test_a_caller_that_is_cancelled_is_told() -> None:
    async def main() -> Sheet:
        sheet = Sheet()
        link = TappedModbus("lift_line", Line(), _tap(sheet))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await link.read(1, Table.INPUT, 0, 1, timeout_s=0.5)
        return sheet

    (said,) = virtual(main()).said
    assert (said["t"], said["error"]) == (0.1, "CancelledError")


def test_without_a_sink_everything_passes_and_nothing_is_told() -> None:
    async def main() -> list[tuple[Any, ...]]:
        line = Line()
        link = TappedModbus("lift_line", line, _tap(None))
        assert await link.read(1, Table.INPUT, 0, 1, timeout_s=0.5) == (7,)
        await link.write(1, Table.HOLDING, 9, (5,), multiple=True, timeout_s=0.5)
        return line.wrote

    how = {"multiple": True, "timeout_s": 0.5, "urgent": False, "still": None}
    assert virtual(main()) == [(1, Table.HOLDING, 9, (5,), how)]


@dataclass
class Channel:
    """A CAN link that hands on what it is told to."""

    error: Exception | None = None
    state: LinkState = LinkState.READY
    takers: list[Callable[[list[Frame]], None]] = field(default_factory=list)

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        self.takers.append(on_frames)

    async def send(self, frame: Frame) -> None:
        if self.error is not None:
            raise self.error

    def bring(self, *frames: Frame) -> None:
        for take in self.takers:
            take(list(frames))


def test_a_batch_is_told_once_and_before_anybody_acts_on_it() -> None:
    async def main() -> tuple[Sheet, list[int]]:
        sheet, channel = Sheet(), Channel()
        link = TappedCan("packs", channel, _tap(sheet))
        told_before: list[int] = []
        for _ in range(2):
            link.subscribe(lambda _frames: told_before.append(len(sheet.said)))
        channel.bring(FRAME, FRAME)
        return sheet, told_before

    sheet, told_before = virtual(main())
    assert told_before == [1, 1]
    assert sheet.said == [{"t": 0.0, "w": 1000.0, "wire": "can", "link": "packs", "got": 2}]
    assert sheet.frames == 2 * b"(1000.000000) packs 18A40001#0102 R\n"


def test_frames_sent_and_refused_are_told() -> None:
    async def main() -> Sheet:
        sheet, channel = Sheet(), Channel()
        link = TappedCan("car", channel, _tap(sheet))
        await link.send(FRAME)
        channel.error = LinkDown("unplugged")
        with pytest.raises(LinkDown):
            await link.send(FRAME)
        return sheet

    sheet = virtual(main())
    assert [each["sent"] for each in sheet.said] == [1, 0]
    assert (sheet.said[1]["error"], sheet.said[1]["why"]) == ("LinkDown", "unplugged")
    assert sheet.frames == b"(1000.000000) car 18A40001#0102 T\n"


@dataclass
class Session:
    """An MQTT link with two messages to come."""

    state: LinkState = LinkState.READY

    async def publish(self, message: Message) -> None:
        await asyncio.sleep(0.5)
        if message.topic == "no":
            raise DeviceRefused("refused by the broker", 0x87)

    async def messages(self) -> AsyncIterator[Message]:
        yield Message("cmd/order", b'{"id":"1"}')
        yield Message("cmd/noise", b"\xff\x00", 0)

    def subscribe(self, topic_filter: str) -> None: ...

    def on_state(self, changed: Callable[[LinkState], None]) -> None: ...


def test_messages_are_told_both_ways() -> None:
    async def main() -> Sheet:
        sheet = Sheet()
        link = TappedMqtt("cloud", Session(), _tap(sheet))
        await link.publish(Message("state", "grün".encode(), retain=True))
        with pytest.raises(DeviceRefused):
            await link.publish(Message("no", b""))
        assert [message.topic async for message in link.messages()] == ["cmd/order", "cmd/noise"]
        return sheet

    published, refused, order, noise = virtual(main()).said
    assert published == {
        "t": 0.5, "w": 1000.0, "wire": "mqtt", "link": "cloud", "do": "publish", "topic": "state", "qos": 1,
        "retain": True, "text": "grün", "asked": 0.0,
    }  # fmt: skip
    assert (refused["error"], refused["code"]) == ("DeviceRefused", 0x87)
    assert (order["do"], order["topic"], order["text"]) == ("take", "cmd/order", '{"id":"1"}')
    assert (noise["qos"], noise["base64"]) == (0, "/wA=")
