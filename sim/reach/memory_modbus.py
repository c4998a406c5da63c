"""A Modbus line in memory and in the loop's own time: the fast way to reach emulators, words instead of frames."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hal.errors import DeviceRefused, LinkDown, LinkError, LinkGarbage, LinkTimeout, LinkWithdrawn
from hal.links.modbus_limits import BITS, check_read, check_write
from hal.ports import LinkState, Table
from sim.emulators.faults import HARMLESS, Spoil
from sim.emulators.protocol import ModbusEmulator, ModbusReject, ModbusSilence

_GATEWAY_NO_TARGET = 0x0B
_UNHEARD = frozenset({Spoil.LOST, Spoil.STALE})


@dataclass(frozen=True, slots=True)
class Carrier:
    """Declared timing of a carrier, in s: fixed cost per transaction, per byte on the line (0 on TCP).

    `quiet_s`: how long nobody speaks after a request without a valid answer.
    """

    per_request_s: float
    per_byte_s: float = 0.0
    overhead_bytes: int = 0
    quiet_s: float = 0.0

    def transfer_s(self, table: Table, count: int) -> float:
        """Time that request and answer of `count` entries take on the line."""
        payload = (count + 7) // 8 if table in BITS else 2 * count
        return self.per_request_s + self.per_byte_s * (self.overhead_bytes + payload)


def tcp_carrier() -> Carrier:
    """A local network: 0.4 ms per transaction."""
    return Carrier(0.0004)


def rtu_carrier(baudrate: int, quiet_s: float) -> Carrier:
    """A serial line, 8N1: 10 bits a byte, 8 bytes asked, 5 answered, two silences of 3.5 characters (>= 1.75 ms)."""
    return Carrier(2 * max(0.00175, 35 / baudrate), 10 / baudrate, 13, quiet_s)


class MemoryModbusLink:
    """Implements `hal.ports.ModbusLink` over emulators. One request at a time; urgent ones overtake those that wait."""

    def __init__(
        self, name: str, emulators: Mapping[int, ModbusEmulator], carrier: Carrier, clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.down = False
        """A fault: the line is cut, requests fail at once."""
        self._emulators = emulators
        self._carrier = carrier
        self._clock = clock
        self._busy = False
        self._quiet_s = 0.0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def state(self) -> LinkState:
        """READY unless the line is cut."""
        return LinkState.DISCONNECTED if self.down else LinkState.READY

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        """See `ModbusLink.read`."""
        check_read(table, address, count)
        await self._enter(urgent=False)
        try:
            emulator = self._find(unit)
            words = emulator.read(table, address, count, self._clock())
            await self._answer(emulator, unit, self._carrier.transfer_s(table, count), timeout_s)
        except ModbusSilence:
            raise await self._silence(unit, timeout_s) from None
        except ModbusReject as reject:
            raise DeviceRefused(f"{self.name} unit {unit}: exception {reject.code}", reject.code) from None
        finally:
            self._leave()
        return words

    async def write(
        self,
        unit: int,
        table: Table,
        address: int,
        values: tuple[int, ...],
        *,
        multiple: bool,
        timeout_s: float,
        urgent: bool = False,
        still: Callable[[], bool] | None = None,
    ) -> None:
        """See `ModbusLink.write`."""
        check_write(table, address, values, multiple=multiple)
        await self._enter(urgent=urgent)
        try:
            if still is not None and not still():
                raise LinkWithdrawn(f"{self.name}: withdrawn before it was sent")
            emulator = self._find(unit)
            emulator.write(table, address, values, self._clock())
            transfer_s = self._carrier.transfer_s(table, len(values) if multiple else 1)
            await self._answer(emulator, unit, transfer_s, timeout_s)
        except ModbusSilence:
            raise await self._silence(unit, timeout_s) from None
        except ModbusReject as reject:
            raise DeviceRefused(f"{self.name} unit {unit}: exception {reject.code}", reject.code) from None
        finally:
            self._leave()

    def _find(self, unit: int) -> ModbusEmulator:
        if self.down:
            raise LinkDown(f"{self.name} is cut")
        emulator = self._emulators.get(unit)
        if emulator is None:
            raise ModbusSilence if self._carrier.per_byte_s else ModbusReject(_GATEWAY_NO_TARGET)
        return emulator

    async def _answer(self, emulator: ModbusEmulator, unit: int, transfer_s: float, timeout_s: float) -> None:
        """Wait for the answer. Raises what becomes of one that is late or spoilt."""
        fault, latency_s = emulator.fault, emulator.reply_s
        if fault.late_s or fault.spoil is not None:
            latency_s += fault.late_s
            if latency_s > timeout_s or fault.spoil in _UNHEARD:
                raise ModbusSilence
            if fault.spoil is not None and fault.spoil not in HARMLESS:
                await asyncio.sleep(timeout_s if fault.spoil is Spoil.TRUNCATED else transfer_s + latency_s)
                self._quiet_s = self._carrier.quiet_s
                raise LinkGarbage(f"{self.name} unit {unit}: answer spoilt ({fault.spoil})")
        await asyncio.sleep(transfer_s + latency_s)

    async def _silence(self, unit: int, timeout_s: float) -> LinkError:
        await asyncio.sleep(timeout_s)
        self._quiet_s = self._carrier.quiet_s
        return LinkTimeout(f"{self.name} unit {unit}: no answer within {timeout_s:g} s")

    async def _enter(self, *, urgent: bool) -> None:
        if self.down:
            raise LinkDown(f"{self.name} is cut")
        if not self._busy:
            self._busy = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        if self._quiet_s:
            asyncio.get_running_loop().call_later(self._quiet_s, self._pass_on)
            self._quiet_s = 0.0
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        while queue := self._urgent or self._waiting:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
