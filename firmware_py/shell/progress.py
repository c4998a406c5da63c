"""The proof of progress that feeds the safety PLC's heartbeat and the service manager's watchdog."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hal.config.process import ProgressProcess

DECISION: Final = "decision"
"""Name under which `ProgressGuard` watches the decisions of the core."""
JOURNAL: Final = "journal"


class ProgressGuard:
    """Knows which critical task stands still. Fed by progress alone, never by a timer.

    A task that goes round by itself advances when it completes a round, whatever the round brought: a bus task whose
    only answer was a time-out has done its work. A task that waits for work advances by having none: `take` says that
    work lies before it, `advance` that a piece is done, `rest` that none is left. So a silent unit cannot starve the
    watchdog, and a task that hangs can. A limit must exceed the longest round or piece of work, time-outs included.
    Times are seconds on the caller's monotonic clock.
    """

    def __init__(
        self, limits_s: Mapping[str, float], decision_limit_s: float, now: float, *, idle: Iterable[str] = ()
    ) -> None:
        if DECISION in limits_s:
            raise ValueError(f"{DECISION!r} is no name for a task")
        self._limits_s = {**limits_s, DECISION: decision_limit_s}
        if wrong := [name for name, limit_s in self._limits_s.items() if not limit_s > 0]:
            raise ValueError(f"limits must be above 0 s: {', '.join(wrong)}")
        self._last: dict[str, float | None] = dict.fromkeys(self._limits_s, now)
        """When each task advanced; `None` while it has no work."""
        for name in idle:
            self.rest(name)

    def take(self, name: str, now: float) -> None:
        """Work lies before task `name`. One that has some already is not given more time."""
        if self._last[name] is None:
            self._last[name] = now

    def advance(self, name: str, now: float) -> None:
        """Task `name` has completed a round, or a piece of its work. Raises KeyError for one that is not watched."""
        if name not in self._limits_s:
            raise KeyError(name)
        self._last[name] = now

    def rest(self, name: str) -> None:
        """Task `name` has nothing to do. Raises KeyError for one that is not watched."""
        if name not in self._limits_s:
            raise KeyError(name)
        self._last[name] = None

    def made_decision(self, now: float) -> None:
        """The core has looked at an image and decided, if only that nothing is to be done."""
        self._last[DECISION] = now

    def healthy(self, now: float) -> bool:
        """Every task has advanced within its limit."""
        return not self.who_stalls(now)

    def who_stalls(self, now: float) -> tuple[str, ...]:
        """Names of the tasks over their limit, the longest overdue first."""
        overdue = {n: now - at - self._limits_s[n] for n, at in self._last.items() if at is not None}
        return tuple(sorted((name for name in overdue if overdue[name] > 0), key=lambda name: (-overdue[name], name)))


class Duty:
    """The side of one worker that waits for work: it says when work lies before it, and what became of it."""

    def __init__(self, taken: Callable[[], None], done: Callable[[], None], rested: Callable[[], None]) -> None:
        self.taken = taken
        """Work was put before the worker."""
        self._done = done
        self._rested = rested

    def done(self, *, more: bool) -> None:
        """A piece of work is finished; `more` of it waits."""
        if more:
            self._done()
        else:
            self._rested()


NO_DUTY: Final = Duty(lambda: None, lambda: None, lambda: None)
"""Nobody watches."""


class Progress:
    """Two guards over the same tasks: the drives' heartbeat asks for decisions often, the watchdog for the tasks' pace.

    `rounds` are the names of tasks that go round by themselves, `stops` those of the workers that carry out stops.
    """

    def __init__(
        self, limits: ProgressProcess, rounds: Iterable[str], stops: Iterable[str], clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        workers = {JOURNAL: limits.journal_s, **{stop_name(name): limits.stop_s for name in stops}}
        tasks = {**dict.fromkeys(rounds, limits.poll_s), **workers}
        now = clock()
        self._drives = ProgressGuard(tasks, limits.decide_s, now, idle=workers)
        self._service = ProgressGuard(tasks, limits.poll_s, now, idle=workers)
        self._guards = (self._drives, self._service)

    def round_done(self, name: str) -> None:
        """A task that goes round by itself has completed a round, whatever it brought."""
        now = self._clock()
        for guard in self._guards:
            guard.advance(name, now)

    def decided(self) -> None:
        """The core has decided."""
        now = self._clock()
        for guard in self._guards:
            guard.made_decision(now)

    def duty(self, name: str) -> Duty:
        """What the worker `name` is to call."""

        def taken() -> None:
            now = self._clock()
            for guard in self._guards:
                guard.take(name, now)

        def rested() -> None:
            for guard in self._guards:
                guard.rest(name)

        return Duty(taken, lambda: self.round_done(name), rested)

    @property
    def is_alive(self) -> bool:
        """Every task advances: the service manager may be told."""
        return self._service.healthy(self._clock())

    @property
    def drives_may_run(self) -> bool:
        """Every task advances and the core decides as often as drives need it: the safety PLC may be told."""
        return self._drives.healthy(self._clock())

    @property
    def stalled(self) -> tuple[str, ...]:
        """Who keeps the drives from running, the longest overdue first."""
        return self._drives.who_stalls(self._clock())


def stop_name(device: str) -> str:
    """Name of the worker that carries out the stops of a device."""
    return f"stop-{device}"
