"""Text that carries CAN frames, socketcand and slcan, both sides: marks are mended; ids and octets are wild."""

from random import Random
from typing import Any, cast

from hal.links.can_bus import _LONGEST_TEXT, _Slcan, _Socketcand
from hal.links.cutter import LineCutter
from sim.reach.slcan import SlcanAdapter
from sim.reach.socketcand import _sent_frame

DAMAGED = 0.04
HEX = "0123456789ABCDEFabcdef"
_MOST = 64


def hexes(rng: Random, digits: int) -> str:
    """So many digits."""
    return f"{rng.getrandbits(4 * digits):0{digits}X}" if digits else ""


def damaged(rng: Random, text: bytes) -> bytes:
    """A byte replaced, lost or doubled."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice((b"", b"<", b">", b"\r", b"\a", bytes((rng.getrandbits(8),)) * 2)) + text[at + 1 :]


class _FedSocketcand(_Socketcand):
    def __init__(self) -> None:
        self._rest = self.data = b""

    def _read(self, most: int) -> bytes:
        data, self.data = self.data, b""
        return data


class _FedSlcan(_Slcan):
    def __init__(self) -> None:
        self._rest = self.data = b""

    def _read(self, most: int) -> bytes:
        data, self.data = self.data, b""
        return data


class SocketcandText:
    """What a socketcand server sends us."""

    def __init__(self) -> None:
        self._bus = _FedSocketcand()

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One message between its marks."""
        kind = rng.choice(("frame", "frame", "frame", "error", "ok", "hi"))
        digits = rng.choice((3, 8, 3, 8, 0, 2, 5, 9))
        data = hexes(rng, rng.choice((0, 2, 16, 16, 15, 18, rng.randrange(20))))
        if rng.random() < 0.5:
            data = " ".join(data[i : i + 2] for i in range(0, len(data), 2))
        text = f"< {kind} {hexes(rng, digits)} {rng.random() * 1e6:.6f} {data} >".encode()
        bad = rng.random() < DAMAGED
        self._bus.data = damaged(rng, text) if bad else text
        batch = self._bus.drain(_MOST)
        for frame in batch.frames:
            assert len(frame.data) <= 8
        assert len(self._bus._rest) <= _LONGEST_TEXT
        return batch.taken > 0 and not bad, not batch.frames and not batch.errors


class SlcanText:
    """What a serial adapter sends us."""

    def __init__(self) -> None:
        self._bus = _FedSlcan()

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One line up to its mark."""
        kind = rng.choice("tTtTtTrRdDbBzZ")
        digits = (3 if kind in "trdb" else 8) + rng.choice((0, 0, 0, 0, -1, 1))
        count = rng.randrange(10)
        octets = 2 * count + rng.choice((0, 0, 0, 4, -1, 1, 2))
        text = f"{kind}{hexes(rng, digits)}{count}{hexes(rng, max(0, octets))}\r".encode()
        bad = rng.random() < DAMAGED
        self._bus.data = damaged(rng, text) if bad else text
        batch = self._bus.drain(_MOST)
        for frame in batch.frames:
            assert len(frame.data) <= 8
        assert len(self._bus._rest) <= _LONGEST_TEXT
        return not bad and not self._bus._rest, not batch.frames


class SocketcandCommands:
    """What a client of the simulator's server sends: a frame, or `ValueError`."""

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """The words of one `send`."""
        can_id = hexes(rng, rng.choice((3, 8, 3, 8, 1, 4, 9)))
        octets = [hexes(rng, rng.choice((2, 2, 2, 2, 1, 3))) for _ in range(rng.randrange(10))]
        length = f"{len(octets):X}" if rng.random() < 0.8 else hexes(rng, 2)
        bad = rng.random() < DAMAGED
        if bad:
            can_id = rng.choice(("", "xyz", "-1", "1_0", "٣"))
        try:
            frame = _sent_frame(can_id, length, octets)
        except ValueError:
            return not bad, True
        assert 0 <= frame.can_id <= (0x1FFFFFFF if frame.extended else 0x7FF)
        assert len(frame.data) <= 8
        return True, False


class _Hub:
    """Takes everything."""

    def __init__(self) -> None:
        self.sent = 0

    def transmit(self, frame: object, now: float, sender: object) -> None:
        self.sent += 1

    def attach(self, deliver: object) -> None:
        """Nothing comes back."""

    def detach(self, deliver: object) -> None:
        """Nothing comes back."""


class _Clock:
    def time(self) -> float:
        return 0.0


class SlcanCommands:
    """What a master tells the simulator's adapter: an answer of two words, and a frame only where it was taken."""

    def __init__(self) -> None:
        self._hub = _Hub()
        self._adapter = SlcanAdapter.__new__(SlcanAdapter)
        vars(self._adapter).update(_hub=self._hub, _is_open=True, _loop=_Clock(), _ends=None, _rest="")

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One command."""
        kind = rng.choice("tTtTtTrRSOCVNF")
        count = rng.randrange(10)
        digits = max(0, 2 * count + rng.choice((0, 0, 0, 1, -1)))
        text = f"{kind}{hexes(rng, 3 if kind == 't' else 8)}{count}{hexes(rng, digits)}"
        bad = rng.random() < DAMAGED
        if bad:
            text = damaged(rng, text.encode()).decode("ascii", "replace")
        adapter: Any = self._adapter
        adapter._is_open = True
        before = self._hub.sent
        answer = cast(bytes, adapter._answer(text))
        assert len(answer) <= 8
        taken = self._hub.sent > before
        assert taken is (answer in {b"z\r", b"Z\r"}), (text, answer)
        return not bad, not taken


class CodeLines:
    """What a code reader sends: marks are whole, bytes and lengths are wild. A bad line costs itself alone."""

    MOST = 24

    def __init__(self) -> None:
        self._cut = LineCutter(start=b"\x02", end=b"\r\n", most=self.MOST)

    def feed(self, rng: Random) -> tuple[bool, bool]:
        """One line, cut anywhere on its way; after it a good one."""
        line = bytes(rng.randrange(32, 127) for _ in range(rng.randrange(30)))
        if line and rng.random() < 0.3:
            at = rng.randrange(len(line))
            line = line[:at] + bytes((rng.getrandbits(8),)) + line[at + 1 :]
        bad = rng.random() < DAMAGED
        text = b"\x02" + line + b"\r\n"
        text = damaged(rng, text) if bad else text
        at, junk = rng.randrange(len(text) + 1), self._cut.junk
        lines = self._cut.feed(text[:at]) + self._cut.feed(text[at:])
        assert all(len(one) <= self.MOST and one.isascii() for one in lines)
        if bad:
            self._cut.clear()
        assert self._cut.feed(b"\x02GOOD\r\n")[-1:] == [b"GOOD"]
        return not bad, self._cut.junk > junk
