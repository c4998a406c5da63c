"""The real carriers of a station, made of what its `[links]` say. They connect when they are entered."""

import os
from collections.abc import Callable
from random import Random
from typing import Any, Final

from firmware_py.shell.credentials import credential
from hal.config.bundle import Station
from hal.config.links import (
    CanConfig,
    LineSerialConfig,
    LineTcpConfig,
    ModbusRtuConfig,
    ModbusTcpConfig,
    MqttConfig,
    SlcanConfig,
    SocketcandConfig,
    UdpMulticastConfig,
)
from hal.config.station import ReaderDevice
from hal.links.backoff import Backoff
from hal.links.can import PythonCanLink
from hal.links.cutter import LineCutter
from hal.links.line import LineLink, serial_pipe, tcp_pipe
from hal.links.modbus import OpenPipe, RtuModbusLink, TcpModbusLink
from hal.links.mqtt import AiomqttLink
from hal.ports import Message

PLAIN_CHARS: Final = 256
"""Longest line that is shown of a link that no device uses."""


def modbus_link(
    station: Station,
    name: str,
    config: ModbusRtuConfig | ModbusTcpConfig,
    open_pipe: OpenPipe | None = None,
    random: Callable[[], float] | None = None,
) -> TcpModbusLink | RtuModbusLink:
    """A line or socket with all units of the station on it.

    `open_pipe` takes the place of port or address, `random` that of the chance in its waits: for a simulation.
    """
    gaps_s = {unit.unit: unit.device.device.min_gap_s for unit in station.units.values() if unit.link == name}
    backoff = Backoff(random or Random().random, cap_s=config.reconnect_max_s)
    if isinstance(config, ModbusRtuConfig):
        return RtuModbusLink(
            config.port,
            config.baudrate,
            parity=config.parity,
            stopbits=config.stopbits,
            quiet_s=config.quiet_s,
            min_gap_s=gaps_s,
            backoff=backoff,
            open_pipe=open_pipe,
        )
    return TcpModbusLink(
        config.host,
        config.port,
        min_gap_s=gaps_s,
        backoff=backoff,
        connect_timeout_s=config.connect_timeout_s,
        open_pipe=open_pipe,
    )


def line_link(
    station: Station, name: str, config: LineTcpConfig | LineSerialConfig, random: Callable[[], float] | None = None
) -> LineLink:
    """The link of a device that sends text lines, framed as its device says."""
    backoff = Backoff(random or Random().random, cap_s=config.reconnect_max_s)
    cutter = line_cutter(station, name)
    if isinstance(config, LineTcpConfig):
        pipe, timeout_s = tcp_pipe(config.host, config.port), config.connect_timeout_s
        where = f"{config.host}:{config.port}"
        return LineLink(where, cutter, pipe, silent_s=config.silent_s, connect_timeout_s=timeout_s, backoff=backoff)
    pipe = serial_pipe(config.port, config.baudrate, config.parity, config.stopbits)
    return LineLink(config.port, cutter, pipe, silent_s=config.silent_s, backoff=backoff)


def line_cutter(station: Station, link: str) -> LineCutter:
    """How the lines of a link are framed; as plain text lines where no device uses it."""
    used = (d for d in station.devices.values() if isinstance(d, ReaderDevice) and d.link == link)
    for device in used:
        return LineCutter(start=device.start.encode(), end=device.end.encode(), most=device.max_chars)
    return LineCutter(start=b"", end=b"\n", most=PLAIN_CHARS)


def can_link(config: CanConfig) -> PythonCanLink:
    """A CAN channel."""
    options: dict[str, Any] = {}
    match config:
        case SocketcandConfig():
            options = {"host": config.host, "port": config.port}
        case SlcanConfig():
            options = {"bitrate": config.bitrate, "tty_baudrate": config.baudrate}
        case UdpMulticastConfig():
            options = {"port": config.port, "hop_limit": config.hop_limit}
    backoff = Backoff(Random().random, cap_s=config.reconnect_max_s)
    return PythonCanLink(config.interface, config.channel, backoff=backoff, **options)


def cloud_link(config: MqttConfig, will: Message) -> AiomqttLink:
    """The station's own session with its broker."""
    return _mqtt_link(config, config.client_id, config.session_expiry_s, will)


def guest_link(config: MqttConfig, purpose: str) -> AiomqttLink:
    """A session beside the station's own: it pushes nobody out, has no will, and leaves nothing behind."""
    return _mqtt_link(config, f"{config.client_id}-{purpose}-{os.getpid()}", 0, None)


def _mqtt_link(config: MqttConfig, client_id: str, session_expiry_s: int, will: Message | None) -> AiomqttLink:
    return AiomqttLink(
        config.host,
        config.port,
        client_id,
        will=will,
        keepalive_s=config.keepalive_s,
        connect_timeout_s=config.connect_timeout_s,
        publish_timeout_s=config.publish_timeout_s,
        healthy_s=config.healthy_s,
        session_expiry_s=session_expiry_s,
        window=config.window,
        inbox=config.inbox,
        backoff=Backoff(Random().random, base_s=config.reconnect_min_s, cap_s=config.reconnect_max_s),
        username=config.username,
        password=_password(config),
    )


def _password(config: MqttConfig) -> str | None:
    return None if config.credential is None else credential(config.credential)
