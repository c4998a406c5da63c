"""A code reader that says again and again what stands before it: lines to a reading."""

import re
from collections.abc import Callable
from typing import Final

from hal.config.station import ReaderDevice
from hal.readings import CodeReading

NEVER: Final = float("-inf")


class CodeReader:
    """The reader of one place. A line that is neither a code nor the no-read text is junk and changes nothing."""

    def __init__(self, name: str, config: ReaderDevice, clock: Callable[[], float], periods: int) -> None:
        self.name = name
        self.link = config.link
        self.stale_after_s = periods * config.every_s
        self.at_s = NEVER
        self.junk = 0
        self._no_read = config.no_read
        self._code = re.compile(config.pattern)
        self._clock = clock
        self._seen: str | None = None
        self._reading: CodeReading | None = None

    def take(self, lines: list[bytes]) -> bool:
        """Lines of its link. `True` when one of them is a reading."""
        heard, before = False, self._seen
        for line in lines:
            text = line.decode("ascii", "replace")
            if text != self._no_read and not self._code.fullmatch(text):
                self.junk += 1
                continue
            self._seen = None if text == self._no_read else text
            heard = True
        if heard:
            now = self._clock()
            if self._seen != before or now - self.at_s > self.stale_after_s:
                self._reading = None  # the same again makes no new reading, it only keeps it fresh
            self.at_s = now
        return heard

    def reading(self, now: float) -> CodeReading:
        """Reading of now: nothing, once it has been silent for too long."""
        if now - self.at_s > self.stale_after_s:
            return _UNKNOWN
        if self._reading is None:
            self._reading = CodeReading(self._seen, self.at_s)
        return self._reading


_UNKNOWN: Final = CodeReading()
