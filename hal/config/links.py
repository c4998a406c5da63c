"""Links of a station: the carriers and where they are. The only table that an overlay file may replace."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Int, Positive, Strict, Text

Port = Annotated[int, Field(strict=True, ge=1, le=65535)]


class ModbusRtuConfig(Strict):
    """Serial line, 8N1 unless `parity` says otherwise."""

    kind: Literal["modbus-rtu"]
    port: Text
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
    parity: Literal["N", "E", "O"] = "N"


class ModbusTcpConfig(Strict):
    """One TCP connection to one device or gateway."""

    kind: Literal["modbus-tcp"]
    host: Text
    port: Port = 502


class CanConfig(Strict):
    """One CAN channel. `host` and `port` belong to socketcand; `bitrate` in bit/s."""

    kind: Literal["can"]
    interface: Literal["socketcan", "socketcand", "slcan", "udp_multicast", "virtual"]
    channel: Text
    bitrate: Annotated[int, Field(strict=True, ge=10_000, le=1_000_000)] = 250_000
    host: Text | None = None
    port: Port | None = None


class MqttConfig(Strict):
    """The session with the broker."""

    kind: Literal["mqtt"]
    host: Text
    port: Port = 1883
    client_id: Text
    keepalive_s: Annotated[Int, Field(ge=1, le=3600)] = 15
    connect_timeout_s: Positive = 5.0


LinkConfig = ModbusRtuConfig | ModbusTcpConfig | CanConfig | MqttConfig
LINK_MODELS: dict[str, type[LinkConfig]] = {
    "modbus-rtu": ModbusRtuConfig,
    "modbus-tcp": ModbusTcpConfig,
    "can": CanConfig,
    "mqtt": MqttConfig,
}
MODBUS_KINDS = frozenset({"modbus-rtu", "modbus-tcp"})
