"""The composition root: the one place that builds a station's real links and runs the controller on them."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

from firmware_py.shell import places
from firmware_py.shell.carriers import can_link, cloud_link, line_link, modbus_link
from firmware_py.shell.clock import clock_source, system_wall_clock
from firmware_py.shell.cloud import will_of
from firmware_py.shell.control import serve_control
from firmware_py.shell.controller import Controller
from firmware_py.shell.host import Host
from firmware_py.shell.journal import Clock, Journal, JournalError, JournalTaken, LostJournal, Stamp
from firmware_py.shell.journal_retention import DAY_S, Keep
from firmware_py.shell.journal_space import MIB, Ballast
from firmware_py.shell.journal_writer import SqliteJournal
from firmware_py.shell.logbook import log_change, log_event, log_link, log_warning
from firmware_py.shell.plant import Links
from firmware_py.shell.service import Notifier, watchdog_period_s
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.session import WireLogDesk
from firmware_py.shell.wirelog.taps import Tap
from firmware_py.version import software
from hal.config.bundle import Station
from hal.config.links import CanConfig, LineSerialConfig, LineTcpConfig, ModbusRtuConfig, ModbusTcpConfig, MqttConfig
from hal.config.process import JournalProcess
from hal.contract import Topics
from hal.errors import HalError
from hal.links.mqtt import AiomqttLink
from hal.ports import CanLink, LineLink, LinkState, Message, ModbusLink


@asynccontextmanager
async def open_links(station: Station, will: Message) -> AsyncIterator[Links]:
    """All carriers of the station's `[links]`; each connects by itself and goes on trying. Raises `ConfigError`."""
    modbus: dict[str, ModbusLink] = {}
    can: dict[str, CanLink] = {}
    lines: dict[str, LineLink] = {}
    cloud: AiomqttLink | None = None
    async with AsyncExitStack() as stack:
        for name, config in station.config.links.items():
            match config:
                case ModbusRtuConfig() | ModbusTcpConfig():
                    line = modbus_link(station, name, config)
                    line.on_state(_Told(name))
                    modbus[name] = await stack.enter_async_context(line)
                case CanConfig():
                    bus = can_link(config)
                    bus.on_state(_Told(name))
                    can[name] = await stack.enter_async_context(bus)
                case LineTcpConfig() | LineSerialConfig():
                    text = line_link(station, name, config)
                    text.on_state(_Told(name))
                    lines[name] = await stack.enter_async_context(text)
                case MqttConfig() if name == station.config.cloud.link:
                    cloud = cloud_link(config, will)
                    cloud.on_state(_Told(name))
                    await stack.enter_async_context(cloud)
                case _:
                    pass  # a second broker is nobody's yet
        assert cloud is not None  # the loader has checked that the cloud's link is MQTT
        yield Links(modbus, can, cloud, lines)


async def run_station(
    station: Station,
    *,
    state_dir: Path,
    control_socket: Path,
    wire_log: Path | None = None,
    can: CanFormat = CanFormat.CANDUMP,
) -> None:
    """Run until SIGTERM or SIGINT, then stop all motion, say goodbye and return.

    `state_dir` must be there. `wire_log` is a folder for a log of all wires, from the first byte on, with its frames
    as `can`. Before anything is commanded it may raise `ConfigError` (links), `JournalTaken` (another controller has
    the journal), `SocketTaken` and `LogTaken`.
    """
    clock = asyncio.get_running_loop().time
    boot_id = uuid.uuid4().hex[:12]  # noqa: TID251 - must be new with every run; nothing is decided by it
    topics = Topics(station.config.station.site, station.name)
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(_stop_signals())
        notifier = stack.enter_context(Notifier.from_environment())
        source = partial(clock_source, station.config.cloud.clock_set_by)
        stamp = lambda: Stamp(clock(), system_wall_clock(), source())  # noqa: E731 - the journal's clock
        journal = await _open_journal(stack, state_dir / places.JOURNAL, stamp, station.config.process.journal)
        tap = Tap(clock, system_wall_clock)
        desk = WireLogDesk(station, tap, boot_id, software())
        if wire_log is not None:
            await stack.enter_async_context(desk.writing(wire_log, from_start=True, can=can))
        will = will_of(topics, boot_id, _now_ms())
        links = tap.links(await stack.enter_async_context(open_links(station, will)))
        await stack.enter_async_context(_offline_where_it_fails(links, will, station.config.process.leaving.goodbye_s))
        host = Host(
            clock,
            _now_ms,
            boot_id,
            software(),
            notifier,
            watchdog_period_s(),
            log_change,
            tap.controller(boot_id),
            source,
        )
        controller = Controller(station, links, journal, host)
        logs = places.log_dir(state_dir)
        await stack.enter_async_context(serve_control(controller, links, control_socket, desk, logs))
        log_event("start", {"station": station.name, "boot": boot_id, "socket": control_socket, "state_dir": state_dir})
        for name in station.unproven:
            log_warning("not-verified-on-hardware", {"file": name})
        async with asyncio.TaskGroup() as group:
            running = group.create_task(controller.run(), name="controller")
            ready = group.create_task(_tell_ready(controller), name="ready")
            await stop.wait()
            notifier.stopping()
            log_event("stopping", {"state": controller.state.packml.value})
            await _leave(controller)
            ready.cancel()
            running.cancel()
    log_event("stopped", {"station": station.name, "state": controller.state.packml.value})


async def _open_journal(stack: AsyncExitStack, path: Path, stamp: Clock, config: JournalProcess) -> Journal:
    """The journal; where it cannot be opened, one that says why: the station is Held, and cloud and people can see it.

    Raises `JournalTaken`: another controller has this station.
    """
    journal = SqliteJournal(
        path,
        stamp,
        reserve=Ballast(path.with_name(places.BALLAST), round(config.ballast_mib * MIB), round(config.floor_mib * MIB)),
        keep=Keep(config.keep_days * DAY_S, config.keep_rows, round(config.most_mib * MIB)),
    )
    try:
        async with asyncio.timeout(config.start_s):
            return await stack.enter_async_context(journal)
    except JournalTaken:
        raise
    except JournalError as error:
        return LostJournal(str(error))
    except TimeoutError:
        return LostJournal(f"{path} did not open within {config.start_s:g} s: does its disk answer?")


@asynccontextmanager
async def _offline_where_it_fails(links: Links, will: Message, limit_s: float) -> AsyncIterator[None]:
    """A controller that falls closes its session in good order, so the broker keeps the will to itself: say it here."""
    try:
        yield
    except BaseException:
        with suppress(HalError, TimeoutError):
            async with asyncio.timeout(limit_s):
                await links.cloud.publish(will)
        raise


async def _leave(controller: Controller) -> None:
    limits = controller.station.config.process.leaving
    await controller.shutdown()
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.stops_s):
            await controller.at_rest()
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.goodbye_s):
            await controller.uplink.drained()


async def _tell_ready(controller: Controller) -> None:
    await controller.ready.wait()
    log_event("ready", {"state": controller.state.packml.value})


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Set by SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Told:
    """Logs the states of one carrier; the ways between are no news."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready = False

    def __call__(self, state: LinkState) -> None:
        ready = state is LinkState.READY
        if ready is not self._ready:
            self._ready = ready
            log_link(self._name, state.value)


def _now_ms() -> int:
    return round(system_wall_clock() * 1000)
