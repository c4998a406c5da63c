"""The one place where wall-clock time enters: for stamps in records and for the expiry of orders, never for logic."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

WallClock = Callable[[], float]
"""Seconds since 1970, UTC."""


SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd when it has set the clock."""


def system_wall_clock() -> float:
    """The machine's own clock."""
    return time.time()


def wall_synced() -> bool:
    """The wall clock is known to have been set."""
    return SYNCHRONIZED.exists()


def wall_source() -> str:
    """Where the wall clock's time comes from, as far as this machine tells."""
    return "system clock, set by systemd-timesyncd" if wall_synced() else "system clock, nobody known to set it"
