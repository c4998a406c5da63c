"""Links whose answers come from a wire log: the units' own polling runs on them, request by request."""

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping
from types import coroutine
from typing import Any, Final

from firmware_py.shell.wirelog.reading import error_of
from hal.devices.unit import ModbusUnit
from hal.errors import HalError
from hal.ports import Frame, LinkState, Message, Table

_POLLER: Final = "poll-"
"""How the tasks begin their names that poll a line; other tasks look, and what they see goes nowhere."""

Request = tuple[str, int, str, int, int]
"""What, unit, table, address, count."""


class Strange(Exception):
    """The log has another request than the codec makes. The text says which."""


class PolledLine:
    """One Modbus line. `begin` starts the poll of a unit, `answer` gives it the answer of its next request."""

    state = LinkState.READY

    def __init__(self, name: str) -> None:
        self.name = name
        self._unit: ModbusUnit | None = None
        self._poll: Coroutine[Request, tuple[int, ...] | None, None] | None = None
        self._asked: Request | None = None

    @property
    def busy(self) -> bool:
        """A poll waits for its next answer."""
        return self._poll is not None

    def is_polled_by(self, said: Mapping[str, Any]) -> bool:
        """The line of the log is a request of the poller."""
        return bool(said["by"] == f"{_POLLER}{self.name}")

    def begin(self, unit: ModbusUnit) -> None:
        """Start a poll; it stands at its first request."""
        self._unit, self._poll = unit, unit.poll()
        self._go(lambda poll: poll.send(None))

    def answer(self, said: Mapping[str, Any]) -> ModbusUnit | None:
        """Go on to the next request, or to the end; the unit, when its poll has brought values. Raises `Strange`."""
        found = (said["do"], said["unit"], said["table"], said["at"], said.get("count", len(said.get("words", ()))))
        if found != self._asked:
            raise Strange(f"{_told(found)} on {self.name} where {_told(self._asked)} is due")
        if "error" not in said:
            return self._go(lambda poll: poll.send(tuple(said["words"])))
        error = error_of(said)
        if error is not None:
            return self._go(lambda poll: poll.throw(error))
        if self._poll is not None:  # the poller itself was told to end
            self._poll.close()
        self._poll = self._asked = None
        return None

    def _go(self, on: Callable[[Coroutine[Request, tuple[int, ...] | None, None]], Request]) -> ModbusUnit | None:
        assert self._poll is not None
        try:
            self._asked = on(self._poll)
        except StopIteration:
            self._poll = self._asked = None
            return self._unit
        except HalError:
            self._poll = self._asked = None
        return None

    @coroutine
    def read(
        self, unit: int, table: Table, address: int, count: int, *, timeout_s: float
    ) -> Generator[Request, tuple[int, ...], tuple[int, ...]]:
        """See `ModbusLink.read`."""
        answer = yield ("read", unit, table.value, address, count)
        return answer

    @coroutine
    def write(
        self, unit: int, table: Table, address: int, values: tuple[int, ...], **_: Any
    ) -> Generator[Request, tuple[int, ...], None]:
        """See `ModbusLink.write`."""
        yield ("write", unit, table.value, address, len(values))


class SilentCan:
    """A channel on which nothing is sent: what came in is handed to the observer by the replay."""

    state = LinkState.READY
    error = ""

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See `CanLink.on_state`."""

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """See `CanLink.subscribe`."""

    async def send(self, frame: Frame) -> None:
        """See `CanLink.send`."""


class SilentMqtt:
    """A session in which nothing is said."""

    state = LinkState.READY

    async def publish(self, message: Message) -> None:
        """See `MqttLink.publish`."""

    async def messages(self) -> AsyncIterator[Message]:
        """See `MqttLink.messages`."""
        nothing: tuple[Message, ...] = ()
        for message in nothing:
            yield message

    def subscribe(self, topic_filter: str) -> None:
        """See `MqttLink.subscribe`."""

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """See `MqttLink.on_state`."""


def _told(request: Request | None) -> str:
    if request is None:
        return "nothing"
    do, unit, table, address, count = request
    return f"{do} {table} {address}+{count} of unit {unit}"
