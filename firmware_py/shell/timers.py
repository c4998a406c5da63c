"""Named deadlines: the core gives durations, the loop makes them absolute."""

import asyncio
from collections.abc import Callable


class Timers:
    """At most one running timer per name."""

    def __init__(self, fired: Callable[[str], None]) -> None:
        self._fired = fired
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def arm(self, name: str, after_s: float) -> None:
        """Start, or start anew."""
        self.disarm(name)
        self._handles[name] = asyncio.get_running_loop().call_later(after_s, self._fire, name)

    def disarm(self, name: str) -> None:
        """Stop, if it runs."""
        handle = self._handles.pop(name, None)
        if handle is not None:
            handle.cancel()

    def clear(self) -> None:
        """Stop all."""
        for name in tuple(self._handles):
            self.disarm(name)

    def _fire(self, name: str) -> None:
        self._handles.pop(name, None)
        self._fired(name)
