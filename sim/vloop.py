"""A virtual-time event loop: nothing ready means jump to the next timer; one seed, one schedule, one trace.

Time is a whole number of nanoseconds and moves only when every ready callback has run. Real input and output, threads
and signals are refused, because their timing cannot be replayed. Plain callbacks run in the order in which they were
scheduled, as asyncio promises; the order among tasks that are ready at once, on which nothing may depend, is drawn
from the seed.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from types import FunctionType, MethodType
from typing import Any, Final, NoReturn, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")
Callback = Callable[..., object]

NS_PER_S: Final = 1_000_000_000
MAX_TURNS_AT_ONE_INSTANT: Final = 200_000
"""More turns than this without time moving is a busy loop that would never end."""
MIN_TIMERS_TO_SWEEP: Final = 128
"""Below this many cancelled timers a sweep costs more than it saves."""


OWNER: Final[ContextVar[object]] = ContextVar("owner", default=None)
"""Whose work this is: tasks and timers have the owner of who made them. Set for what is to be stopped as one."""


class Deadlock(RuntimeError):
    """Every task waits and no timer is set: the program would sleep for ever."""


class Livelock(RuntimeError):
    """Callbacks follow each other for ever and time stands still."""


class RealWorld(RuntimeError):
    """Something asked the virtual loop for a socket, a file descriptor, a thread, a signal or a child process."""


class Mishap(RuntimeError):
    """An exception that nobody awaited reached the loop. The exception is its cause."""


class VirtualTask(asyncio.Task[T]):
    """A task whose hash is its creation number, so that sets of tasks iterate alike in every run."""

    def __init__(self, coro: Any, *, loop: "VirtualLoop", name: str | None = None, **kwargs: Any) -> None:
        self.number = loop.next_task_number()
        super().__init__(coro, loop=loop, name=name or f"task-{self.number}", **kwargs)

    def __hash__(self) -> int:
        return self.number


class _Handle(asyncio.TimerHandle):
    """One scheduled call. Fills the fields itself: half the cost of the two constructors it replaces."""

    __slots__ = ()

    def __init__(
        self, when_s: float, callback: Callback, args: tuple[Any, ...], loop: "VirtualLoop", context: Context | None
    ) -> None:
        self._when = when_s
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._scheduled = False
        self._repr = None
        self._source_traceback = None


class VirtualLoop(asyncio.BaseEventLoop):
    """Event loop on virtual time. `seed` picks the schedule; `start_s` is the first value of `time()`, in s.

    `mishaps` collects what reached the loop's exception handler; `run_virtual` raises the first of them.
    """

    _closed: bool
    _stopping: bool
    _check_closed: Callable[[], None]

    def __init__(self, seed: int = 0, start_s: float = 0.0) -> None:
        super().__init__()
        self.mishaps: list[dict[str, Any]] = []
        self._ready: deque[_Handle] = deque()
        self._timers: list[tuple[int, int, _Handle]] = []
        self._timers_made = 0
        self._timers_cancelled = 0
        self._now_ns = round(start_s * NS_PER_S)
        self._now_s = self._now_ns / NS_PER_S
        self._turns_here = 0
        self._tasks_made = 0
        self._generators_made = 0
        self._generators: WeakValueDictionary[int, AsyncGenerator[Any, Any]] = WeakValueDictionary()
        self._draw = random.Random(seed).random
        self._frozen: dict[object, list[_Handle]] = {}
        self._clock_resolution = 1 / NS_PER_S

    def time(self) -> float:
        """Virtual time in s: the float nearest to a whole number of ns."""
        return self._now_s

    def time_ns(self) -> int:
        """Virtual time in ns."""
        return self._now_ns

    def call_soon(  # type: ignore[override]  # typeshed ties args to the callback by a type variable
        self, callback: Callback, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio."""
        if self._closed:
            self._check_closed()
        handle = _Handle(self._now_s, callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]  # typeshed ties args to the callback by a type variable
        self, delay: float, callback: Callback, *args: Any, context: Context | None = None
    ) -> _Handle:
        """As asyncio; a delay above zero always moves time on, by 1 ns or more."""
        at_ns = self._now_ns + max(1, round(delay * NS_PER_S)) if delay > 0 else self._now_ns
        return self._set_timer(at_ns, callback, args, context)

    def call_at(  # type: ignore[override]  # typeshed ties args to the callback by a type variable
        self, when: float, callback: Callback, *args: Any, context: Context | None = None
    ) -> _Handle:
        """As asyncio; `time()` has reached `when`, to 1 ns, when the callback runs."""
        at_ns = max(self._now_ns + 1, round(when * NS_PER_S)) if when > self._now_s else self._now_ns
        return self._set_timer(at_ns, callback, args, context)

    def _set_timer(self, at_ns: int, callback: Callback, args: tuple[Any, ...], context: Context | None) -> _Handle:
        if self._closed:
            self._check_closed()
        timer = _Handle(at_ns / NS_PER_S, callback, args, self, context)
        timer._scheduled = True
        self._timers_made += 1
        heappush(self._timers, (at_ns, self._timers_made, timer))
        return timer

    def _timer_handle_cancelled(self, handle: Any) -> None:
        if not handle._scheduled:
            return
        self._timers_cancelled += 1
        if self._timers_cancelled > MIN_TIMERS_TO_SWEEP and self._timers_cancelled * 2 > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2]._cancelled]
            heapify(self._timers)
            self._timers_cancelled = 1  # this one: it is marked only after this call

    def _run_once(self) -> None:
        ready = self._ready
        if not ready and not self._stopping:
            self._jump()
        self._fire_due()
        self._turns_here += 1
        if self._turns_here > MAX_TURNS_AT_ONE_INSTANT:
            raise Livelock(f"{self._turns_here} turns at {self._now_s} s")
        count = len(ready)
        if count > 1:
            self._shuffle_tasks()
        frozen = self._frozen
        for _ in range(count):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            if frozen and (owner := handle._context.get(OWNER)) in frozen:
                frozen[owner].append(handle)
            else:
                handle._run()

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
            self._timers_cancelled -= 1
        if not timers:
            waiting = ", ".join(task.get_name() for task in self._live_tasks()) or "nobody"
            raise Deadlock(f"at {self._now_s} s nothing is ready and no timer is set; waiting: {waiting}")
        at_ns = timers[0][0]
        if at_ns > self._now_ns:
            self._now_ns = at_ns
            self._now_s = at_ns / NS_PER_S
            self._turns_here = 0

    def _fire_due(self) -> None:
        timers, now_ns = self._timers, self._now_ns
        while timers and timers[0][0] <= now_ns:
            timer = heappop(timers)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                self._ready.append(timer)

    def _shuffle_tasks(self) -> None:
        ready = self._ready
        places = []
        for place, handle in enumerate(ready):
            callback = handle._callback
            kind = type(callback)
            if kind is FunctionType or kind is MethodType:  # quick way out: a step of a task is neither
                continue
            if isinstance(getattr(callback, "__self__", None), asyncio.Task):
                places.append(place)
        for last in range(len(places) - 1, 0, -1):
            one, other = places[last], places[int(self._draw() * (last + 1))]
            ready[one], ready[other] = ready[other], ready[one]

    def freeze(self, owner: object) -> None:
        """Nothing of this owner runs any more, as if its process had been killed: no `finally`, no timer."""
        self._frozen.setdefault(owner, [])

    def thaw_all(self) -> None:
        """What has waited meanwhile is ready, in its order: to be cancelled."""
        for handles in self._frozen.values():
            self._ready.extend(handles)
        self._frozen.clear()

    def next_task_number(self) -> int:
        """Number for the task that is being made, from 1."""
        self._tasks_made += 1
        return self._tasks_made

    def create_task(self, coro: Any, **kwargs: Any) -> VirtualTask[Any]:
        """A numbered task; takes what `asyncio.create_task` takes."""
        self._check_closed()
        return VirtualTask(coro, loop=self, **kwargs)

    def _live_tasks(self) -> list[asyncio.Task[Any]]:
        tasks = asyncio.all_tasks(self)  # noqa: TID251 - sorted by creation number before anybody sees it
        return sorted(tasks, key=hash)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody handled: a run with mishaps must not pass."""
        self.mishaps.append(context)

    def _asyncgen_firstiter_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._generators_made += 1
        self._generators[self._generators_made] = agen

    def _asyncgen_finalizer_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        if not self.is_closed():
            self.call_soon(self.create_task, agen.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close the asynchronous generators that are still open, oldest first."""
        for _, agen in sorted(self._generators.items()):
            await agen.aclose()

    def cancel_leftovers(self) -> None:
        """Cancel the tasks that are still alive, oldest first, and run until they have ended. The frozen too."""
        self.thaw_all()
        leftovers = self._live_tasks()
        for task in leftovers:
            task.cancel()
        if leftovers:
            self.run_until_complete(asyncio.gather(*leftovers, return_exceptions=True))
        for task in leftovers:
            if not task.cancelled() and (error := task.exception()) is not None:
                self.call_exception_handler({"message": "a task failed while it was cancelled", "exception": error})

    def close(self) -> None:
        """As asyncio; timers that are still set are dropped."""
        super().close()
        self._timers.clear()

    def _process_events(self, event_list: object) -> None:
        """Nothing to do: there is no selector."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise RealWorld("sockets, descriptors, threads, signals and processes do not exist in virtual time")


REFUSED: Final = (
    *("add_reader", "remove_reader", "add_writer", "remove_writer", "add_signal_handler", "remove_signal_handler"),
    *("run_in_executor", "set_default_executor", "call_soon_threadsafe", "getaddrinfo", "getnameinfo"),
    *("create_connection", "create_server", "create_datagram_endpoint", "connect_accepted_socket", "start_tls"),
    *("create_unix_connection", "create_unix_server", "connect_read_pipe", "connect_write_pipe"),
    *("subprocess_exec", "subprocess_shell", "sendfile", "sock_recv", "sock_recv_into", "sock_recvfrom"),
    *("sock_recvfrom_into", "sock_sendall", "sock_sendto", "sock_connect", "sock_accept", "sock_sendfile"),
)
"""Methods of an event loop that lead out of virtual time."""

for _name in REFUSED:
    setattr(VirtualLoop, _name, VirtualLoop._refuse)


def run_virtual(main: Coroutine[Any, Any, T], seed: int = 0, start_s: float = 0.0) -> T:
    """Run `main` in a fresh virtual loop, as `asyncio.run` does in a real one, and give its result.

    Raises what `main` raises; `Deadlock`, `Livelock` or `RealWorld` for a program that cannot be replayed; `Mishap`
    where an exception that nobody awaited reached the loop. What `main` leaves behind is cancelled, oldest first.
    """
    if asyncio._get_running_loop() is not None:
        main.close()
        raise RuntimeError("run_virtual() inside a running event loop")
    loop = VirtualLoop(seed, start_s)
    try:
        result = loop.run_until_complete(main)
    finally:
        try:
            loop.cancel_leftovers()
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
            main.close()
    if loop.mishaps:
        first = loop.mishaps[0]
        raise Mishap(f"{len(loop.mishaps)} mishap(s), the first: {first.get('message')}") from first.get("exception")
    return result
