"""After a crash: the plant goes on alone, the controller starts again, a person brings the swap to an end."""

import asyncio
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Final

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.recovery_words import Outcome
from firmware_py.core.state import State
from firmware_py.shell.journal import JournalError
from firmware_py.shell.status import status_of
from sim.campaigns.computer import Dead
from sim.campaigns.director import Director
from sim.campaigns.virtual import VirtualStation

DEAD_S: Final = ((0.02, 0.5), (0.5, 5.0), (5.0, 40.0))
"""For how long nobody runs: at once again; while drives run on; after they came to their ends and the dead man cut."""
KNOWN_S: Final = 120.0
KNOWN_AFTER_READY_S: Final = 2.0
REST_S: Final = 400.0
"""Longest stretch of a swap without a rest."""
LIMIT_S: Final = 3000.0
MEND_S: Final = 3.0
LOOK_S: Final = 0.1
STAYS_S: Final = 2.0
ANSWER_S: Final = 30.0
"""So long a person waits for an answer."""
RESTART_S: Final = 1.0
"""After that time the system starts a controller that has died."""
WORDS: Final = 16
RESUMES: Final = 5
ABORTS: Final = 3
RESTING: Final = frozenset({PackML.STOPPED, PackML.IDLE, PackML.HELD, PackML.ABORTED})


@dataclass
class After:
    """How it went on. `end`: the station's state, and for Held why; `problems`: what must not be."""

    dead_s: float = 0.0
    known_s: float | None = None
    """From READY until the conclusion stood."""
    outcome: str = ""
    place: str = ""
    text: str = ""
    todo: str = ""
    end: str = ""
    as_known: bool = False
    """It was not told further: from here on it goes on as one that ended so."""
    played_on: bool = False
    """It was known how it goes on, and it was told to its end all the same."""
    said: list[str] = field(default_factory=list)
    """The person's words, why the station was held then, and the answers."""
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For a line of results."""
        return asdict(self)


class Aftermath:
    """Plays on from the instant of the crash. `first`: the first word of the person to a held swap."""

    def __init__(self, running: VirtualStation, director: Director, draw: Random, first: Action) -> None:
        self._running = running
        self._director = director
        self._draw = draw
        self._clock = asyncio.get_running_loop().time
        self._word = first
        self._refused: list[Action] = []
        self._resumes = self._aborts = self._resets = self._starts = 0
        self.after = After()

    async def play(self) -> After:
        """To an end, or to the limit."""
        after = self.after
        after.dead_s = self._draw.uniform(*self._draw.choice(DEAD_S))
        self._director.leave_to_people()
        await asyncio.sleep(after.dead_s)
        await self._start()
        await self._conclusion()
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._to_the_end()
        except TimeoutError:
            after.problems.append(f"no end within {LIMIT_S:g} s: {self._state.packml.value}")
        return after

    @property
    def person(self) -> str:
        """All that decides what the person says from now on."""
        words = (self._word, *self._refused)
        return f"{bool(self.after.said)} {words} {self._resumes} {self._aborts} {self._resets} {self._starts}"

    @property
    def _state(self) -> State:
        return self._running.controller.state

    def _status(self) -> dict[str, Any]:
        return status_of(self._running.controller, self._running.computer.process.wires.links)

    async def _start(self) -> None:
        self._starts += 1
        self._running.computer.switch_off(False)

    async def _pass(self, seconds: float) -> None:
        """Time passes. A controller that a scenario kills is started again."""
        await asyncio.sleep(seconds)
        if self._running.computer.dead:
            await asyncio.sleep(RESTART_S)
            await self._start()

    # ---------------------------------------------------------------- the conclusion

    async def _conclusion(self) -> None:
        after, status, starts = self.after, {}, 0
        try:
            async with asyncio.timeout(KNOWN_S):
                while starts != self._starts:
                    starts = self._starts
                    while not (status := self._status())["ready"]:
                        await self._pass(LOOK_S / 4)
                    ready_s = self._clock()
                    while (status := self._status())["recovery"] is None:
                        await self._pass(LOOK_S / 4)
        except TimeoutError:
            after.problems.append(f"no known state {KNOWN_S:g} s after the start, ready: {status.get('ready')}")
            return
        after.known_s = self._clock() - ready_s
        if after.known_s > KNOWN_AFTER_READY_S:
            after.problems.append(f"the state was known {after.known_s:.2f} s after READY")
        found = status["recovery"]
        after.outcome, after.text, after.todo, after.place = (
            *(found[key] for key in ("outcome", "text", "todo")),
            status["place"],
        )
        if after.outcome not in set(Outcome):
            after.problems.append(f"{after.outcome!r} is not in the closed list")
        elif after.outcome != Outcome.NOTHING_PENDING and not (after.text and after.todo):
            after.problems.append(f"{after.outcome}: text {after.text!r}, todo {after.todo!r}")

    # ---------------------------------------------------------------- the person

    async def _to_the_end(self) -> None:
        for _ in range(WORDS):
            await self._rest()
            state = self._state
            match state.packml:
                case PackML.HELD if state.fault(FaultCode.JOURNAL_FAILED, "journal") and self._starts < 3:
                    self._director.mend()
                    await asyncio.sleep(MEND_S)
                    self._running.computer.switch_off(True)
                    await self._start()
                    await self._conclusion()
                case PackML.HELD if len(self._refused) < 4:
                    await self._speak()
                case PackML.ABORTED if await self._say(Action.CLEAR):
                    continue
                case PackML.STOPPED if self._more() and self._resets < 3:
                    self._resets += 1
                    self._director.mend()
                    await asyncio.sleep(MEND_S)
                    await self._say(Action.RESET)
                    await asyncio.sleep(STAYS_S)
                case PackML.IDLE if self._more():
                    await asyncio.sleep(STAYS_S)
                case _:
                    break
        self._judge_end()

    async def _speak(self) -> None:
        """To a held station: the first time at once, then once all is mended. A refused word makes think of another."""
        other = {Action.RESUME: Action.ABORT, Action.ABORT: Action.RESUME}
        if self.after.said:
            self._director.mend()
            await asyncio.sleep(MEND_S)
        if not await self._say(self._word):
            self._refused.append(self._word)
            if len(self._refused) > 1:
                self._word = other.get(self._word, self._word)
            if len(self._refused) == 3:
                self._word = Action.CLEAR
            return
        self._refused.clear()
        self._resumes += self._word is Action.RESUME
        self._aborts += self._word is Action.ABORT
        if self._aborts >= ABORTS and self._resumes >= RESUMES:
            self._word = Action.CLEAR
        elif self._aborts >= ABORTS or self._resumes >= RESUMES:
            self._word = Action.ABORT if self._aborts < ABORTS else Action.RESUME

    def _more(self) -> bool:
        """Something is still to come, or the end has not been followed by a reset yet."""
        observed, cars = self._director.observed, self._director.cars
        return self._resets == 0 or any(c.order_id and observed.final(c.order_id) is None for c in cars)

    async def _rest(self) -> None:
        """Until the station has rested for a while."""
        since = began = self._clock()
        while self._clock() - since < STAYS_S:
            await self._pass(LOOK_S)
            if self._state.packml not in RESTING:
                since = self._clock()
            if self._clock() - began > REST_S:
                self.after.problems.append(f"no rest within {REST_S:g} s: {self._state.packml.value}")
                return

    async def _say(self, word: Action) -> bool:
        held_for = self._state.held_for
        try:
            async with asyncio.timeout(ANSWER_S):
                told = await self._running.operate(Operator(word, "person", "after a crash"))
            answer, reason = told.answer, told.reason
        except (JournalError, Dead, TimeoutError) as error:
            answer, reason = Answer.REFUSED, str(error) or "no answer"
        why = f" (held for {held_for})" if held_for else ""
        self.after.said.append(f"{word.value}{why}: {answer.value}{': ' if reason else ''}{reason}")
        return answer is Answer.ACCEPTED

    # ---------------------------------------------------------------- the end

    def _judge_end(self) -> None:
        state, after, status = self._state, self.after, self._status()
        packml = state.packml
        if packml is PackML.HELD:
            named = state.held_for or "; ".join(f.code.value for f in state.faults)
            first = next((f.code.value for f in state.faults), named)
            after.end = f"Held: {first}"
            if not named or not status["next"]:
                after.problems.append(f"Held for {named!r}, to do: {status['next']!r}")
        else:
            after.end = packml.value
        if packml not in RESTING:
            after.problems.append(f"ends in {packml.value}")
        if packml in {PackML.STOPPED, PackML.IDLE} and state.swap is not None:
            after.problems.append(f"{packml.value} with swap {state.swap.id} open")
