"""One scenario in virtual time, crashed at its effect boundaries: each crash in a child process, the run goes on.

A crash is judged by the referee of the plant, by the auditor of the journal, and by what must hold after every restart.
Its story is told to the end, or until memory and plant are those of a run that has ended well: of the run without a
crash, or of an earlier story. Some of those are played on nevertheless, and must end as the run they were taken for.
A crash that has the history of one in another run is not made again where its story is the same.
"""

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random
from typing import Any, Final

from firmware_py.core.events import Action
from firmware_py.core.packml import PackML
from firmware_py.core.recovery_words import Outcome
from firmware_py.core.state import State
from firmware_py.shell.controller import Controller
from firmware_py.shell.journal import Entry, JournalError, Query
from hal.config.loader import load_station
from sim.campaigns.aftermath import Aftermath
from sim.campaigns.audit import audit, restored_at
from sim.campaigns.crash_known import Known, Place, Story, told_places
from sim.campaigns.director import Cue, Director
from sim.campaigns.effects import Effects
from sim.campaigns.observed import FINAL
from sim.campaigns.sameness import sameness, word
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.scenario import Named
from sim.vloop import run_virtual

WALL_S: Final = 300
"""A child that takes longer hangs."""
ALL_ROWS: Final = 1_000_000
MADE: Final = 0
"""Exit code of a child that has written its line."""
PLAYED_ON: Final = 1 / 64
"""Share of the stories that are told to the end whatever is known."""
WATCHED: Final = frozenset({PackML.HELD, PackML.ABORTED, PackML.STOPPED})
"""Where people decide how it goes on: the run without a crash is no model up to there."""
Tell = Callable[[dict[str, Any]], None]


@dataclass
class Crashes:
    """Which boundaries of a run to crash at; `tell` takes a result. With `here` nothing is forked.

    `wanted` is asked with the number of each. Stories that end well add to what is `known`.
    """

    wanted: Callable[[int], bool]
    tell: Tell
    here: bool = False
    known: Known = field(default_factory=Known)


@dataclass(frozen=True)
class Gone:
    """A run that was gone through: how many boundaries it has, and what is known from it, as in `Known`."""

    boundaries: int = 0
    ends: dict[str, str] = field(default_factory=dict)


def uncrashed(named: Named, seed: int) -> Gone:
    """Run the scenario, and nothing else."""
    return crash(named, seed, Crashes(lambda _: False, lambda _: None, here=True))


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
    return Gone()


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
        self._aftermath: Aftermath | None = None
        self._history = ""
        """Word for all that has led here; empty where it is of this scenario alone."""
        self._words: list[str] = []
        """What memory and plant came to, one after the other."""
        self._places: list[Place] = []
        self._heard: Counter[Cue] = Counter()
        """What had been heard before the crash."""
        self._same: asyncio.Future[str]
        self._back: int | None = None
        """The pipe to the parent of a child."""

    async def play(self) -> Gone:
        """The whole run, or, in a child, a crash and what follows."""
        loop = asyncio.get_running_loop()
        station = load_station(self._named.scenario.station)
        other = self._named.scenario.there
        there = None if other is None else load_station(other)
        async with virtual_station(station, self._seed, there=there, booted=self._booted) as running:
            self._running, self._crashed, self._same = running, loop.create_future(), loop.create_future()
            self.effects.watch(running)
            self._director = director = Director(self._named.scenario, stage_of(running))
            self._history = _beginning(self._named, self._seed)
            director.prepare()
            playing = loop.create_task(director.run())
            playing.add_done_callback(lambda _: None if self._crashed.done() else self._crashed.set_result(None))
            await self._crashed
            if self.at is not None:
                await self._go_on()
                playing.cancel()
                with suppress(asyncio.CancelledError):
                    await playing
            self._over, ends = True, dict.fromkeys(self._words, running.controller.state.packml.value)
            entries = await _rows(running)
            wrong = [*running.world.referee.breaches, *audit(entries, self.effects.owing(entries))]
            return Gone(self.effects.number, {} if wrong else ends)

    async def _go_on(self) -> None:
        """What follows the crash."""
        running, director = self._running, self._director
        origin = f"{self._history or self._named.name} {self._seed} {self.at}"
        draw, played_on = Random(origin), Random(f"on {origin}").random() < PLAYED_ON
        first = Action.RESUME if draw.random() < 0.5 else Action.ABORT
        self._words.clear()
        self._heard = Counter(director.observed.seen)
        self._aftermath = aftermath = Aftermath(running, director, draw, first)
        playing = asyncio.get_running_loop().create_task(aftermath.play())
        over = asyncio.get_running_loop().create_future()
        for end in (playing, *(() if played_on else (self._same,))):
            end.add_done_callback(lambda _: None if over.done() else over.set_result(None))
        await over
        after, told = aftermath.after, playing.done()
        if told:
            playing.result()
        else:
            playing.cancel()
            after.end, after.as_known = self._same.result(), True
        entries = await _rows(running)
        problems = [*after.problems, *_orders(director, running, entries, told=told), *_outcomes(entries)]
        after.played_on = told and self._same.done()
        if after.played_on and after.end != self._same.result():
            problems.append(f"ended as {after.end}, taken for one that ended as {self._same.result()}")
        breaches = [f"{b.at_s:.2f} s: {b.hazard}: {b.text}" for b in running.world.referee.breaches]
        findings = audit(entries, self.effects.owing(entries)) if entries else []
        told_of = {**after.as_json(), "problems": problems, "breaches": breaches, "findings": findings}
        if self._history and not self._named.scenario.act:
            self._come_to("", "")
            told_of |= {"history": self._history, "places": told_places(self._places)}
        self._tell(told_of)
        if not (problems or breaches or findings):
            self._tell_back(dict.fromkeys(self._words, after.end))

    def _tell_back(self, known: dict[str, str]) -> None:
        if self._back is not None:
            with open(self._back, "w", encoding="ascii") as back:
                json.dump(known, back)

    def _booted(self, controller: Controller) -> None:
        self.effects.booted(controller)
        controller.host = replace(controller.host, changed=self._changed)

    def _changed(self, before: State, after: State) -> None:
        """Where rows begin and end, all is compared with what is known."""
        rows = [{a.row for a in state.active} for state in (before, after)]
        if (rows[0] == rows[1] and before.packml is after.packml) or self._over is not (self._aftermath is not None):
            return
        self._running.world.advance(asyncio.get_running_loop().time())
        same, aftermath = sameness(self._running, self._director), self._aftermath
        coming = self._director.coming(people=aftermath is not None)
        if aftermath is None and after.packml in WATCHED:
            self._words.clear()
        person = "" if aftermath is None else aftermath.person
        if coming is not None:
            self._words.append(word(same, coming, person))
        if aftermath is not None and aftermath.after.known_s is not None:
            self._come_to(same, person)
            end = None if coming is None else self._crashes.known.end(same, coming, person)
            if end is not None and not self._same.done():
                self._same.set_result(end)

    def _come_to(self, same: str, person: str) -> None:
        seen = self._director.observed.seen
        heard = frozenset(cue for cue, count in seen.items() if count > self._heard[cue])
        self._places.append(Place(same, person, heard))

    def _reached(self, number: int, what: str) -> bool:
        if self._over:
            return False
        loop = asyncio.get_running_loop()
        coming = None if self._director.begun else self._director.coming(people=True)
        self._history = _after(self._history, f"{loop.time():.9f} {what}") if self._history and coming else ""
        if not self._crashes.wanted(number):
            return False
        if coming is not None and (found := self._crashes.known.told(self._history, coming)) is not None:
            self._tell_as(number, what, *found)
            return False
        if not self._crashes.here:
            ours, self._back = os.pipe()
            if child := os.fork():
                os.close(self._back)
                self._wait_for(child, ours, number, what)
                return False
            os.close(ours)
            asyncio._set_running_loop(loop)  # noqa: SLF001 - it is that of another process, by its id
            signal.alarm(WALL_S)
        self._began_s = time.perf_counter()
        self.at, self._what, self._at_s = number, what, loop.time()
        self._over = True
        self._running.computer.switch_off(True)
        self._crashed.set_result(None)
        return True

    def _tell_as(self, number: int, what: str, story: Story, end: str) -> None:
        """What follows was told already."""
        line = {key: value for key, value in story.line.items() if key not in {"history", "places", "wall_s"}}
        own = {"run": self._named.name, "at": number, "what": what, "end": end, "as_known": True, "played_on": False}
        self._crashes.tell({**line, **own, "told_at": f"{line['run']}@{line['at']}"})

    def _wait_for(self, child: int, ours: int, number: int, what: str) -> None:
        with open(ours, encoding="ascii") as back:
            told = back.read()
        self._crashes.known.ends.update(json.loads(told or "{}"))
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


def _beginning(named: Named, seed: int) -> str:
    """Word for what is given: the same for scenarios that differ in what they do alone."""
    scenario = named.scenario
    return _after("", f"{seed} {scenario.station} {scenario.there} {scenario.orders_in} {scenario.car!r}")


def _after(history: str, what: str) -> str:
    return blake2b(f"{history} {what}".encode(), digest_size=12).hexdigest()


async def _rows(running: VirtualStation) -> list[Entry]:
    """A journal that failed tells nothing any more."""
    try:
        return await running.journal.rows(Query(limit=ALL_ROWS))
    except JournalError:
        return []


def _outcomes(entries: list[Entry]) -> list[str]:
    found = {str(e.row.body["outcome"]) for e in entries if e.row.kind == "recovery"}
    return [f"{outcome!r} is not in the closed list" for outcome in sorted(found - set(Outcome))]


def _orders(director: Director, running: VirtualStation, entries: list[Entry], *, told: bool) -> list[str]:
    """Every order has one final answer, kept and told; one whose swap is held, or not told of further, has none yet."""
    state, problems = running.controller.state, list[str]()
    forgotten = restored_at(entries) is not None
    for order_id in (car.order_id for car in director.cars if car.order_id):
        if forgotten and not any(e.row.body.get("order_id") == order_id for e in entries):
            continue  # it came after the backup that is in force now
        rows = [e.row.body for e in entries if e.row.kind == "order-answer" and e.row.body["order_id"] == order_id]
        kept = [(str(body["answer"]), str(body["reason"])) for body in rows if body["answer"] in FINAL]
        heard = {said for said in director.observed.answers.get(order_id, ()) if said[0] in FINAL}
        open_now = {s.order.id for s in (state.swap, state.waiting) if s is not None}
        if len(kept) > 1:
            problems.append(f"{order_id} has {len(kept)} final answers in the journal: {kept}")
        if len(heard) > 1:
            problems.append(f"{order_id} was answered differently: {sorted(heard)}")
        if kept and heard and heard != {kept[-1]}:
            problems.append(f"{order_id}: kept {kept[-1]}, told {sorted(heard)}")
        if order_id in open_now or not told:
            continue
        if entries and not kept:
            problems.append(f"{order_id} has no final answer in the journal")
        if not heard and running.broker.up and not running.broker.frozen:
            problems.append(f"{order_id} was never told a final answer")
    return problems
