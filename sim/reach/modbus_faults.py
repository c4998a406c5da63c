"""Faults on the wire of emulated Modbus units."""

from dataclasses import dataclass, field


@dataclass
class WireFaults:
    """What is wrong on a line right now, by unit. May be changed at any time while a server runs.

    `silent` units do not get the request. `delay_s` comes on top of the device's own latency. `bad_crc` units act, but
    their reply is damaged (RTU only: TCP has no CRC).
    """

    silent: set[int] = field(default_factory=set)
    delay_s: dict[int, float] = field(default_factory=dict)
    bad_crc: set[int] = field(default_factory=set)
