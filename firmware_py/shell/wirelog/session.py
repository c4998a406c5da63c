"""Starting and ending wire logs of a running controller, and beside a station whose controller runs elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from firmware_py.shell.carriers import can_link, guest_link, line_link
from firmware_py.shell.clock import clock_source, system_wall_clock
from firmware_py.shell.wirelog.files import WireFiles
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.lines import FORMAT, line
from firmware_py.shell.wirelog.taps import Tap, TappedCan, TappedLine, TappedMqtt
from hal.config.bundle import Station
from hal.config.links import CanConfig, LineSerialConfig, LineTcpConfig, MqttConfig
from hal.contract import Topics

LONGEST_S: Final = 3600.0


class LogBusy(RuntimeError):
    """A wire log runs already. The text says where."""


class WireLogDesk:
    """The one wire log that a controller writes at a time."""

    def __init__(self, station: Station, tap: Tap, boot_id: str, software: str) -> None:
        self._station, self._tap = station, tap
        self._about = {"boot": boot_id, "software": software}
        self._files: WireFiles | None = None
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def writing(
        self, folder: Path, *, from_start: bool, can: CanFormat = CanFormat.CANDUMP
    ) -> AsyncIterator[WireFiles]:
        """Log while the block runs. Raises `LogTaken` and `LogBusy`."""
        if self._files is not None:
            raise LogBusy(f"a wire log is being written to {self._files.folder}")
        header = header_of(self._station, can, from_start=from_start, **self._about)
        self._files = files = WireFiles(folder, header, can, can_links(self._station))
        try:
            async with files:
                self._tap.sink = files
                try:
                    yield files
                finally:
                    self._tap.sink = None
        finally:
            self._files = None

    async def write_for(self, folder: Path, seconds: float, can: CanFormat = CanFormat.CANDUMP) -> dict[str, Any]:
        """Log for so long, or until `stop`; what has become of it. Raises `LogTaken` and `LogBusy`."""
        async with self.writing(folder, from_start=False, can=can) as files:
            self._stop.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stop.wait()
        return summary(files)

    def stop(self) -> bool:
        """End a log of `write_for` early. `False` where none is written."""
        running = self._files is not None
        self._stop.set()
        return running


def summary(files: WireFiles) -> dict[str, Any]:
    """What has become of a log."""
    return {"dir": str(files.folder), "lines": files.lines, "dropped": files.dropped, "error": files.error}


def can_links(station: Station) -> tuple[str, ...]:
    """The station's CAN links: channels 1, 2, ... of a format that numbers them."""
    return tuple(name for name, link in station.config.links.items() if isinstance(link, CanConfig))


def header_of(station: Station, can: CanFormat = CanFormat.CANDUMP, *, from_start: bool, **about: str) -> bytes:
    """The first line: whose log, of which configuration, how its frames are kept, and where its times come from."""
    source = clock_source(station.config.cloud.clock_set_by)
    clock = {"t": "monotonic s of this process", "w": "s since 1970 UTC", "clock_source": source.value}
    whose = {"station": station.name, "hash": station.hash, **about}
    kept = {"can": can.value, "channels": can_links(station)}
    return line({"wire-log": FORMAT, **whose, **kept, "from_start": from_start, "clock": clock})


def folder_name() -> str:
    """A name for a log that begins now."""
    return datetime.fromtimestamp(system_wall_clock(), UTC).strftime("%Y-%m-%dT%H%M%SZ")


async def listen(
    station: Station, folder: Path, seconds: float, can: CanFormat = CanFormat.CANDUMP
) -> Mapping[str, Any]:
    """Log what can be heard without the controller: CAN, text lines, and the station's messages. Raises `LogTaken`."""
    loop = asyncio.get_running_loop()
    tap = Tap(loop.time, system_wall_clock)
    async with AsyncExitStack() as stack:
        header = header_of(station, can, from_start=False)
        files = await stack.enter_async_context(WireFiles(folder, header, can, can_links(station)))
        tap.sink = files
        group = await stack.enter_async_context(asyncio.TaskGroup())
        ears: list[asyncio.Task[None]] = []
        for name, config in station.config.links.items():
            if isinstance(config, CanConfig):
                bus = await stack.enter_async_context(can_link(config))
                TappedCan(name, bus, tap).subscribe(lambda _frames: None)
            elif isinstance(config, LineTcpConfig | LineSerialConfig):
                text = await stack.enter_async_context(line_link(station, name, config))
                TappedLine(name, text, tap).subscribe(lambda _lines: None)
            elif isinstance(config, MqttConfig) and name == station.config.cloud.link:
                link = await stack.enter_async_context(guest_link(config, "wire-log"))
                topics = Topics(station.config.station.site, station.name)
                link.subscribe(topics.all)
                link.subscribe(topics.simulator)
                ears.append(group.create_task(_hear(TappedMqtt(name, link, tap)), name="wire-log-mqtt"))
        await asyncio.sleep(seconds)
        for ear in ears:
            ear.cancel()
        tap.sink = None
    return summary(files)


async def _hear(link: TappedMqtt) -> None:
    async for message in link.messages():
        if message.ack is not None:
            message.ack()
