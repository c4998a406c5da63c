"""Lines out of a stream of bytes: bounded, and sure to find the next good one behind whatever came before."""

_MOST_AT_ONCE = 65536


class LineCutter:
    """A line is what stands between `start` (may be empty) and `end`, at the most `most` bytes of printable ASCII.

    `junk` counts what was thrown away: lines too long, without their start, or with other bytes in them.
    """

    def __init__(self, *, start: bytes, end: bytes, most: int) -> None:
        if not end:
            raise ValueError("a line needs an end")
        self.junk = 0
        self._start = start
        self._end = end
        self._most = most
        self._buffer = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, oldest first, without start and end."""
        *pieces, rest = (self._buffer + data[-_MOST_AT_ONCE:]).split(self._end)
        lines = [line for piece in pieces if (line := self._line(piece)) is not None]
        room = len(self._start) + self._most + len(self._end)
        if len(rest) > room:
            rest, self._overlong = rest[-len(self._end) :], True
        self._buffer = rest
        return lines

    def clear(self) -> None:
        """The stream was broken: what is begun will not be ended."""
        self._buffer, self._overlong = b"", False

    def _line(self, piece: bytes) -> bytes | None:
        overlong, self._overlong = self._overlong, False
        _, found, line = piece.rpartition(self._start) if self._start else (b"", b"-", piece)
        if not line and not overlong and found:
            return None  # an empty line says nothing, and is none too many
        if overlong or not found or len(line) > self._most or not all(32 <= byte < 127 for byte in line):
            self.junk += 1
            return None
        return line
