"""The real carriers of a station, made of what its `[links]` say. They connect when they are entered."""

import os
from collections.abc import Callable
from random import Random
from typing import Any

from hal.config.bundle import Station
from hal.config.links import (
    CanConfig,
    ModbusRtuConfig,
    ModbusTcpConfig,
    MqttConfig,
    SlcanConfig,
    SocketcandConfig,
    UdpMulticastConfig,
)
from hal.links.backoff import Backoff
from hal.links.can import PythonCanLink
from hal.links.modbus import OpenPipe, RtuModbusLink, TcpModbusLink
from hal.links.mqtt import AiomqttLink
from hal.ports import Message


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
    )
