"""The one place where wall-clock time enters: for stamps in records and for the expiry of orders, never for logic."""

import time
from collections.abc import Callable

WallClock = Callable[[], float]
"""Seconds since 1970, UTC."""


def system_wall_clock() -> float:
    """The machine's own clock."""
    return time.time()
