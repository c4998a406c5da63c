"""Links of a station: the carriers and where they are. The only table that an overlay file may replace."""

from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

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
    """One CAN channel. `channel` names it in the words of its `interface`; each interface has options of its own.

    After a lost adapter the next attempts wait a random time, at most `reconnect_max_s`.
    """

    kind: Literal["can"]
    interface: Text
    channel: Text
    reconnect_max_s: Annotated[Positive, Field(ge=0.1)] = 2.0


class SocketcanConfig(CanConfig):
    """A CAN controller of the kernel. `channel`: its network interface, which the network service sets to `bitrate`."""

    interface: Literal["socketcan"]
    channel: Annotated[str, Field(strict=True, pattern=r"^[^\s/]{1,15}$")]
    bitrate: Annotated[int, Field(strict=True, ge=10_000, le=1_000_000)] = 250_000


class SocketcandConfig(CanConfig):
    """A channel of a socketcand server."""

    interface: Literal["socketcand"]
    host: Text
    port: Port


class SlcanConfig(CanConfig):
    """An adapter on a serial line (LAWICEL protocol). `channel`: the serial device, open at `baudrate`.

    The adapter takes nine bit rates; that of its command S7 is left out, because products read it as 750 or 800 kbit/s.
    """

    interface: Literal["slcan"]
    channel: Annotated[str, Field(strict=True, pattern=r"^/.+")]
    bitrate: Literal[10_000, 20_000, 50_000, 100_000, 125_000, 250_000, 500_000, 1_000_000]
    baudrate: Annotated[int, Field(strict=True, ge=9_600, le=4_000_000)] = 115_200


def _is_multicast(group: str) -> str:
    try:
        if ip_address(group).is_multicast:
            return group
    except ValueError:
        pass
    raise ValueError("the address of a multicast group, such as 239.74.163.2")


class UdpMulticastConfig(CanConfig):
    """A channel carried by a multicast group of the IP network. `channel`: the address of the group.

    Frames leave this host only with `hop_limit` 1 or more.
    """

    interface: Literal["udp_multicast"]
    channel: Annotated[str, Field(strict=True), AfterValidator(_is_multicast)]
    port: Annotated[int, Field(strict=True, ge=1024, le=65535)]
    hop_limit: Annotated[int, Field(strict=True, ge=0, le=255)] = 0


class VirtualConfig(CanConfig):
    """A channel inside one process. `channel`: any name."""

    interface: Literal["virtual"]


class MqttConfig(Strict):
    """The session with the broker.

    A silent broker is found after 2 x `keepalive_s`, or when a message is not acknowledged in `publish_timeout_s`.
    Between attempts the link waits a random time up to `reconnect_min_s`, doubled with each failure up to
    `reconnect_max_s`, and starts again at the least after a session of `healthy_s`. The broker keeps what was missed
    for `session_expiry_s`. `window`: messages under way at a time, each way; `inbox`: received ones that wait here.
    `credential`: name of the password among the service manager's secrets.
    """

    kind: Literal["mqtt"]
    host: Text
    port: Port = 1883
    client_id: Text
    keepalive_s: Annotated[Int, Field(ge=1, le=3600)] = 15
    connect_timeout_s: Positive = 5.0
    username: Text | None = None
    credential: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.-]+$")] | None = None
    publish_timeout_s: Positive = 10.0
    reconnect_min_s: Positive = 1.0
    reconnect_max_s: Positive = 60.0
    healthy_s: Positive = 60.0
    session_expiry_s: Annotated[Int, Field(ge=0, le=0xFFFFFFFF)] = 3600
    window: Annotated[Int, Field(ge=1, le=1000)] = 16
    inbox: Annotated[Int, Field(ge=1, le=100_000)] = 1000

    @model_validator(mode="after")
    def _least_first(self) -> Self:
        if self.reconnect_min_s > self.reconnect_max_s:
            raise ValueError("reconnect_min_s <= reconnect_max_s")
        return self


class LineTcpConfig(Strict):
    """Text lines of one device over TCP: it listens, we connect. Silent for `silent_s`, it is connected anew."""

    kind: Literal["line-tcp"]
    host: Text
    port: Port
    silent_s: Positive = 10.0
    connect_timeout_s: Positive = 2.0
    reconnect_max_s: Annotated[Num, Field(ge=0.1, le=60)] = 2.0


class LineSerialConfig(Strict):
    """Text lines of one device on a serial port, 8 data bits. Silent for `silent_s`, the port is opened anew."""

    kind: Literal["line-serial"]
    port: Text
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    silent_s: Positive = 10.0
    reconnect_max_s: Annotated[Num, Field(ge=0.1, le=60)] = 2.0


LinkConfig = ModbusRtuConfig | ModbusTcpConfig | CanConfig | MqttConfig | LineTcpConfig | LineSerialConfig
LINK_MODELS: dict[str, type[LinkConfig]] = {
    "modbus-rtu": ModbusRtuConfig,
    "modbus-tcp": ModbusTcpConfig,
    "can": CanConfig,
    "mqtt": MqttConfig,
    "line-tcp": LineTcpConfig,
    "line-serial": LineSerialConfig,
}
CAN_MODELS: dict[str, type[CanConfig]] = {
    "socketcan": SocketcanConfig,
    "socketcand": SocketcandConfig,
    "slcan": SlcanConfig,
    "udp_multicast": UdpMulticastConfig,
    "virtual": VirtualConfig,
}
"""What an entry of kind "can" may hold, by its interface."""
MODBUS_KINDS = frozenset({"modbus-rtu", "modbus-tcp"})
LINE_KINDS = frozenset({"line-tcp", "line-serial"})
