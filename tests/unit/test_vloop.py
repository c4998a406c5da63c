"""The virtual loop: one seed is one trace, time jumps, and what cannot be replayed is refused."""

import asyncio
import hashlib
import os
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from sim.vloop import OWNER, REFUSED, Deadlock, Livelock, Mishap, RealWorld, VirtualLoop, run_virtual

ROOT = Path(__file__).parents[2]


async def _crowd(log: list[object]) -> None:
    """Groups of tasks that race, fail, time out and are cancelled: everything whose order could leak an address."""
    loop = asyncio.get_running_loop()
    rng = random.Random(1)

    async def member(number: int) -> None:
        try:
            while True:
                async with asyncio.timeout(5.0):
                    await asyncio.sleep(rng.choice([0, 0.001, 0.01]))
                log.append((loop.time(), number))
                if rng.random() < 0.02:
                    raise ConnectionError(number)
        finally:
            log.append((loop.time(), "end", number))

    for _ in range(10):
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    group.create_task(member(number))
        except* ConnectionError as errors:
            log.append([str(error) for error in errors.exceptions])


def trace(seed: int) -> str:
    """Digest of everything that happened."""
    log: list[object] = []
    run_virtual(_crowd(log), seed)
    return hashlib.sha256(repr(log).encode()).hexdigest()


def test_same_seed_same_trace_ten_times_in_one_process_among_junk() -> None:
    traces, junk, rng = set(), [], random.Random()
    for _ in range(10):
        junk.append([object() for _ in range(rng.randrange(500))])
        traces.add(trace(7))
    assert len(traces) == 1


def test_other_seed_other_trace() -> None:
    assert len({trace(seed) for seed in range(5)}) == 5


def test_same_seed_same_trace_in_fresh_processes() -> None:
    code = "from tests.unit.test_vloop import trace; print(trace(7))"
    env = {**os.environ, "PYTHONHASHSEED": "random", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    runs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {run.communicate(timeout=50)[0].strip() for run in runs} == {trace(7)}


def test_time_jumps_to_exact_nanoseconds() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen = [loop.time()]
        for _ in range(10):
            await asyncio.sleep(0.02)
            seen.append(loop.time())
        await asyncio.sleep(3600.0)
        return [*seen, loop.time()]

    assert run_virtual(main(), start_s=100.0) == [*((100_000 + 20 * k) / 1000 for k in range(11)), 3700.2]


def test_a_deadline_between_two_nanoseconds_is_reached() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        deadline, turns = 0.1 + 0.2, 0
        while loop.time() < deadline:
            await asyncio.sleep(deadline - loop.time())
            turns += 1
        return turns

    assert run_virtual(main()) <= 2


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set() -> None:
    async def main() -> list[int]:
        loop, order = asyncio.get_running_loop(), []
        for number in range(50):
            loop.call_later(1.0, order.append, number)
        await asyncio.sleep(2.0)
        return order

    assert run_virtual(main(), seed=3) == list(range(50))


def test_callbacks_keep_their_order_and_tasks_do_not() -> None:
    async def main() -> tuple[list[int], list[int]]:
        calls: list[int] = []
        steps: list[int] = []

        async def step(number: int) -> None:
            steps.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(step(number))
                asyncio.get_running_loop().call_soon(calls.append, number)
        return calls, steps

    calls, steps = run_virtual(main(), seed=1)
    assert calls == list(range(20))
    assert steps != calls
    assert sorted(steps) == calls


def test_timeout_cancels_what_it_bounds() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await asyncio.sleep(10.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0.25


def test_task_group_cancels_its_members_in_the_order_of_their_creation() -> None:
    """Nested groups; the order is the same for every placement of the tasks in memory."""

    async def main() -> list[str]:
        ended: list[str] = []

        async def wait(name: str) -> None:
            try:
                await asyncio.sleep(10.0)
            finally:
                ended.append(name)

        async def nest(name: str) -> None:
            async with asyncio.TaskGroup() as inner:
                for leaf in "abc":
                    inner.create_task(wait(name + leaf))

        async def fail() -> None:
            await asyncio.sleep(1.0)
            raise ConnectionError

        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as outer:
                for branch in "123":
                    outer.create_task(nest(branch))
                outer.create_task(fail())
        return ended

    orders, junk = set(), []
    for size in range(10):
        junk.append([bytearray(64) for _ in range(size * 37)])
        orders.add(tuple(run_virtual(main(), seed=5)))
    assert len(orders) == 1


def test_waiting_for_ever_is_an_error_that_names_who_waits() -> None:
    ended: list[str] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_wait_for_ever(ended), name="patience")

    with pytest.raises(Deadlock, match="patience"):
        run_virtual(main())
    assert ended == ["cancelled"]


async def _wait_for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ended.append("cancelled")
        raise


def test_a_cancelled_timer_keeps_nobody_awake() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1.0, print).cancel()
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_virtual(main())


def test_a_busy_loop_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.vloop.MAX_TURNS_AT_ONE_INSTANT", 1000)

    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Livelock):
        run_virtual(main())


@pytest.mark.parametrize("name", REFUSED)
def test_every_way_out_is_refused(name: str) -> None:
    async def main() -> None:
        getattr(asyncio.get_running_loop(), name)()

    with pytest.raises(RealWorld):
        run_virtual(main())


def test_the_usual_ways_to_the_real_world_are_refused() -> None:
    async def connect() -> None:
        await asyncio.open_connection("192.0.2.1", 502)

    async def receive() -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_recv(sock, 1)

    async def thread() -> None:
        await asyncio.to_thread(print)  # noqa: TID251 - shown to be refused

    async def child() -> None:
        await asyncio.create_subprocess_exec("true")

    for way in (connect, receive, thread, child):
        with pytest.raises(RealWorld):
            run_virtual(way())


def test_the_refusal_covers_every_method_of_a_loop_that_asyncio_leaves_open() -> None:
    """A new Python may add a way out: every method of the interface is either ours, harmless, or refused."""
    harmless = {
        *("run_forever", "run_until_complete", "stop", "is_running", "is_closed", "close", "shutdown_asyncgens"),
        *("shutdown_default_executor", "time", "create_future", "create_task", "set_task_factory", "get_task_factory"),
        *("call_soon", "call_later", "call_at", "get_exception_handler", "set_exception_handler"),
        *("default_exception_handler", "call_exception_handler", "get_debug", "set_debug"),
    }
    public = {name for name in vars(asyncio.AbstractEventLoop) if not name.startswith("_")}
    assert public - harmless - set(REFUSED) == set()


def test_leftovers_are_cancelled_oldest_first_and_generators_closed() -> None:
    log: list[str] = []

    async def stay(name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            log.append(name)
            raise

    async def count() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("generator")

    kept: list[Any] = []

    async def main() -> str:
        kept.extend(asyncio.create_task(stay(name)) for name in "ab")
        numbers = count()
        kept.append(numbers)
        await anext(numbers)
        await asyncio.sleep(1.0)
        return "done"

    assert run_virtual(main()) == "done"
    assert sorted(log[:2]) == ["a", "b"]
    assert log[2:] == ["generator"]


def test_an_exception_that_nobody_awaits_fails_the_run() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(int, "not a number")
        await asyncio.sleep(1.0)

    with pytest.raises(Mishap) as caught:
        run_virtual(main())
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_exception_of_main_passes() -> None:
    async def main() -> None:
        await asyncio.sleep(1.0)
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        run_virtual(main())


async def test_no_virtual_loop_inside_a_running_one() -> None:
    with pytest.raises(RuntimeError, match="running"):
        run_virtual(asyncio.sleep(1.0))


def test_cancelled_timers_do_not_pile_up() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _ in range(5_000):
            async with asyncio.timeout(3600.0):
                await asyncio.sleep(0.001)
        return len(loop._timers)

    assert run_virtual(main()) < 1_000


def test_tasks_are_named_by_their_number_in_this_loop() -> None:
    async def main() -> list[str]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(0)) for _ in range(2)]
        return [task.get_name() for task in tasks]

    runs: list[Callable[[], list[str]]] = [lambda: run_virtual(main())] * 2
    assert [run() for run in runs] == [["task-2", "task-3"]] * 2


def test_what_belongs_to_a_frozen_owner_does_not_run_any_more_not_even_its_finally() -> None:
    said: list[str] = []

    async def work(name: str) -> None:
        try:
            asyncio.get_running_loop().call_later(2.0, said.append, f"{name}: timer")
            await asyncio.sleep(3.0)
        finally:
            said.append(f"{name}: end")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        owned = copy_context()
        owned.run(OWNER.set, "the dead")
        dead, living = loop.create_task(work("dead"), context=owned), loop.create_task(work("living"))
        await asyncio.sleep(1.0)
        loop.freeze("the dead")
        dead.cancel()
        await asyncio.sleep(5.0)
        assert said == ["living: timer", "living: end"]
        assert living.done()
        loop.thaw_all()
        await asyncio.gather(dead, return_exceptions=True)
        assert dead.cancelled()
        assert "dead: end" in said

    run_virtual(main())


def test_a_frozen_owner_is_cleared_away_at_the_end() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1.0)
        finally:
            ended.append("dead")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        owned = copy_context()
        owned.run(OWNER.set, "the dead")
        owned.run(loop.create_task, work())
        await asyncio.sleep(0.5)
        loop.freeze("the dead")
        await asyncio.sleep(2.0)
        assert ended == []

    run_virtual(main())
    assert ended == ["dead"]
