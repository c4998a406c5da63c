"""What the controller needs of its surroundings."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_py.core.effects import Effect
from firmware_py.core.events import Event
from firmware_py.core.state import State
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.service import Notifier


@dataclass(frozen=True)
class Host:
    """Clocks, identity, the service manager, and who listens."""

    clock: Callable[[], float]
    """Monotonic seconds: the loop's own."""
    now_ms: Callable[[], int]
    """Wall clock, ms since 1970 UTC, for stamps and for the expiry of orders."""
    boot_id: str
    software: str
    notifier: Notifier
    watchdog_s: float | None = None
    changed: Callable[[State, State], None] | None = None
    """Told of each change of the core's state, before and after: for the log."""
    decided: Callable[[Event, tuple[Effect, ...], State], None] | None = None
    """Told of each step of the core, before its effects are carried out: for the wire log."""
    clock_source: Callable[[], ClockSource] = lambda: ClockSource.NONE
    """Who sets the wall clock now."""

    def wall_s(self) -> float | None:
        """The wall clock in s, where somebody sets it."""
        return None if self.clock_source() is ClockSource.NONE else self.now_ms() / 1000
