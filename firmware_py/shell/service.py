"""The controller as a system service: messages to the service manager."""

import os
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self


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
        """All critical tasks made progress. Send it only where `Progress.is_alive` says so."""
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
