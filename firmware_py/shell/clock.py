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
"""Made by systemd-timesyncd when it has set the clock."""
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

    `None` where it may not be asked: the service's filter of system calls denies it, as other clock calls.
    """
    found = _Timex()
    try:
        failed = ctypes.CDLL(None).adjtimex(ctypes.byref(found)) < 0
    except (OSError, AttributeError):
        return None
    return None if failed else int(found.status)


def wall_synced(status: Callable[[], int | None] = kernel_status, told: Path = SYNCHRONIZED) -> bool:
    """The wall clock is known to have been set: the kernel says so, or else systemd-timesyncd."""
    kernel = status()
    return told.exists() if kernel is None else not kernel & STA_UNSYNC


def clock_source(set_by: str, *, synced: bool) -> ClockSource:
    """Who sets the clock now; `set_by` is who does at this station, as long as anybody does."""
    return ClockSource(set_by) if synced else ClockSource.NONE


def wall_source() -> str:
    """Where the wall clock's time comes from, as far as this machine tells."""
    return "system clock, disciplined" if wall_synced() else "system clock, nobody known to set it"
