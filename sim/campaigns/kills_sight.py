"""What a campaign of kills sees for itself: when the controller says READY, and whether anything moves unasked."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from firmware_py.core.recovery_words import Outcome
from sim.referee import steel_moves
from sim.world import World
from sim.world.packs import CAR

REST_S: Final = 1.7
"""Everything stands so soon after a kill: the dead-man of the safety PLC (0.5 s here), and the stacker stops in 1 s.

No controller that is started now is ready sooner.
"""
MOVERS: Final = ("lift", "locks", "shuttle", "stacker", "platform", "rack")


class Ready:
    """The service manager's end of the socket: knows when READY=1 came, on the loop's clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = asyncio.Event()
        self.at_s = 0.0

    @contextmanager
    def listening(self) -> Iterator["Ready"]:
        """While the block runs."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.setblocking(False)
            end.bind(str(self.path))
            loop.add_reader(end, self._hear, end)
            try:
                yield self
            finally:
                loop.remove_reader(end)

    def begin(self) -> None:
        """A controller is started: what another one said does not count."""
        self.said.clear()

    def _hear(self, end: socket.socket) -> None:
        if end.recv(4096).startswith(b"READY=1") and not self.said.is_set():
            self.at_s = asyncio.get_running_loop().time()
            self.said.set()


class Stillness:
    """From a kill to a person's word: everything comes to rest, and then nothing begins to move.

    What moves is looked at on every change of the truth; nothing begins without one. The car may: its driver is free.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: float | None = None
        self._rest = False
        self._timer: asyncio.TimerHandle | None = None
        self.wrong: list[str] = []
        world.watchers.append(self._look)

    def begin(self) -> None:
        """The controller is dead; what it has sent may still arrive."""
        self._look()
        self._since, self._rest = self._world.now, False
        self._timer = asyncio.get_running_loop().call_later(REST_S, self._rests)

    def end(self) -> None:
        """A person has spoken."""
        self._look()
        if self._timer is not None:
            self._timer.cancel()
        self._since = self._timer = None

    def _rests(self) -> None:
        self._world.advance(asyncio.get_running_loop().time())
        self._rest = True
        self._look()

    def _look(self) -> None:
        if self._since is not None and self._rest and steel_moves(self._world):
            what = ", ".join(name for name in MOVERS if getattr(self._world, name).moving)
            self.wrong.append(f"{what} moves {self._world.now - self._since:.2f} s after the kill, unasked")
            self._since = None


def against_truth(outcome: Outcome, world: World) -> str:
    """What a conclusion says that is not so; empty where it is so, or says nothing of the pack on the car."""
    attached, tight = CAR in world.packs.at, len(world.locks.tight)
    match outcome:
        case Outcome.AT_S1 | Outcome.AT_S3 if not world.latched:
            return f"concluded {outcome.value}, but {tight} of {len(world.locks.points)} lock points are tight"
        case Outcome.AT_S2 if attached or tight:
            return f"concluded {outcome.value}, but a pack is {'on' if attached else 'off'} the car and {tight} locked"
        case Outcome.NOTHING_PENDING | Outcome.AT_S0 if world.cars.parked is not None and not world.latched:
            return f"concluded {outcome.value}, but the pack of the car in the lane is not locked"
        case _:
            return ""
