"""The seams: what a link must offer. Production links and the simulator's in-memory ones implement exactly these.

Every method may raise the errors of `hal.errors` and nothing else.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class LinkState(StrEnum):
    """State of a carrier. Only `READY` takes requests; the others fail them at once with `LinkDown`."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    READY = "ready"


class Table(StrEnum):
    """Modbus data tables. Bits are `COIL` and `DISCRETE`, 16-bit words are `HOLDING` and `INPUT`."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Frame:
    """One classic CAN frame. `can_id` is 11 or 29 bit; `data` has 0 to 8 bytes."""

    can_id: int
    data: bytes
    extended: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message. Incoming ones carry `ack`: call it once the message is *kept*, not before."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    ack: Callable[[], None] | None = None


class ModbusLink(Protocol):
    """One Modbus line or socket with one or more units. One request at a time; callers may overlap, they queue."""

    @property
    def state(self) -> LinkState: ...

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        """Words (0..65535) or bits (0/1) from wire address `address`."""
        ...

    async def write(
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
    ) -> None:
        """One write frame, sent once. `multiple` picks FC 15/16 over 5/6; `urgent` overtakes waiting requests.

        `still` is asked when its turn on the line has come: if not, nothing is sent and `LinkWithdrawn` is raised.
        """
        ...


class CanLink(Protocol):
    """One CAN channel. It is not READY while its adapter is gone or its controller chip is bus-off."""

    @property
    def state(self) -> LinkState: ...

    @property
    def error(self) -> str:
        """Why it is not READY."""
        ...

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        ...

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """Called in the event loop with each batch of received frames, oldest first."""
        ...

    async def send(self, frame: Frame) -> None:
        """Hand one frame to the carrier."""
        ...


class LineLink(Protocol):
    """One device that sends text lines by itself. Nothing is ever sent to it."""

    @property
    def state(self) -> LinkState: ...

    def subscribe(self, on_lines: Callable[[list[bytes]], None]) -> None:
        """Called in the event loop with the lines that came in, oldest first, each without its start and end."""
        ...


class MqttLink(Protocol):
    """One session with a broker. Subscriptions are made again by the link after each reconnect."""

    @property
    def state(self) -> LinkState: ...

    async def publish(self, message: Message) -> None:
        """Returns after the broker accepted it (QoS 1: PUBACK below 0x80). A refusal is `DeviceRefused`."""
        ...

    def messages(self) -> AsyncIterator[Message]:
        """Incoming messages of all subscriptions, for ever."""
        ...

    def subscribe(self, topic_filter: str) -> None:
        """Add a filter (QoS 1); valid for this and every later connection."""
        ...

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        ...
