"""Faults of a unit as a bus sees them: silent, or frozen at its last answers."""

from dataclasses import dataclass


@dataclass(slots=True)
class BusFault:
    """`silent`: no answer at all. `frozen`: reads repeat what was read before, writes are taken and do nothing."""

    silent: bool = False
    frozen: bool = False
