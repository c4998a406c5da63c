"""The controller as a system service: messages to the service manager, and the proof of progress that feeds them."""

import os
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

DECISION = "decision"
"""Name under which `ProgressGuard` watches the decisions of the core."""


class Notifier:
    """Sends service states as sd_notify(3) does. Without an address every call does nothing.

    Never blocks and never raises: a service manager that does not listen must not stop a station. Each call answers
    whether the message went out.
    """

    def __init__(self, address: str | None) -> None:
        self._address = ("\0" + address[1:] if address.startswith("@") else address) if address else None
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Take the address from `NOTIFY_SOCKET`; `@` at its start is the abstract name space."""
        return cls(environment.get("NOTIFY_SOCKET"))

    def ready(self, text: str = "") -> bool:
        """Configuration is loaded and the station answers."""
        return self._send("READY=1" + (f"\nSTATUS={_one_line(text)}" if text else ""))

    def status(self, text: str) -> bool:
        """One line for the operator."""
        return self._send(f"STATUS={_one_line(text)}")

    def stopping(self) -> bool:
        """An ordered end has begun."""
        return self._send("STOPPING=1")

    def watchdog(self) -> bool:
        """All critical tasks made progress. Send it only where `ProgressGuard.healthy` says so."""
        return self._send("WATCHDOG=1")

    def close(self) -> None:
        """No message goes out after it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, text: str) -> bool:
        if self._socket is None or self._address is None:
            return False
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return False
        return True


def _one_line(text: str) -> str:
    return " ".join(text.split())


def watchdog_period_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two watchdog messages: a third of `WATCHDOG_USEC`. None where nobody waits for them."""
    try:
        limit_us = int(environment.get("WATCHDOG_USEC", "0"))
        process = int(environment.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return limit_us / 3e6 if limit_us > 0 and process == os.getpid() else None


class ProgressGuard:
    """Knows which critical task stands still. Fed by progress alone, never by a timer.

    A task advances when it completes a round, whatever the round brought: a bus task whose only answer was a time-out
    has done its work, and a link has done its when an attempt to connect has ended. So a silent unit cannot starve
    the watchdog, and a task that hangs can. A limit must exceed the longest round, time-outs of all its units included.
    Times are seconds on the caller's monotonic clock.
    """

    def __init__(self, limits_s: Mapping[str, float], decision_limit_s: float, now: float) -> None:
        if DECISION in limits_s:
            raise ValueError(f"{DECISION!r} is no name for a task")
        self._limits_s = {**limits_s, DECISION: decision_limit_s}
        if wrong := [name for name, limit_s in self._limits_s.items() if not limit_s > 0]:
            raise ValueError(f"limits must be above 0 s: {', '.join(wrong)}")
        self._last = dict.fromkeys(self._limits_s, now)

    def advance(self, name: str, now: float) -> None:
        """Task `name` has completed a round. Raises KeyError for a name that is not watched."""
        if name not in self._limits_s:
            raise KeyError(name)
        self._last[name] = now

    def made_decision(self, now: float) -> None:
        """The core has looked at an image and decided, if only that nothing is to be done."""
        self._last[DECISION] = now

    def healthy(self, now: float) -> bool:
        """Every task has advanced within its limit."""
        return not self.who_stalls(now)

    def who_stalls(self, now: float) -> tuple[str, ...]:
        """Names of the tasks over their limit, the longest overdue first."""
        overdue = {name: now - self._last[name] - limit_s for name, limit_s in self._limits_s.items()}
        return tuple(sorted((name for name in overdue if overdue[name] > 0), key=lambda name: (-overdue[name], name)))
