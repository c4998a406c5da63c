"""The one place where wall-clock time enters: for stamps in records and for the expiry of commands, never for logic."""

import ctypes
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

WallClock = Callable[[], float]
"""Seconds since 1970, UTC."""

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
"""Touched by systemd-timesyncd each time it has compared the clock."""
TRUSTED_S: Final = 32_000.0
"""So long the clock counts as set after it was compared: 16 s of error at 500 ppm, which is the kernel's own rule."""
STA_UNSYNC: Final = 0x0040
"""Bit of `status` in Linux' struct timex (adjtimex(2)): nobody disciplines the clock."""


class ClockSource(StrEnum):
    """Who sets the wall clock. `NONE`: nobody that is known; then its time is for the eye alone."""

    NTP = "ntp"
    GPS = "gps"
    NONE = "none"


class _Timex(ctypes.Structure):
    """The head of Linux' struct timex (adjtimex(2)); the kernel writes into the rest too."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def system_wall_clock() -> float:
    """The machine's own clock."""
    return time.time()


def kernel_status() -> int | None:
    """What the kernel says of its clock (`status` of adjtimex, which changes nothing here).

    It is told by every program that sets the clock: systemd-timesyncd, ntpd, and chrony where its configuration has
    `rtcsync`. `None` where it may not be asked: the service's sandbox denies the call, unless a drop-in allows it.
    """
    found = _Timex()
    try:
        failed = ctypes.CDLL(None).adjtimex(ctypes.byref(found)) < 0
    except (OSError, AttributeError):
        return None
    return None if failed else int(found.status)


def wall_is_set(
    status: Callable[[], int | None] = kernel_status, mark: Path = SYNCHRONIZED, now: WallClock = system_wall_clock
) -> bool:
    """The wall clock is known to have been set: the kernel says so, or else timesyncd's mark is young enough."""
    found = status()
    if found is not None:
        return not found & STA_UNSYNC
    try:
        return 0 <= now() - mark.stat().st_mtime <= TRUSTED_S
    except OSError:
        return False


def clock_source(set_by: str, is_set: Callable[[], bool] = wall_is_set) -> ClockSource:
    """Who sets the clock now; `set_by` is who does at this station, as long as anybody does."""
    return ClockSource(set_by) if is_set() else ClockSource.NONE
