"""One scenario in virtual time, crashed at its effect boundaries: each crash in a child process, the run goes on.

A crash is judged by the referee of the plant, by the auditor of the journal, and by what must hold after every restart.
"""

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from firmware_py.core.events import Action
from firmware_py.core.recovery_words import Outcome
from firmware_py.shell.journal import Entry, JournalError, Query
from hal.config.loader import load_station
from sim.campaigns.aftermath import Aftermath
from sim.campaigns.audit import audit
from sim.campaigns.director import Director
from sim.campaigns.effects import Effects
from sim.campaigns.observed import FINAL
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.scenario import Named
from sim.vloop import run_virtual

WALL_S: Final = 300
"""A child that takes longer hangs."""
ALL_ROWS: Final = 1_000_000
MADE: Final = 0
"""Exit code of a child that has written its line."""
Tell = Callable[[dict[str, Any]], None]


@dataclass
class Crashes:
    """Which boundaries of a run to crash at; `tell` takes a result. With `here` nothing is forked.

    `wanted` is asked with the number of each, and whether the scenario has broken anything by then.
    """

    wanted: Callable[[int, bool], bool]
    tell: Tell
    here: bool = False


@dataclass(frozen=True)
class Gone:
    """A run that was gone through: how many boundaries it has, and the first one with something broken."""

    boundaries: int
    broken_from: int


def crash(named: Named, seed: int, crashes: Crashes) -> Gone:
    """Run the scenario and crash it at each boundary that is wanted."""
    run = _Run(named, seed, crashes)
    try:
        return run_virtual(run.play(), seed)
    except BaseException as error:
        if run.at is None:
            raise
        run.failed(error)
    finally:
        if run.at is not None and not crashes.here:
            sys.stdout.flush()
            os._exit(MADE)  # nothing of the parent is ours to end
    return Gone(0, 0)


class _Run:
    def __init__(self, named: Named, seed: int, crashes: Crashes) -> None:
        self._named = named
        self._seed = seed
        self._crashes = crashes
        self.effects = Effects(self._reached)
        self.at: int | None = None
        """The boundary where this process crashed."""
        self._what = ""
        self._at_s = 0.0
        self._began_s = time.perf_counter()
        self._crashed: asyncio.Future[None]
        self._running: VirtualStation
        self._over = False
        self._director: Director
        self._broken_from = 0

    async def play(self) -> Gone:
        """The whole run, or, in a child, a crash and what follows."""
        loop = asyncio.get_running_loop()
        station = load_station(self._named.scenario.station)
        other = self._named.scenario.there
        there = None if other is None else load_station(other)
        async with virtual_station(station, self._seed, there=there, booted=self.effects.booted) as running:
            self._running, self._crashed = running, loop.create_future()
            self.effects.watch(running)
            self._director = director = Director(self._named.scenario, stage_of(running))
            director.prepare()
            playing = loop.create_task(director.run())
            playing.add_done_callback(lambda _: None if self._crashed.done() else self._crashed.set_result(None))
            await self._crashed
            self._over, gone = True, Gone(self.effects.number, self._broken_from)
            if self.at is None:
                await playing
                return gone
            draw = Random(f"{self._named.name} {self._seed} {self.at}")
            first = Action.RESUME if draw.random() < 0.5 else Action.ABORT
            aftermath = Aftermath(running, director, draw, first)
            after = await aftermath.play()
            entries = await _rows(running)
            problems = [*after.problems, *_orders(director, running, entries), *_outcomes(entries)]
            breaches = [f"{b.at_s:.2f} s: {b.hazard}: {b.text}" for b in running.world.referee.breaches]
            findings = audit(entries, self.effects.owing) if entries else []
            self._tell({**after.as_json(), "problems": problems, "breaches": breaches, "findings": findings})
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing
        return gone

    def _reached(self, number: int, what: str) -> bool:
        if self._over:
            return False
        if self._director.broken and not self._broken_from:
            self._broken_from = number
        if not self._crashes.wanted(number, bool(self._broken_from)):
            return False
        loop = asyncio.get_running_loop()
        if not self._crashes.here:
            if child := os.fork():
                self._wait_for(child, number, what)
                return False
            asyncio._set_running_loop(loop)  # noqa: SLF001 - it is that of another process, by its id
            signal.alarm(WALL_S)
        self._began_s = time.perf_counter()
        self.at, self._what, self._at_s = number, what, loop.time()
        self._over = True
        self._running.computer.switch_off(True)
        self._crashed.set_result(None)
        return True

    def _wait_for(self, child: int, number: int, what: str) -> None:
        _, status = os.waitpid(child, 0)
        if status:
            at_s = asyncio.get_running_loop().time()
            line = {"run": self._named.name, "at": number, "what": what, "at_s": at_s}
            self._crashes.tell({**line, "problems": [f"the run after the crash ended with status {status:#x}"]})

    def failed(self, error: BaseException) -> None:
        """The run after the crash did not come to its end."""
        told = "".join(traceback.format_exception(error)[-3:])
        self._tell({"problems": [f"{type(error).__name__}: {error}"], "trace": told})

    def _tell(self, found: dict[str, Any]) -> None:
        self._crashes.tell(
            {
                "run": self._named.name,
                "at": self.at,
                "what": self._what,
                "at_s": round(self._at_s, 4),
                "wall_s": round(time.perf_counter() - self._began_s, 2),
                **found,
            }
        )


async def _rows(running: VirtualStation) -> list[Entry]:
    """A journal that failed tells nothing any more."""
    try:
        return await running.journal.rows(Query(limit=ALL_ROWS))
    except JournalError:
        return []


def _outcomes(entries: list[Entry]) -> list[str]:
    found = {str(e.row.body["outcome"]) for e in entries if e.row.kind == "recovery"}
    return [f"{outcome!r} is not in the closed list" for outcome in sorted(found - set(Outcome))]


def _orders(director: Director, running: VirtualStation, entries: list[Entry]) -> list[str]:
    """Every order has one final answer, kept and told; one whose swap is held has none yet."""
    state, problems = running.controller.state, list[str]()
    for order_id in (car.order_id for car in director.cars if car.order_id):
        rows = [e.row.body for e in entries if e.row.kind == "order-answer" and e.row.body["order_id"] == order_id]
        kept = [(str(body["answer"]), str(body["reason"])) for body in rows if body["answer"] in FINAL]
        told = {said for said in director.observed.answers.get(order_id, ()) if said[0] in FINAL}
        open_now = {s.order.id for s in (state.swap, state.waiting) if s is not None}
        if len(kept) > 1:
            problems.append(f"{order_id} has {len(kept)} final answers in the journal: {kept}")
        if len(told) > 1:
            problems.append(f"{order_id} was answered differently: {sorted(told)}")
        if kept and told and told != {kept[-1]}:
            problems.append(f"{order_id}: kept {kept[-1]}, told {sorted(told)}")
        if order_id in open_now:
            continue
        if entries and not kept:
            problems.append(f"{order_id} has no final answer in the journal")
        if not told and running.broker.up and not running.broker.frozen:
            problems.append(f"{order_id} was never told a final answer")
    return problems
