"""How far a long campaign is, for the person who waits for it."""

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

EVERY_S: Final = 10.0
"""Between two lines where nobody can wipe one out: in a log, in a pipe."""
ON_SCREEN_S: Final = 0.2


class Tally:
    """Counts what is done of `total`, and says so on stderr: `power cuts: 1,200 of 20,000, 0 wrong, 3 s, 47 s to go`.

    `clock` is in s. `close` says the last word.
    """

    def __init__(
        self, what: str, total: int, out: TextIO | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.done = 0
        self.wrong = 0
        self._what = what
        self._total = total
        self._out = out or sys.stderr
        self._clock = clock
        self._began_s = self._said_s = self._clock()

    def add(self, done: int = 1, wrong: int = 0) -> None:
        """So many more are done; of them so many went wrong."""
        self.done += done
        self.wrong += wrong
        now = self._clock()
        if now - self._said_s >= (ON_SCREEN_S if self._out.isatty() else EVERY_S):
            self._said_s = now
            self._say("" if self._out.isatty() else "\n")

    def close(self) -> None:
        """All that there was to do is done."""
        self._say("\n")

    def _say(self, end: str) -> None:
        spent_s = self._clock() - self._began_s
        text = f"{self._what}: {self.done:,} of {self._total:,}, {self.wrong:,} wrong, {spent_s:.0f} s"
        if 0 < self.done < self._total:
            text += f", {spent_s / self.done * (self._total - self.done):.0f} s to go"
        self._out.write(f"\r{text:<79}{end}" if self._out.isatty() else f"{text}{end}")
        self._out.flush()
