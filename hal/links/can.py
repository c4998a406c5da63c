"""CAN channel that opens its bus again and again, and hands batches of frames to the event loop."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

from hal.errors import ConfigError, LinkDown
from hal.links.backoff import Backoff
from hal.links.can_chip import Chip, ChipState
from hal.links.can_reader import BusReader
from hal.links.inbox import Inbox
from hal.ports import Frame, LinkState

PROBE_S: Final = 2.0  # for a socketcand server to accept and greet
LEAVE_S: Final = 0.25  # a reader that hangs in its driver is left behind; it closes the bus when it comes back
SETTLED_S: Final = 5.0  # a session that lasted so long starts the back-off anew


class PythonCanLink:
    """`hal.ports.CanLink` on any python-can interface; `options` go to `can.Bus` (`bitrate`, `host`, `port`, ...).

    An async context manager that returns before the bus is open. It opens again for ever; `error` says why it is down.
    """

    def __init__(
        self, interface: str, channel: str, *, backoff: Backoff | None = None, queue_frames: int = 4096, **options: Any
    ) -> None:
        self.name = f"{interface}:{channel}"
        self.error = "not opened yet"
        self.openings = 0
        if interface == "socketcand" and not {"host", "port"} <= options.keys():
            raise ConfigError(f"{self.name}: socketcand needs host and port")
        self._interface = interface
        self._options = {"interface": interface, "channel": channel, **options}
        self._backoff = backoff or Backoff(random.Random().random)
        self._inbox = Inbox(queue_frames)
        self.chip = Chip()
        """Error frames so far, and what they say of the controller chip. They reach no subscriber."""
        self._state = LinkState.DISCONNECTED
        self._state_takers: list[Callable[[LinkState], None]] = []
        self._reader: BusReader | None = None
        self._waiting = 0

    @property
    def state(self) -> LinkState:
        """READY from the opening of the bus to the first error, but for the time in which its chip is bus-off."""
        return self._state

    @property
    def dropped(self) -> int:
        """Frames lost because the loop was too slow; the newest are kept."""
        return self._inbox.dropped

    @property
    def ignored(self) -> int:
        """Remote and FD frames, which no node of a station sends, and what the carrier brought that is no frame."""
        return self._inbox.ignored

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        """Called in the event loop with each batch of received frames, oldest first."""
        self._inbox.takers.append(on_frames)

    def on_state(self, changed: Callable[[LinkState], None]) -> None:
        """Called in the event loop whenever `state` changes."""
        self._state_takers.append(changed)

    async def send(self, frame: Frame) -> None:
        """Hand one frame to the carrier. Raises LinkDown where it did not take it."""
        reader = self._reader
        if self._state is not LinkState.READY or reader is None:
            raise LinkDown(f"{self.name}: {self.error}")
        try:
            if not self._waiting and reader.sends_at_once:
                reader.send(frame)
            else:
                await self._send_later(reader, frame)
        except OSError as error:
            raise LinkDown(f"{self.name}: not sent: {error}") from error

    async def _send_later(self, reader: BusReader, frame: Frame) -> None:
        """In the thread that may wait. It keeps the order: while it has frames, all go there."""
        self._waiting += 1
        try:
            await self._loop.run_in_executor(self._sender, reader.send, frame)
        finally:
            self._waiting -= 1

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._inbox.enter(self._loop)
        self._sender = ThreadPoolExecutor(1, f"can-send {self.name}")  # one thread keeps the order of frames
        self._owner = self._loop.create_task(self._keep_open(), name=f"can {self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.cancel()
        await asyncio.gather(self._owner, return_exceptions=True)
        self.error = "closed"
        self._become(LinkState.DISCONNECTED)
        self._sender.shutdown(wait=False)
        if not self._owner.cancelled():
            self._owner.result()  # only a mistake of ours ends it before us

    async def _keep_open(self) -> None:
        while True:
            started = self._loop.time()
            self._become(LinkState.CONNECTING)
            try:
                await self._probe()
                self.error = await self._session()
            except (OSError, EOFError, ValueError) as error:
                self.error = f"no server: {error!r}"
            self._become(LinkState.DISCONNECTED)
            if self._loop.time() - started > SETTLED_S:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    async def _probe(self) -> None:
        """python-can's socketcand client spins where nobody listens and hangs where nobody greets: look first."""
        if self._interface != "socketcand":
            return
        async with asyncio.timeout(PROBE_S):
            stream, writer = await asyncio.open_connection(self._options["host"], self._options["port"])
            try:
                if await stream.readexactly(6) != b"< hi >":
                    raise ValueError("not a socketcand server")
            finally:
                writer.close()

    async def _session(self) -> str:
        """One life of the bus, from opening to error; the text of the error."""
        ended = asyncio.Event()
        reader = self._reader = BusReader(
            self.name, self._options, self._inbox, self.chip, self._opened, self._chip_changed, ended.set
        )
        reader.start()
        try:
            await ended.wait()
        finally:
            reader.halt("closed")
            self._reader = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await ended.wait()
                    reader.join()
        return reader.reason

    def _opened(self, reader: BusReader) -> None:
        if reader is self._reader:  # one that was left behind may still call
            self.openings += 1
            self.error = ""
            self._become(LinkState.READY)

    def _chip_changed(self, reader: BusReader) -> None:
        """In bus-off the link is down although the adapter is there; who restarts the chip is the kernel's affair."""
        if reader is not self._reader:
            return
        if self.chip.state is ChipState.BUS_OFF:
            self.error = str(self.chip)
            self._become(LinkState.DISCONNECTED)
        else:
            self.error = ""
            self._become(LinkState.READY)

    def _become(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            for changed in self._state_takers:
                changed(state)
