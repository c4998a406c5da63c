"""Links of a station: the carriers and where they are. The only table that an overlay file may replace."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Int, Num, Positive, Strict, Text

Port = Annotated[int, Field(strict=True, ge=1, le=65535)]


class ModbusRtuConfig(Strict):
    """Serial line, 8 data bits; N and 1 stop bit unless it says otherwise.

    `quiet_s`: silence kept after a request without a valid answer, so that a late one is not taken for the next. An
    answer may come so long after its time-out. `reconnect_max_s`: longest wait between two attempts to open the port.
    """

    kind: Literal["modbus-rtu"]
    port: Text
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    quiet_s: Annotated[Num, Field(ge=0, le=1)] = 0.1
    reconnect_max_s: Annotated[Num, Field(ge=0.1, le=60)] = 2.0

    @property
    def byte_s(self) -> float:
        """Seconds that a byte takes at the most: start, 8 data, parity or second stop, stop."""
        return 11 / self.baudrate


class ModbusTcpConfig(Strict):
    """One TCP connection to one device or gateway. `reconnect_max_s`: longest wait between two attempts."""

    kind: Literal["modbus-tcp"]
    host: Text
    port: Port = 502
    connect_timeout_s: Positive = 2.0
    reconnect_max_s: Annotated[Num, Field(ge=0.1, le=60)] = 2.0


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
