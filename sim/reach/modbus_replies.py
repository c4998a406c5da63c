"""What the units of one carrier answer, when, and in which bytes: the same for sockets, pseudo terminals and memory."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from sim.emulators.faults import Spoil
from sim.emulators.protocol import ModbusEmulator
from sim.reach.modbus_frames import Request, answer_rtu, answer_tcp, mbap_frame, rtu_frame

NOISE = bytes.fromhex("FF 00 A5 5A 7E 13")
SPLIT_S = 0.0005
BITS_PER_BYTE = 10
"""8N1: start, eight data, stop."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes and when their last one is on the wire, on the loop's clock."""

    at_s: float
    data: bytes


class Replier(ABC):
    """The device side of one carrier. Each unit answers one request after the other; a request acts when it arrives."""

    byte_s = 0.0
    """Seconds that a byte takes."""

    def __init__(self, emulators: Mapping[int, ModbusEmulator]) -> None:
        self._emulators = emulators
        self._free_at: dict[int, float] = {}
        self._before = b""

    def take(self, request: Request, received_at: float, now: float) -> list[Reply]:
        """Let the request act at `now` (the emulators' clock) and give what comes back, oldest first."""
        pdu = self._answer(request, now)
        if pdu is None:
            return []
        emulator = self._emulators.get(request.unit)
        frame = self._frame(request, request.unit, pdu)
        latency_s, parts = 0.0, [frame]
        if emulator is not None:
            latency_s = emulator.reply_s + emulator.fault.late_s
            parts = self._spoil(emulator.fault.spoil, request, pdu, frame)
        self._before = frame
        at_s = max(received_at, self._free_at.get(request.unit, 0.0)) + latency_s
        replies = []
        for part in parts:
            at_s += len(part) * self.byte_s
            replies.append(Reply(at_s, part))
            at_s += SPLIT_S if len(part) == 1 else 0.0
        self._free_at[request.unit] = at_s
        return replies

    def _spoil(self, spoil: Spoil | None, request: Request, pdu: bytes, frame: bytes) -> list[bytes]:  # noqa: PLR0911 - one case per kind
        match spoil:
            case None:
                return [frame]
            case Spoil.NOISE:
                return [NOISE]
            case Spoil.CHECKSUM:
                return [self._damage(frame)]
            case Spoil.TRUNCATED:
                return [frame[: len(frame) // 2]]
            case Spoil.OTHER_UNIT:
                return [self._frame(request, (request.unit + 1) % 256, pdu)]
            case Spoil.OTHER_FUNCTION:
                return [self._frame(request, request.unit, bytes((pdu[0] ^ 0x07,)) + pdu[1:])]
            case Spoil.STALE:
                return [self._before] if self._before else []
            case Spoil.ECHO:
                return [self._frame(request, request.unit, request.pdu)]
            case Spoil.LOST:
                return []
            case Spoil.SPLIT:
                return [frame[n : n + 1] for n in range(len(frame))]
            case Spoil.TWICE:
                return [frame, frame]

    @abstractmethod
    def _answer(self, request: Request, now: float) -> bytes | None:
        """The PDU, or None for silence."""

    @abstractmethod
    def _frame(self, request: Request, unit: int, pdu: bytes) -> bytes:
        """The frame of an answer."""

    @abstractmethod
    def _damage(self, frame: bytes) -> bytes:
        """The frame as it must not be taken."""


class TcpReplier(Replier):
    """Units behind a socket: MBAP frames, no pace of bytes."""

    def _answer(self, request: Request, now: float) -> bytes | None:
        return answer_tcp(self._emulators, request, now)

    def _frame(self, request: Request, unit: int, pdu: bytes) -> bytes:
        return mbap_frame(request.transaction, unit, pdu)

    def _damage(self, frame: bytes) -> bytes:
        return frame[:2] + b"\x00\x01" + frame[4:]


class RtuReplier(Replier):
    """Units on a serial line, paced at its baud rate."""

    def __init__(self, emulators: Mapping[int, ModbusEmulator], baudrate: int) -> None:
        super().__init__(emulators)
        self.byte_s = BITS_PER_BYTE / baudrate

    def _answer(self, request: Request, now: float) -> bytes | None:
        return answer_rtu(self._emulators, request, now)

    def _frame(self, request: Request, unit: int, pdu: bytes) -> bytes:
        return rtu_frame(unit, pdu)

    def _damage(self, frame: bytes) -> bytes:
        return frame[:-1] + bytes((frame[-1] ^ 0xFF,))
