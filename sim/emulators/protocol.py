"""What a Modbus emulator offers to the ways that reach it."""

from typing import Protocol

from hal.ports import Table
from sim.emulators.faults import ModbusFault


class ModbusReject(Exception):
    """The device answers with a Modbus exception. `code` is the exception code, 1..255."""

    def __init__(self, code: int) -> None:
        super().__init__(f"modbus exception {code}")
        self.code = code


class ModbusSilence(Exception):
    """The device does not answer this request at all."""


def heed(fault: ModbusFault) -> None:
    """Raise what the fault makes of every request, if it does."""
    if fault.silent:
        raise ModbusSilence
    if fault.refuses:
        raise ModbusReject(fault.refuses)


class ModbusEmulator(Protocol):
    """One Modbus unit. It owns no task, socket or clock; `now` is in seconds, monotonic.

    Both methods may raise `ModbusReject` and `ModbusSilence`.
    """

    @property
    def functions(self) -> frozenset[int]:
        """Function codes the device takes; any other is answered with exception 1."""
        ...

    @property
    def reply_s(self) -> float:
        """Declared latency of the device between request and reply, seconds."""
        ...

    @property
    def fault(self) -> ModbusFault:
        """What is wrong with it now. Late and spoilt answers are made by the ways that reach it, the rest by itself."""
        ...

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """Exactly `count` words (0..65535) or bits (0/1) from wire address `address`."""
        ...

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        """Take words or bits (0/1) from wire address `address` on."""
        ...
